package org.moe4j.backend.simd;

import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromArray;
import static org.moe4j.backend.simd.Lanes.F;
import static org.moe4j.backend.simd.Lanes.L;

import java.util.Arrays;

import jdk.incubator.vector.FloatVector;
import org.moe4j.tensor.HostInts;

/**
 * Gradients of {@link Retrieval} by one side, for queries row by row and for sub-keys by tasks that have some columns of a group's: such a task copies those of
 * its queries next to one another, sorts what they found by sub-key, of which a group has few, and adds up each sub-key's gradient in registers, in the order of the rows.
 */
final class RetrievalGrad {
    private static final int STRIP = 4 * L;

    private final int side;
    private final float[] q;
    private final int iq;
    private final float[] keys;
    private final int ik;
    private final int group;
    private final int groups;
    private final int n;
    private final int width;
    private final int k;
    private final HostInts ids;
    private final float[] dy;
    private final int iy;

    RetrievalGrad(int side, FloatStorage q, FloatStorage keys, int rows, int groups, int n, int width, int k, HostInts ids, FloatStorage dy) {
        this.side = side;
        this.q = q.array();
        iq = q.offset();
        this.keys = keys.array();
        ik = keys.offset();
        group = rows / groups;
        this.groups = groups;
        this.n = n;
        this.width = width;
        this.k = k;
        this.ids = ids;
        this.dy = dy.array();
        iy = dy.offset();
    }

    /** As {@link org.moe4j.backend.Backend#productKeysGrad}. */
    void run(Team team, FloatStorage dq, boolean addQ, FloatStorage dkeys, boolean addKeys) {
        if (dq != null) ofQueries(team, dq.array(), dq.offset(), addQ);
        if (dkeys != null) ofKeys(team, dkeys.array(), dkeys.offset(), addKeys);
    }

    private void ofQueries(Team team, float[] dq, int to, boolean add) {
        int each = Team.rowsATask(k * width);
        int blocks = Sgemm.blocks(group, each);
        team.parallel(groups * blocks, task -> {
            int g = task / blocks;
            int[] found = Scratch.mine().places(k);
            for (int t = task % blocks * each; t < Math.min(group, (task % blocks + 1) * each); t++) {
                int r = t * groups + g;
                find(r, found, 0);
                TableRows.sum(dy, iy + r * k, keys, ik + g * n * width, width, found, 0, k, dq, to + (2 * r + side) * width, add);
            }
        });
    }

    /** How the columns are cut changes no value. */
    private void ofKeys(Team team, float[] dkeys, int to, boolean add) {
        int strip = Math.max(1, Sgemm.blocks(Sgemm.blocks(width, Math.max(1, 2 * team.size() / groups)), STRIP)) * STRIP;
        int strips = Sgemm.blocks(width, strip);
        team.parallel(groups * strips, task -> {
            int g = task / strips;
            int column = task % strips * strip;
            int columns = Math.min(strip, width - column);
            float[] rows = Scratch.mine().scores(group * columns);
            for (int t = 0; t < group; t++) System.arraycopy(q, iq + (2 * (t * groups + g) + side) * width + column, rows, t * columns, columns);
            int places = group * k;
            int[] list = Scratch.mine().places(2 * places + n + 1);
            float[] weights = Scratch.mine().candidates(places);
            int order = n + 1 + places;
            sort(g, columns, list, order, weights);
            for (int i = 0, from = 0; i < n; i++) {
                int at = to + (g * n + i) * width + column;
                if (!add) Arrays.fill(dkeys, at, at + columns, 0);
                if (list[i] > from) addRows(rows, list, order, weights, from, list[i], columns, dkeys, at);
                from = list[i];
            }
        });
    }

    /**
     * Sorts the places of group g by the sub-key found, by counting: of sub-key i they stand before list[i], its row's place in the copy of the queries from
     * {@code order} on and its weight.
     */
    private void sort(int g, int columns, int[] list, int order, float[] weights) {
        Arrays.fill(list, 0, n + 1, 0);
        int found = n + 1;
        for (int t = 0; t < group; t++) {
            find(t * groups + g, list, found + t * k);
            for (int j = 0; j < k; j++) list[list[found + t * k + j] + 1]++;
        }
        for (int i = 0; i < n; i++) list[i + 1] += list[i];
        for (int t = 0; t < group; t++) {
            for (int j = 0; j < k; j++) {
                int place = list[list[found + t * k + j]]++;
                list[order + place] = t * columns;
                weights[place] = dy[iy + (t * groups + g) * k + j];
            }
        }
    }

    /** The sub-keys of the side that make up what row r found. */
    private void find(int r, int[] found, int to) {
        double inverse = 1.0 / n; // exact enough for half a unit over every number below 2^31, and faster than dividing
        for (int j = 0; j < k; j++) {
            int id = ids.get(r * k + j);
            int first = (int) ((id + 0.5) * inverse);
            found[to + j] = side == 0 ? first : id - first * n;
        }
    }

    /** dkeys += the queries of places {@code from} to {@code to}, each by its weight. */
    private static void addRows(float[] rows, int[] list, int order, float[] weights, int from, int to, int columns, float[] dkeys, int at) {
        int c = 0;
        for (; c <= columns - STRIP; c += STRIP) {
            FloatVector s0 = fromArray(F, dkeys, at + c);
            FloatVector s1 = fromArray(F, dkeys, at + c + L);
            FloatVector s2 = fromArray(F, dkeys, at + c + 2 * L);
            FloatVector s3 = fromArray(F, dkeys, at + c + 3 * L);
            for (int p = from; p < to; p++) {
                FloatVector weight = broadcast(F, weights[p]);
                int row = list[order + p] + c;
                s0 = weight.fma(fromArray(F, rows, row), s0);
                s1 = weight.fma(fromArray(F, rows, row + L), s1);
                s2 = weight.fma(fromArray(F, rows, row + 2 * L), s2);
                s3 = weight.fma(fromArray(F, rows, row + 3 * L), s3);
            }
            s0.intoArray(dkeys, at + c);
            s1.intoArray(dkeys, at + c + L);
            s2.intoArray(dkeys, at + c + 2 * L);
            s3.intoArray(dkeys, at + c + 3 * L);
        }
        for (; c <= columns - L; c += L) {
            FloatVector sum = fromArray(F, dkeys, at + c);
            for (int p = from; p < to; p++) sum = broadcast(F, weights[p]).fma(fromArray(F, rows, list[order + p] + c), sum);
            sum.intoArray(dkeys, at + c);
        }
        for (; c < columns; c++) {
            float sum = dkeys[at + c];
            for (int p = from; p < to; p++) sum = Math.fma(weights[p], rows[list[order + p] + c], sum);
            dkeys[at + c] = sum;
        }
    }
}
