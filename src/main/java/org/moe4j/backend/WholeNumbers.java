package org.moe4j.backend;

import java.util.Arrays;

import org.moe4j.tensor.CounterRandom;
import org.moe4j.tensor.GroupIndex;
import org.moe4j.tensor.HostInts;
import org.moe4j.tensor.Storage;

/** Arithmetic of lists in the host's memory. */
final class WholeNumbers {
    private WholeNumbers() {}

    static void copy(int[] dims, HostInts x, int[] strides, HostInts y) {
        int[] index = new int[dims.length];
        int last = dims.length - 1;
        boolean together = last >= 0 && strides[last] == 1; // the numbers along the last axis lie one after the other
        int run = together ? dims[last] : 1;
        int at = 0;
        for (int p = 0; p < y.length(); p += run) {
            System.arraycopy(x.array(), x.from() + at, y.array(), y.from() + p, run);
            for (int axis = together ? last - 1 : last; axis >= 0; axis--) {
                at += strides[axis];
                if (++index[axis] < dims[axis]) {
                    break;
                }
                at -= dims[axis] * strides[axis];
                index[axis] = 0;
            }
        }
    }

    static void divide(HostInts x, int n, boolean remainder, int block, int step, HostInts y) {
        for (int from = 0, base = 0; from < x.length(); from += block, base += step) {
            for (int p = from; p < Math.min(from + block, x.length()); p++) {
                int number = x.get(p);
                y.set(p, number < 0 ? -1 : base + (remainder ? number % n : number / n));
            }
        }
    }

    static void mark(HostInts columns, int rows, int cols, int k, int inside, int outside, HostInts y) {
        for (int r = 0; r < rows; r++) {
            for (int c = r * cols; c < (r + 1) * cols; c++) {
                y.set(c, outside);
            }
            for (int j = r * k; j < (r + 1) * k; j++) {
                if (columns.get(j) >= 0) {
                    y.set(r * cols + columns.get(j), inside);
                }
            }
        }
    }

    static void firstOfGroups(GroupIndex index, int most, HostInts group, HostInts y) {
        for (int p = 0; p < group.length(); p++) {
            int g = group.get(p);
            y.set(p, g >= 0 && index.rank().get(p) - index.starts().get(g) < most ? g : -1);
        }
    }

    static void sendAtRandom(CounterRandom random, Storage gates, double threshold, int k, HostInts chosen, HostInts sent) {
        double[] gate = new double[chosen.length()];
        gates.read(0, gate);
        for (int p = 0; p < gate.length; p++) {
            boolean first = p % k == 0 || gate[p - p % k] == 0;
            sent.set(p, first || random.uniform(p) < gate[p] / threshold ? chosen.get(p) : -1);
        }
    }

    static void count(HostInts ids, double[] scale, int size, Storage counts) {
        int each = ids.length() / scale.length;
        double[] row = new double[size];
        for (int g = 0; g < scale.length; g++) {
            Arrays.fill(row, 0);
            for (int p = g * each; p < (g + 1) * each; p++) {
                if (ids.get(p) >= 0) {
                    row[ids.get(p)]++;
                }
            }
            for (int n = 0; n < size; n++) {
                row[n] *= scale[g];
            }
            counts.write((long) g * size, row);
        }
    }
}
