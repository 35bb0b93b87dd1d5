package org.moe4j.backend.simd;

import static jdk.incubator.vector.VectorOperators.EQ;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LT;
import static org.moe4j.backend.simd.Lanes.F;
import static org.moe4j.backend.simd.Lanes.L;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * The k largest values of as many rows as a vector has lanes, one row in each lane: a sorted list of k vectors, into which every
 * column is inserted in all lanes at once. Nothing branches on the data, which for short rows, where most columns enter the list,
 * is several times as fast as {@link TopK}; the results are the same. Columns are kept as float32, exact below 2^24.
 *
 * <p>Working memory is one array: the list's values, k vectors, then its columns, then the rows transposed.
 */
final class LaneTopK {
    /** Whole numbers below this are exact in float32. */
    static final int EXACT = 1 << 24;
    /** Columns for each place of the list up to which this is faster: beyond, most columns are below the list anyway. */
    private static final int SHORT = 64;

    private LaneTopK() {}

    static boolean pays(int n, int k) {
        return n <= SHORT * k && n < EXACT;
    }

    /** Floats of working memory. */
    static int size(int n, int k) {
        return (2 * k + n) * L;
    }

    /** The k largest of each of L rows of n at x[ix..] into the list at {@code work[at..]}, the lower column first at a tie. */
    static void rows(float[] x, int ix, int n, int k, float[] work, int at) {
        int columns = at + k * L;
        int block = columns + k * L;
        Pack.transpose(L, n, x, ix, n, work, block, L);
        Arrays.fill(work, at, columns, Float.NEGATIVE_INFINITY);
        Arrays.fill(work, columns, block, -1);
        for (int j = 0; j < n; j++) {
            FloatVector v = FloatVector.fromArray(F, work, block + j * L);
            FloatVector column = FloatVector.broadcast(F, j);
            int l = (Math.min(j, k - 1)) * L; // the list holds j values so far
            FloatVector value = FloatVector.fromArray(F, work, at + l);
            VectorMask<Float> enters = v.compare(GT, value);
            if (!enters.anyTrue()) continue;
            for (; l > 0; l -= L) { // a place takes what stood above it if that moves down, else the new value
                FloatVector above = FloatVector.fromArray(F, work, at + l - L);
                FloatVector columnAbove = FloatVector.fromArray(F, work, columns + l - L);
                VectorMask<Float> moves = v.compare(GT, above);
                value.blend(v.blend(above, moves), enters).intoArray(work, at + l);
                FloatVector.fromArray(F, work, columns + l).blend(column.blend(columnAbove, moves), enters).intoArray(work, columns + l);
                value = above;
                enters = moves;
            }
            value.blend(v, enters).intoArray(work, at);
            FloatVector.fromArray(F, work, columns).blend(column, enters).intoArray(work, columns);
        }
    }

    /**
     * The k largest sums of a value of one list and one of another, with n · left column + right column for each, the lower one first
     * at a tie; of lists in descending order only the pairs (i, j) with (i+1)(j+1) ≤ k can be among them.
     *
     * @param half the length of both lists, which stand at {@code left} and {@code right} of the working memory; the result's at {@code at}
     */
    static void sums(float[] work, int left, int right, int half, int n, int k, int at) {
        int ids = at + k * L;
        Arrays.fill(work, at, ids, Float.NEGATIVE_INFINITY);
        Arrays.fill(work, ids, ids + k * L, Float.POSITIVE_INFINITY);
        FloatVector side = FloatVector.broadcast(F, n);
        for (int i = 0; i < half && i < k; i++) {
            int across = Math.min(half, k / (i + 1));
            for (int j = 0; j < across; j++) {
                FloatVector v = FloatVector.fromArray(F, work, left + i * L).add(FloatVector.fromArray(F, work, right + j * L));
                FloatVector id = FloatVector.fromArray(F, work, left + (half + i) * L).fma(side, FloatVector.fromArray(F, work, right + (half + j) * L));
                int l = (k - 1) * L;
                FloatVector value = FloatVector.fromArray(F, work, at + l);
                FloatVector own = FloatVector.fromArray(F, work, ids + l);
                VectorMask<Float> enters = v.compare(GT, value).or(v.compare(EQ, value).and(id.compare(LT, own)));
                if (!enters.anyTrue()) continue;
                for (; l > 0; l -= L) {
                    FloatVector above = FloatVector.fromArray(F, work, at + l - L);
                    FloatVector idAbove = FloatVector.fromArray(F, work, ids + l - L);
                    VectorMask<Float> moves = v.compare(GT, above).or(v.compare(EQ, above).and(id.compare(LT, idAbove)));
                    value.blend(v.blend(above, moves), enters).intoArray(work, at + l);
                    own.blend(id.blend(idAbove, moves), enters).intoArray(work, ids + l);
                    value = above;
                    own = idAbove;
                    enters = moves;
                }
                value.blend(v, enters).intoArray(work, at);
                own.blend(id, enters).intoArray(work, ids);
            }
        }
    }

    /** Whether a list of {@link #rows} is full in a lane: it isn't where fewer than k values are above -∞ (or are no numbers). */
    static boolean isFull(float[] work, int at, int k, int lane) {
        return work[at + (2 * k - 1) * L + lane] >= 0;
    }

    /** Whether a list of {@link #sums} is. */
    static boolean isFullOfSums(float[] work, int at, int k, int lane) {
        return work[at + (2 * k - 1) * L + lane] < Float.POSITIVE_INFINITY;
    }

    /** Copies one lane's list out. */
    static void read(float[] work, int at, int k, int lane, float[] values, int iv, int[] columns, int ic) {
        for (int l = 0; l < k; l++) {
            values[iv + l] = work[at + l * L + lane];
            columns[ic + l] = (int) work[at + (k + l) * L + lane];
        }
    }
}
