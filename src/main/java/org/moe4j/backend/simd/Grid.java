package org.moe4j.backend.simd;

import java.util.ArrayList;
import java.util.List;

/**
 * A nest of loops over several strided operands, with adjacent axes merged wherever every operand allows it, so that most
 * broadcasts and transposes become one or two loops whose innermost runs over consecutive values.
 */
final class Grid {
    /** What is done for one run of the innermost loop: n values from where each operand stands. */
    interface Row {
        void run(int[] at, int n);
    }

    private static final int INNER_UNIT = 64;

    private final int[] dims;
    private final int[][] steps; // by axis, then operand
    private final int[] origin;
    private final boolean empty;

    Grid(int[] dims, long[] offsets, long[]... strides) {
        int operands = strides.length;
        List<int[]> axes = new ArrayList<>(); // extent, then a step for each operand
        boolean none = false;
        for (int d = 0; d < dims.length; d++) {
            none |= dims[d] == 0;
            if (dims[d] == 1) continue;
            int[] axis = new int[operands + 1];
            axis[0] = dims[d];
            for (int o = 0; o < operands; o++) axis[o + 1] = Math.toIntExact(strides[o][d]);
            int[] outer = axes.isEmpty() ? null : axes.getLast();
            if (outer != null && merges(outer, axis)) {
                axis[0] *= outer[0];
                axes.removeLast();
            }
            axes.add(axis);
        }
        if (axes.isEmpty()) {
            int[] single = new int[operands + 1];
            single[0] = 1;
            axes.add(single);
        }
        this.empty = none;
        this.dims = new int[axes.size()];
        this.steps = new int[axes.size()][operands];
        for (int d = 0; d < axes.size(); d++) {
            this.dims[d] = axes.get(d)[0];
            System.arraycopy(axes.get(d), 1, steps[d], 0, operands);
        }
        this.origin = new int[operands];
        for (int o = 0; o < operands; o++) origin[o] = Math.toIntExact(offsets[o]);
    }

    private static boolean merges(int[] outer, int[] inner) {
        for (int o = 1; o < inner.length; o++) {
            if (outer[o] != inner[o] * inner[0]) return false;
        }
        return true;
    }

    /** The step of an operand in the innermost loop. */
    int step(int operand) {
        return steps[dims.length - 1][operand];
    }

    /**
     * Runs every row. The work is split along an axis on which operand {@code owner} moves, so that each of its values is
     * written by one task only, in the order of the loops.
     */
    void run(Team team, int owner, Row row) {
        if (empty) return;
        int axis = splitAxis(owner);
        long size = 1;
        for (int d : dims) size *= d;
        int unit = axis == dims.length - 1 ? INNER_UNIT : 1;
        int extent = axis < 0 ? 1 : dims[axis];
        int parts = axis < 0 ? 1 : (int) Math.min(Sgemm.blocks(extent, unit), (size + Team.CHUNK - 1) / Team.CHUNK);
        int each = Sgemm.blocks(Sgemm.blocks(extent, parts), unit) * unit;
        team.parallel(Sgemm.blocks(extent, each), part -> walk(axis, part * each, Math.min(extent, (part + 1) * each), row));
    }

    /** The outermost axis with at least 8 steps on which the operand moves; else its longest; -1 if it never moves. */
    private int splitAxis(int owner) {
        int longest = -1;
        for (int d = 0; d < dims.length; d++) {
            if (steps[d][owner] == 0) continue;
            if (dims[d] >= 8) return d;
            if (longest < 0 || dims[d] > dims[longest]) longest = d;
        }
        return longest;
    }

    private void walk(int axis, int from, int to, Row row) {
        int inner = dims.length - 1;
        int[] low = new int[dims.length];
        int[] high = dims.clone();
        int[] at = origin.clone();
        if (axis >= 0) {
            low[axis] = from;
            high[axis] = to;
            for (int o = 0; o < at.length; o++) at[o] += from * steps[axis][o];
        }
        int[] index = low.clone();
        int n = high[inner] - low[inner];
        int[] place = new int[at.length];
        while (true) {
            System.arraycopy(at, 0, place, 0, at.length);
            row.run(place, n);
            int d = inner - 1;
            for (; d >= 0; d--) {
                for (int o = 0; o < at.length; o++) at[o] += steps[d][o];
                if (++index[d] < high[d]) break;
                for (int o = 0; o < at.length; o++) at[o] -= (high[d] - low[d]) * steps[d][o];
                index[d] = low[d];
            }
            if (d < 0) return;
        }
    }
}
