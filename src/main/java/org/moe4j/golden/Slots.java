package org.moe4j.golden;

import java.util.Arrays;
import java.util.List;

import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.experts.CapacityQueue;
import org.moe4j.experts.Routing;
import org.moe4j.tensor.Shape;

/** The forms in which other code states who goes where: dense over experts, or over experts and places of their buffers. */
final class Slots {
    private Slots() {}

    /** Gates (T,K) in the columns of their experts, (T,E) with zeros elsewhere. */
    static Variable dense(Tape t, Variable gates, int[] expert, int experts) {
        return t.scatterColumns(gates, expert, experts);
    }

    /** The same slots, each as the only one of a token of its own with gate 1. */
    static Routing alone(Tape t, Routing routing) {
        Variable one = t.filled(Shape.of(routing.slots(), 1), 1);
        return Routing.tokenChoice(routing.experts(), 1, routing.expert(), one, null, 0, List.of());
    }

    /** y (S,D) of every slot, summed over the slots of each token by their gates. */
    static Variable combine(Tape t, Variable y, Routing routing) {
        int[] rows = routing.expert().toArray();
        Arrays.setAll(rows, s -> rows[s] < 0 ? -1 : s);
        return t.gatherSum(routing.gates(), y, rows, routing.perToken());
    }

    /** How many choices each expert got; a negative one isn't counted. */
    static int[] count(int[] expert, int experts) {
        int[] count = new int[experts];
        for (int e : expert) {
            if (e >= 0) {
                count[e]++;
            }
        }
        return count;
    }

    /** (T,K) the column e·C + place of each kept choice, -1 where it was dropped. */
    static int[] places(CapacityQueue queue, int[] chosen, int capacity) {
        int[] places = new int[chosen.length];
        Arrays.setAll(places, i -> queue.kept(i) ? chosen[i] * capacity + queue.position()[i] : -1);
        return places;
    }

    /** (T,E·C) 1 where a choice found a place. */
    static int[] dispatch(int[] places, int k, int columns) {
        int[] dispatch = new int[places.length / k * columns];
        for (int i = 0; i < places.length; i++) {
            if (places[i] >= 0) {
                dispatch[i / k * columns + places[i]] = 1;
            }
        }
        return dispatch;
    }

    /** How many choices found a place. */
    static int kept(CapacityQueue queue) {
        return (int) Arrays.stream(queue.mask()).sum();
    }

    /** (T,K) as (K,T). */
    static int[] byChoice(int[] byToken, int k) {
        int tokens = byToken.length / k;
        int[] moved = new int[byToken.length];
        Arrays.setAll(moved, i -> byToken[i % tokens * k + i / tokens]);
        return moved;
    }
}
