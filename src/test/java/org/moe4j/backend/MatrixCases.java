package org.moe4j.backend;

import java.util.List;

import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.Storage;

/** Cases of the matrix products; sizes are (m, n, k) or (experts, n, k). */
final class MatrixCases {
    private static final boolean[] BOTH = {false, true};

    private MatrixCases() {}

    static List<BackendCase> all() {
        return List.of(
                new BackendCase("gemm", 3, 33, List.of(new int[] {67, 67, 67}, new int[] {1, 1031, 257}, new int[] {1031, 1, 129}, new int[] {301, 130, 600}, new int[] {7, 2100, 33},
                        new int[] {200, 70, 70}, new int[] {64, 64, 256}, new int[] {129, 257, 65}, new int[] {2048, 37, 20}), (on, run, n) -> {
                            for (int flags = 0; flags < 8; flags++) {
                                gemm(on, run, n[0], n[1], n[2], (flags & 1) > 0, (flags & 2) > 0, (flags & 4) > 0);
                            }
                        }),
                new BackendCase("gemm", 3, 33, List.of(new int[] {67, 67, 67}, new int[] {1, 1031, 257}, new int[] {1031, 1, 129}, new int[] {101, 130, 600}, new int[] {2048, 37, 20}), (on, run, n) -> {
                    Storage a = run.input((long) n[0] * n[2]);
                    Storage b = run.input((long) n[2] * n[1]);
                    finished(run, (long) n[0] * n[1], n[1], n[2], (c, after) -> on.gemm(false, true, n[0], n[1], n[2], a, b, c, after));
                }),
                new BackendCase("groupedGemm", 3, 17, List.of(new int[] {5, 39, 1024}, new int[] {9, 130, 257}, new int[] {64, 67, 64}), (on, run, n) -> {
                    int rows = 9 * n[0];
                    IntStorage starts = run.startsOfAll(n[0], rows);
                    Storage x = run.input((long) rows * n[2]);
                    Storage w = run.input((long) n[0] * n[1] * n[2]);
                    finished(run, (long) rows * n[1], n[0] * n[1], n[2], (c, after) -> on.groupedGemm(starts, true, n[1], n[2], x, w, c, after));
                }),
                new BackendCase("groupedGemm", 3, 17, List.of(new int[] {5, 39, 1024}, new int[] {9, 130, 257}, new int[] {64, 67, 64}, new int[] {3, 257, 520}), (on, run, n) -> {
                    int rows = 3 + 9 * n[0];
                    for (boolean transposed : BOTH) {
                        for (boolean add : BOTH) {
                            IntStorage starts = run.flags(transposed, add).starts(n[0], rows);
                            Storage y = run.input((long) rows * n[1]);   // rows outside every group are left alone
                            on.groupedGemm(starts, transposed, n[1], n[2], run.input((long) rows * n[2]), run.input((long) n[0] * n[1] * n[2]), y, add);
                            run.keep("y", y, 8 + n[2]);
                        }
                    }
                }),
                new BackendCase("groupedGemmWeights", 3, 17, List.of(new int[] {2, 200, 1024}, new int[] {9, 130, 257}, new int[] {64, 67, 64}, new int[] {3, 257, 520}),
                        (on, run, n) -> {
                            int rows = 3 + 9 * n[0];
                            for (boolean add : BOTH) {
                                IntStorage starts = run.flags(add).starts(n[0], rows);
                                Storage dw = run.output((long) n[0] * n[1] * n[2], add);
                                on.groupedGemmWeights(starts, n[1], n[2], run.input((long) rows * n[1]), run.input((long) rows * n[2]), dw, add);
                                run.keep("dw", dw, 8 + rows);
                            }
                        }),
                new BackendCase("groupedProducts", 3, 17, List.of(new int[] {5, 39, 256}, new int[] {30, 67, 64}), (on, run, n) -> {
                    int rows = 9 * n[0];
                    IntStorage starts = run.startsOfAll(n[0], rows);
                    Storage x = run.input((long) rows * n[2]);
                    Storage in = run.input((long) n[0] * n[1] * n[2], -0.1, 0.1);
                    Storage out = run.input((long) n[0] * n[1] * n[2], -0.1, 0.1);
                    Storage h = run.output((long) rows * n[1]);
                    Storage y = run.output((long) rows * n[2]);
                    Storage dw = run.output((long) n[0] * n[1] * n[2]);
                    on.groupedProducts(starts, List.of(
                        new GroupedProduct.Rows(true, n[1], n[2], x, in, h, false, new Epilogue.Layer(run.input((long) n[0] * n[1]))),
                        new GroupedProduct.Rows(false, n[2], n[1], h, out, y, false, null),
                        new GroupedProduct.Weights(n[1], n[2], h, y, dw, false)));
                    run.keep("h", h, 8 + n[2]);
                    run.keep("y", y, 8 + n[1] + n[2]);
                    run.keep("dw", dw, 8 + rows + n[1] + n[2]);
                }),
                new BackendCase("groupedBias", 2, 33, List.of(new int[] {64, 67}), (on, run, n) -> {
                    int rows = 3 + 9 * n[0];
                    Storage y = run.input((long) rows * n[1]);
                    on.groupedBias(run.starts(n[0], rows), n[1], run.input((long) n[0] * n[1]), y);
                    run.keep("y", y, 0);
                }),
                new BackendCase("groupedBiasGrad", 2, 33, List.of(new int[] {64, 67}), (on, run, n) -> {
                    int rows = 3 + 9 * n[0];
                    Storage dbias = run.input((long) n[0] * n[1]);
                    on.groupedBiasGrad(run.starts(n[0], rows), n[1], run.input((long) rows * n[1]), dbias);
                    run.keep("dbias", dbias, 8 + rows);
                }));
    }

    private interface Product {
        void run(Storage c, Epilogue after);
    }

    /** With a bias alone, and with each of some activations and its slope: of every kind that needs the argument, the value, both or either. */
    private static void finished(CaseRun run, long size, int biases, int k, Product product) {
        Storage bias = run.input(biases);
        Storage sums = run.flags("bias").output(size);
        product.run(sums, new Epilogue.Layer(bias));
        run.keep("c", sums, 8 + k);
        for (Unary f : List.of(Unary.GELU, Unary.RELU, Unary.SILU, Unary.TANH, Unary.elu(0.8), Unary.GELU_TANH)) {
            Storage c = run.flags(f).output(size);
            Storage y = f.slopeFromValue() ? c : run.output(size);
            product.run(c, new Epilogue.Layer(f == Unary.SILU ? null : bias, f, y, false));
            run.keep("c", c, 20 + k);
            run.keep("y", y, 20 + 2 * k);
            Storage kept = f.slopeFromValue() ? run.input(size, 0.1, 2) : run.output(size);
            Storage value = f.slopeFromValue() ? kept : run.output(size);
            if (kept != value) {
                product.run(kept, new Epilogue.Layer(bias, f, value, true));
                run.keep("value", value, 20 + 2 * k);
            }
            Storage dx = run.output(size);
            product.run(run.output(size), new Epilogue.Slope(f, kept, value, dx));
            run.keep("dx", dx, 20 + 4 * k);
            Storage up = run.input(size);
            Storage gated = run.output(size);
            product.run(run.output(size), new Epilogue.Gate(f == Unary.SILU ? null : bias, f, up, gated));
            run.keep("gated", gated, 20 + 2 * k);
            Storage dup = run.output(size);
            Storage dgate = run.output(size);
            product.run(run.output(size), new Epilogue.GateGrad(f, run.input(size, 0.1, 2), up, dup, dgate, run.output(size)));
            run.keep("dup", dup, 20 + 2 * k);
            run.keep("dgate", dgate, 20 + 4 * k);
        }
    }

    private static void gemm(Backend on, CaseRun run, int m, int n, int k, boolean transposeA, boolean transposeB, boolean add) {
        Storage c = run.flags(transposeA, transposeB, add).output((long) m * n, add);
        on.gemm(transposeA, transposeB, m, n, k, run.input((long) m * k), run.input((long) k * n), c, add);
        run.keep("c", c, 8 + k);
    }
}
