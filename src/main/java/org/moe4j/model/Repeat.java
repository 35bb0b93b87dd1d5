package org.moe4j.model;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

import org.moe4j.experts.FeedForwardSpec;
import org.moe4j.experts.Resize;
import org.moe4j.io.InputException;

/**
 * Feed-forward layers of consecutive blocks, over and over: 32 times (mixture) is Mixtral, 32 times (dense, mixture) GLaM.
 *
 * @param times how often the layers stand one behind the other
 */
public record Repeat(int times, List<FeedForwardSpec> layers) {
    /** Far more than any model has; a slip of the pen beyond it would fill the memory. */
    private static final int MOST = 100_000;

    public Repeat {
        layers = List.copyOf(layers);
        if (times < 1 || times > MOST) {
            throw new InputException("times is " + times + ", it has to be " + (times < 1 ? "at least 1" : "at most " + MOST));
        }
        if (layers.isEmpty()) {
            throw new InputException("layers is empty; a repeat wants at least one feed-forward layer");
        }
    }

    /** The same layer in every block. */
    public static List<Repeat> everyBlock(int blocks, FeedForwardSpec layer) {
        return List.of(new Repeat(blocks, List.of(layer)));
    }

    /** Each of these in one block. */
    public static List<Repeat> each(List<FeedForwardSpec> layers) {
        return List.of(new Repeat(1, layers));
    }

    /** {@code special} in the middle block, {@code other} in all others: the placement of PEER and PKM (block 6 of 12). */
    public static List<Repeat> middleBlock(int blocks, FeedForwardSpec special, FeedForwardSpec other) {
        List<Repeat> runs = new ArrayList<>();
        addRun(runs, blocks / 2, other);
        addRun(runs, 1, special);
        addRun(runs, blocks - blocks / 2 - 1, other);
        return runs;
    }

    /** {@code special} in every other block from the second on, {@code other} in between: the placement of GShard and GLaM. */
    public static List<Repeat> everyOtherBlock(int blocks, FeedForwardSpec special, FeedForwardSpec other) {
        List<Repeat> runs = new ArrayList<>();
        if (blocks > 1) {
            runs.add(new Repeat(blocks / 2, List.of(other, special)));
        }
        addRun(runs, blocks % 2, other);
        return runs;
    }

    private static void addRun(List<Repeat> runs, int times, FeedForwardSpec layer) {
        if (times > 0) {
            runs.add(new Repeat(times, List.of(layer)));
        }
    }

    /** How many blocks there are. */
    public static int blocks(List<Repeat> repeats) {
        return repeats.stream().mapToInt(r -> r.times * r.layers.size()).sum();
    }

    /** The layer of each block, from the first to the last. */
    public static List<FeedForwardSpec> unrolled(List<Repeat> repeats) {
        return repeats.stream().flatMap(r -> Collections.nCopies(r.times, r.layers).stream()).flatMap(List::stream).toList();
    }

    /** Shorter, in proportion, to {@code blocks} blocks; but each repeat stays at least once, so that no kind of layer is lost. */
    public static List<Repeat> resized(List<Repeat> repeats, int blocks, Resize by) {
        int all = blocks(repeats);
        int[] times = repeats.stream().mapToInt(r -> Math.max(1, (int) ((long) r.times * Math.min(blocks, all) / all))).toArray();
        int left = blocks;
        for (int i = 0; i < times.length; i++) {
            left -= times[i] * repeats.get(i).layers.size();
        }
        for (boolean more = true; more;) {                                        // what the rounding left goes to those cut most
            more = false;
            int most = -1;
            for (int i = 0; i < times.length; i++) {
                Repeat r = repeats.get(i);
                boolean fits = times[i] < r.times && r.layers.size() <= left;
                if (fits && (most < 0 || (long) times[i] * repeats.get(most).times < (long) times[most] * r.times)) {
                    most = i;
                }
            }
            if (most >= 0) {
                times[most]++;
                left -= repeats.get(most).layers.size();
                more = true;
            }
        }
        List<Repeat> shorter = new ArrayList<>();
        for (int i = 0; i < times.length; i++) {
            shorter.add(new Repeat(times[i], repeats.get(i).layers.stream().map(l -> l.resized(by)).toList()));
        }
        return shorter;
    }
}
