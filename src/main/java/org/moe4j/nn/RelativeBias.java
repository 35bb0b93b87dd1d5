package org.moe4j.nn;

import java.util.Arrays;

import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.backend.AttentionShape;
import org.moe4j.io.InputException;
import org.moe4j.tensor.Shape;

/**
 * A learned number for each head and distance from query to key, added to their score: the relative positions of T5 (Raffel et al. 2020,
 * section 2.1). Half of the buckets hold one distance each, the others longer and longer ranges up to the greatest distance, from
 * which on all share the last. Where a query sees both sides, each side has half of the buckets.
 */
public final class RelativeBias extends Module {
    private static final double DEVIATION = 0.02;
    /** Keeps a distance at which a range begins from falling into the one before by rounding. */
    private static final double ROUNDING = 1e-9;

    private final Spec spec;
    private final Parameter table;                                                // (H, buckets)

    /**
     * @param buckets how many numbers a head has; 32 in T5
     * @param maxDistance the distance from which on all share a number; 128 in T5
     */
    public record Spec(int buckets, int maxDistance) {
        public Spec {
            if (buckets < 4 || buckets % 4 != 0) {
                throw new InputException("relative buckets is " + buckets + ", it has to be a multiple of 4 (32 is usual)");
            }
            if (maxDistance <= buckets / 2) {
                throw new InputException("relative maxDistance is " + maxDistance + ", it has to be above half of the " + buckets
                    + " buckets, each of which holds one distance (128 is usual)");
            }
        }

        /** As in T5. */
        public static Spec t5() {
            return new Spec(32, 128);
        }

        public long parameters(int heads) {
            return (long) heads * buckets;
        }

        /** The bucket of the key {@code distance} places after the query; negative before it. */
        public int bucket(int distance, boolean causal) {
            int side = causal ? buckets : buckets / 2;
            int far = Math.abs(distance);
            int exact = side / 2;
            int bucket = far;
            if (far >= exact) {
                double share = Math.log((double) far / exact) / Math.log((double) maxDistance / exact);
                bucket = Math.min(side - 1, exact + (int) (share * (side - exact) + ROUNDING));
            }
            return distance > 0 ? side + bucket : bucket;
        }
    }

    public RelativeBias(int heads, Spec spec, Init init) {
        this.spec = spec;
        table = own(init.normal("table", Shape.of(heads, spec.buckets), DEVIATION));
    }

    /** @return (H, distances) as {@link AttentionShape} counts them */
    public Variable forward(Tape t, AttentionShape shape) {
        int distances = shape.distances();
        int[] buckets = new int[shape.heads() * distances];
        Arrays.setAll(buckets, i -> spec.bucket(i % distances - shape.firstDistance(0), shape.causal()));
        return t.gatherColumns(table, buckets, distances);
    }
}
