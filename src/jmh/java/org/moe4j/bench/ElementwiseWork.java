package org.moe4j.bench;

import org.moe4j.backend.Backend;
import org.moe4j.backend.Unary;
import org.moe4j.tensor.Storage;

/** A function of n values into other memory; softmax by rows of 1024, layer normalisation by rows of 256. */
final class ElementwiseWork implements Work {
    private static final int CACHED = 1 << 18; // values in and out that a core's second cache of 1 MiB takes
    private static final int SOFTMAX_ROW = 1024;
    private static final int NORM_ROW = 256;
    private static final double NORM_EPS = 1e-5;

    private final int n;
    private final Storage y;
    private final Runnable function;

    ElementwiseWork(Size size, Backend on) {
        n = size.number("n");
        Storage x = Numbers.normals(on, n, "x");
        y = on.allocate(n);
        function = switch (size.word("function")) {
            case "exp" -> () -> on.unary(Unary.EXP, x, y);
            case "tanh" -> () -> on.unary(Unary.TANH, x, y);
            case "gelu" -> () -> on.unary(Unary.GELU, x, y);
            case "softplus" -> () -> on.unary(Unary.SOFTPLUS, x, y);
            case "softmax" -> () -> on.softmax(x, n / SOFTMAX_ROW, SOFTMAX_ROW, y);
            case "layernorm" -> {
                Storage mean = on.allocate(n / NORM_ROW);
                Storage rstd = on.allocate(n / NORM_ROW);
                Storage gain = Numbers.normals(on, NORM_ROW, "gain");
                Storage bias = Numbers.normals(on, NORM_ROW, "bias");
                yield () -> on.layerNorm(x, gain, bias, NORM_EPS, n / NORM_ROW, NORM_ROW, y, mean, rstd);
            }
            default -> throw new IllegalArgumentException(size.toString());
        };
    }

    @Override
    public Object run() {
        function.run();
        return y;
    }

    @Override
    public Demand demand() {
        double bytes = 2.0 * Float.BYTES * n;
        return 2 * n <= CACHED ? new Demand(0, 0, bytes, 0) : new Demand(0, bytes, 0, 0);
    }
}
