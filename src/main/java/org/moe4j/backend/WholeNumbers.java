package org.moe4j.backend;

import org.moe4j.tensor.HostInts;

/** Arithmetic of lists in the host's memory. */
final class WholeNumbers {
    private WholeNumbers() {}

    static void copy(int[] dims, HostInts x, int[] strides, HostInts y) {
        int[] index = new int[dims.length];
        int at = 0;
        for (int p = 0; p < y.length(); p++) {
            y.set(p, x.get(at));
            for (int axis = dims.length - 1; axis >= 0; axis--) {
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
}
