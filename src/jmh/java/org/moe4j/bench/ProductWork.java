package org.moe4j.bench;

import org.moe4j.backend.Backend;
import org.moe4j.tensor.Storage;

/** c (m,n) = a (m,k) · b (k,n). */
final class ProductWork implements Work {
    private final Backend on;
    private final int m;
    private final int n;
    private final int k;
    private final Storage a;
    private final Storage b;
    private final Storage c;

    ProductWork(Size size, Backend on) {
        this.on = on;
        m = size.number("m");
        n = size.number("n");
        k = size.number("k");
        a = Numbers.normals(on, (long) m * k, "a");
        b = Numbers.normals(on, (long) k * n, "b");
        c = on.allocate((long) m * n);
    }

    @Override
    public Object run() {
        on.gemm(false, false, m, n, k, a, b, c, false);
        return c;
    }

    @Override
    public Demand demand() {
        return Demand.flops(2.0 * m * n * k);
    }
}
