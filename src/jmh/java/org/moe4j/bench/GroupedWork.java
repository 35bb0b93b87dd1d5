package org.moe4j.bench;

import org.moe4j.backend.Backend;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.Storage;

/** m tokens for each expert: y (m,n) = x (m,k) · w[e] (k,n). */
final class GroupedWork implements Work {
    private final Backend on;
    private final int[] starts;
    private final int n;
    private final int k;
    private final Storage x;
    private final Storage w;
    private final Storage y;

    GroupedWork(Size size, Backend on) {
        this.on = on;
        int experts = size.number("experts");
        int m = size.number("m");
        n = size.number("n");
        k = size.number("k");
        starts = new int[experts + 1];
        for (int e = 0; e <= experts; e++) {
            starts[e] = e * m;
        }
        x = Numbers.normals(on, (long) experts * m * k, "x");
        w = Numbers.normals(on, (long) experts * n * k, "w");
        y = on.allocate((long) experts * m * n);
    }

    @Override
    public Object run() {
        on.groupedGemm(IntStorage.of(starts), false, n, k, x, w, y, false);
        return y;
    }

    @Override
    public Demand demand() {
        double rows = starts[starts.length - 1];
        return new Demand(2 * rows * n * k, (double) Float.BYTES * (w.size() + x.size() + y.size()), 0, 0);
    }
}
