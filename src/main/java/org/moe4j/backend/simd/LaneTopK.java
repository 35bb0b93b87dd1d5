package org.moe4j.backend.simd;

import static jdk.incubator.vector.VectorOperators.EQ;
import static jdk.incubator.vector.VectorOperators.GE;
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
 * <p>Of long rows only candidates are inserted. A first look gives a threshold that at least k values reach: the k-th of the largest values
 * of twice as many groups, among which few share one, so that 1.4 k values reach it (with k groups and the least of them it would be 3.4 k, and in one of 16
 * rows 6). They are put side by side, again without a branch. A row with more of them than are expected, or fewer than k numbers, has a list that isn't full.
 *
 * <p>Working memory is one array: the list's values, k vectors, then its columns, then what is inserted: values, then columns.
 */
final class LaneTopK {
    /** Whole numbers below this are exact in float32. */
    static final int EXACT = 1 << 24;
    /** Columns for each place of a list shorter than a vector up to which this is faster: beyond, most are below the list anyway. */
    private static final int SHORT = 64;
    /** Columns for each place of a longer list up to which all are inserted, and the most candidates. */
    private static final int CANDIDATES = 8;

    private LaneTopK() {}

    static boolean pays(int n, int k) {
        return n < EXACT && (n <= inserted(n, k) || k >= L && n >= 4 * L * Sgemm.blocks(k, L));
    }

    /** The most columns that are inserted. */
    private static int inserted(int n, int k) {
        return Math.min(n, k < L ? SHORT * k : CANDIDATES * k);
    }

    /** Floats of working memory. */
    static int size(int n, int k) {
        return 2 * (k + inserted(n, k)) * L;
    }

    /** The k largest of each of L rows of n, {@code ld} apart, at x[ix..] into the list at {@code work[at..]}, the lower column first at a tie. */
    static void rows(float[] x, int ix, int ld, int n, int k, float[] work, int at) {
        int columns = at + k * L;
        int block = columns + k * L;
        int most = inserted(n, k);
        int blockColumns = block + most * L;
        int count = n;
        if (n > most) {
            count = candidates(x, ix, ld, n, k, work, block, blockColumns, most);
        } else {
            Pack.transpose(L, n, x, ix, ld, work, block, L);
            for (int j = 0; j < n; j++) Arrays.fill(work, blockColumns + j * L, blockColumns + (j + 1) * L, j);
        }
        Arrays.fill(work, at, columns, Float.NEGATIVE_INFINITY);
        Arrays.fill(work, columns, block, -1);
        for (int j = 0; j < count; j++) {
            FloatVector v = FloatVector.fromArray(F, work, block + j * L);
            FloatVector column = FloatVector.fromArray(F, work, blockColumns + j * L);
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

    /** Puts the candidates of L rows into blocks of {@code most} vectors; those after a row's are -∞. Returns how many vectors have any. */
    private static int candidates(float[] x, int ix, int ld, int n, int k, float[] work, int block, int blockColumns, int most) {
        Arrays.fill(work, block, block + most * L, Float.NEGATIVE_INFINITY);
        int groups = 2 * Sgemm.blocks(k, L) * L;
        int byLane = groups * L;
        int list = 2 * byLane;
        int columns = list + k * L;
        float[] found = Scratch.mine().right(columns + n + L);
        for (int lane = 0; lane < L; lane++) largest(x, ix + lane * ld, n, groups, found, lane * groups);
        Pack.transpose(L, groups, found, 0, groups, found, byLane, L);
        sink(found, byLane, groups, k, list);
        int longest = 0;
        for (int lane = 0; lane < L; lane++) {
            int row = ix + lane * ld;
            int count = reaching(found[columns - L + lane], x, row, n, found, columns);
            if (count > most) continue;
            for (int c = 0; c < count; c++) {
                float column = found[columns + c];
                work[block + c * L + lane] = x[row + (int) column];
                work[blockColumns + c * L + lane] = column;
            }
            longest = Math.max(longest, count);
        }
        return longest;
    }

    /** The largest value of each of {@code groups} groups of a row, a multiple of L: of the lanes of as many pieces as that takes. */
    private static void largest(float[] x, int ix, int n, int groups, float[] to, int at) {
        int length = n / groups * L;
        for (int i = 0; i < groups; i += L) most(x, ix + i / L * length, length).intoArray(to, at + i);
    }

    /** The largest value in each lane of {@code length} values, a multiple of L, with several on their way at once; {@link FloatVector#max}, which minds NaN, takes twice as long. */
    private static FloatVector most(float[] x, int at, int length) {
        FloatVector m0 = FloatVector.broadcast(F, Float.NEGATIVE_INFINITY);
        FloatVector m1 = m0;
        FloatVector m2 = m0;
        FloatVector m3 = m0;
        int i = 0;
        for (; i <= length - 4 * L; i += 4 * L) {
            FloatVector v0 = FloatVector.fromArray(F, x, at + i);
            FloatVector v1 = FloatVector.fromArray(F, x, at + i + L);
            FloatVector v2 = FloatVector.fromArray(F, x, at + i + 2 * L);
            FloatVector v3 = FloatVector.fromArray(F, x, at + i + 3 * L);
            m0 = m0.blend(v0, v0.compare(GT, m0));
            m1 = m1.blend(v1, v1.compare(GT, m1));
            m2 = m2.blend(v2, v2.compare(GT, m2));
            m3 = m3.blend(v3, v3.compare(GT, m3));
        }
        for (; i < length; i += L) {
            FloatVector v = FloatVector.fromArray(F, x, at + i);
            m0 = m0.blend(v, v.compare(GT, m0));
        }
        return m0.max(m1).max(m2.max(m3));
    }

    /** Leaves the k largest of {@code count} vectors, in each lane, in descending order at {@code list}. */
    private static void sink(float[] work, int from, int count, int k, int list) {
        Arrays.fill(work, list, list + k * L, Float.NEGATIVE_INFINITY);
        for (int j = 0; j < count; j++) {
            FloatVector v = FloatVector.fromArray(F, work, from + j * L);
            int end = list + Math.min(j + 1, k) * L;
            for (int at = list; at < end; at += L) {
                FloatVector held = FloatVector.fromArray(F, work, at);
                VectorMask<Float> above = v.compare(GT, held);
                held.blend(v, above).intoArray(work, at);
                v = v.blend(held, above);
            }
        }
    }

    /** The columns of the values that reach {@code least}, in order, from {@code to} on. Returns how many. */
    private static int reaching(float least, float[] x, int ix, int n, float[] columns, int to) {
        FloatVector lanes = FloatVector.zero(F).addIndex(1);
        int at = to;
        int i = 0;
        for (; i <= n - L; i += L) {
            VectorMask<Float> reaches = FloatVector.fromArray(F, x, ix + i).compare(GE, least);
            lanes.add(i).compress(reaches).intoArray(columns, at);
            at += reaches.trueCount();
        }
        for (; i < n; i++) {
            if (x[ix + i] >= least) columns[at++] = i;
        }
        return at - to;
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

    /** Copies one lane's list in. */
    static void write(float[] values, int[] columns, float[] work, int at, int k, int lane) {
        for (int l = 0; l < k; l++) {
            work[at + l * L + lane] = values[l];
            work[at + (k + l) * L + lane] = columns[l];
        }
    }
}
