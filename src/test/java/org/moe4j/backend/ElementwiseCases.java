package org.moe4j.backend;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

import org.moe4j.tensor.Shape;
import org.moe4j.tensor.Storage;
import org.moe4j.tensor.Strided;

/** Cases of the elementwise methods and of strided moves. */
final class ElementwiseCases {
    private static final List<int[]> LARGE_1 = List.of(new int[] {60_001});
    private static final List<int[]> LARGE_3 = List.of(new int[] {3, 129, 257}, new int[] {31, 67, 33}, new int[] {257, 1, 300}, new int[] {2, 40_000, 1});
    /** Which of the three axes of a and b are stretched (bit 0 is the last axis): none, rows, columns, everything, crosswise. */
    private static final int[][] STRETCHED = {{0, 0}, {0, 7}, {7, 0}, {0, 6}, {0, 1}, {6, 1}, {2, 5}, {4, 3}, {7, 7}};
    private static final int[][] PERMUTATIONS = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};

    private ElementwiseCases() {}

    static List<BackendCase> all() {
        return List.of(
                new BackendCase("unary", 1, 257, LARGE_1, (on, run, n) -> {
                    for (Unary f : functions()) {
                        Storage y = run.flags(f).output(n[0]);
                        on.unary(f, argument(f, run, n[0]), y);
                        run.keep("y", y, 8);
                    }
                }),
                new BackendCase("unaryGrad", 1, 257, LARGE_1, (on, run, n) -> {
                    for (Unary f : functions()) {
                        Storage x = argument(f, run, n[0]);
                        Storage y = run.flags(f).output(n[0]);
                        on.unary(f, x, y);
                        Storage dx = run.input(n[0]);
                        on.unaryGrad(f, x, y, run.input(n[0]), dx);
                        run.keep("dx", dx, 16);
                    }
                }),
                new BackendCase("binary", 3, 17, LARGE_3, (on, run, n) -> {
                    for (Binary f : Binary.values()) {
                        for (int[] stretched : STRETCHED) {
                            Strided a = stretched(run, f, n, stretched[0]);
                            Strided b = stretched(run, f, n, stretched[1]);
                            Storage y = run.flags(f, stretched[0], stretched[1]).output(product(n));
                            on.binary(f, n, a, b, y);
                            run.keep("y", y, 4);
                        }
                    }
                }),
                new BackendCase("binaryGrad", 3, 17, LARGE_3, (on, run, n) -> {
                    Binary f = Binary.values()[run.below(Binary.values().length)];
                    for (int[] stretched : STRETCHED) {
                        Strided a = stretched(run, f, n, stretched[0]);
                        Strided b = stretched(run, f, n, stretched[1]);
                        Storage dy = run.input(product(n));
                        for (int wanted = 1; wanted <= 3; wanted++) {
                            Storage da = (wanted & 1) == 0 ? null : run.input(a.data().size());
                            Storage db = (wanted & 2) == 0 ? null : run.input(b.data().size());
                            on.binaryGrad(f, n, a, b, dy, da, db);
                            run.flags(f, stretched[0], stretched[1]);
                            keep(run, "da", da, product(n));
                            keep(run, "db", db, product(n));
                        }
                    }
                }),
                new BackendCase("move", 3, 17, LARGE_3, (on, run, n) -> {
                    transposes(on, run, n);
                    broadcastsAndSums(on, run, n);
                    slices(on, run, n);
                    reversed(on, run, n);
                    splitHeads(on, run, n);
                }));
    }

    /** y = x with its axes in another order. */
    private static void transposes(Backend on, CaseRun run, int[] n) {
        for (int[] order : PERMUTATIONS) {
            for (boolean add : new boolean[] {false, true}) {
                int[] dims = {n[order[0]], n[order[1]], n[order[2]]};
                long[] own = Shape.of(n).strides();
                Storage y = run.flags("transpose", order[0], order[1], order[2], add).output(product(n), add);
                on.move(dims, new Strided(run.input(product(n)), 0, new long[] {own[order[0]], own[order[1]], own[order[2]]}),
                        new Strided(y, 0, Shape.of(dims).strides()), add);
                run.keep("y", y, 1);
            }
        }
    }

    private static void broadcastsAndSums(Backend on, CaseRun run, int[] n) {
        long[] own = Shape.of(n).strides();
        for (int axes = 0; axes < 8; axes++) {
            long[] less = withoutAxes(n, axes);
            Storage small = run.flags("broadcast", axes).input(size(n, axes));
            Storage y = run.output(product(n));
            on.move(n, new Strided(small, 0, less), new Strided(y, 0, own), false);
            run.keep("y", y, 0);
            Storage sums = run.flags("sum", axes).input(size(n, axes));
            on.move(n, new Strided(run.input(product(n)), 0, own), new Strided(sums, 0, less), true);
            run.keep("sums", sums, 1 + (int) product(n));
            Storage turned = run.flags("turned sum", axes).input(size(n, axes));
            on.move(n, new Strided(run.input(product(n)), 0, own), new Strided(turned, 0, backToFront(n, axes)), true);
            run.keep("sums", turned, 1 + (int) product(n));
        }
    }

    /** A block out of the middle of a wider matrix, and into one. */
    private static void slices(Backend on, CaseRun run, int[] n) {
        int width = n[2] + 5;
        int[] dims = {n[0], n[2]};
        Storage wide = run.flags("slice").input((long) n[0] * width);
        Storage y = run.output(product(dims));
        on.move(dims, new Strided(wide, 3, new long[] {width, 1}), new Strided(y, 0, new long[] {n[2], 1}), false);
        run.keep("y", y, 0);
        for (boolean add : new boolean[] {false, true}) {
            Storage into = run.flags("slice", add).input((long) n[0] * width);
            on.move(dims, new Strided(run.input(product(dims)), 0, new long[] {n[2], 1}), new Strided(into, 2, new long[] {width, 1}), add);
            run.keep("into", into, 1);
        }
        Storage sums = run.flags("columns of a slice").input(n[2]);
        on.move(dims, new Strided(wide, 3, new long[] {width, 1}), new Strided(sums, 0, new long[] {0, 1}), true);
        run.keep("sums", sums, 1 + n[0]);
        Storage nothing = run.flags("scalar").output(1);
        on.move(new int[0], new Strided(run.input(4), 2, new long[0]), new Strided(nothing, 0, new long[0]), false);
        run.keep("y", nothing, 0);
    }

    /** Rows backwards, and every value backwards. */
    private static void reversed(Backend on, CaseRun run, int[] n) {
        if (product(n) == 0) {
            return;
        }
        int rows = n[0] * n[1];
        for (boolean all : new boolean[] {false, true}) {
            Storage y = run.flags("reversed", all).output(product(n));
            long last = all ? product(n) - 1 : product(n) - n[2];
            on.move(new int[] {rows, n[2]}, new Strided(run.input(product(n)), last, new long[] {-n[2], all ? -1 : 1}),
                    new Strided(y, 0, new long[] {n[2], 1}), false);
            run.keep("y", y, 0);
        }
    }

    /** (B,T,H,2) to (B,H,T,2), four axes. */
    private static void splitHeads(Backend on, CaseRun run, int[] n) {
        long t = n[1];
        long h = n[2];
        Storage y = run.flags("heads").output(2 * product(n));
        on.move(new int[] {n[0], n[2], n[1], 2}, new Strided(run.input(2 * product(n)), 0, new long[] {t * h * 2, 2, h * 2, 1}),
                new Strided(y, 0, new long[] {t * h * 2, t * 2, 2, 1}), false);
        run.keep("y", y, 0);
    }

    /** An operand of which some axes have extent 1 and are read with stride 0. */
    private static Strided stretched(CaseRun run, Binary f, int[] n, int axes) {
        long size = size(n, axes);
        Storage data = switch (f) {
            case DIVIDE -> run.input(size, 0.5, 2);
            case MAX, MIN -> run.levels(size);
            default -> run.input(size);
        };
        return new Strided(data, 0, withoutAxes(n, axes));
    }

    private static long[] withoutAxes(int[] n, int axes) {
        return Shape.of(kept(n, axes)).stridesWhenBroadcastTo(Shape.of(n));
    }

    /** The strides of a sum over {@code axes} that is laid out with the first axis innermost. */
    private static long[] backToFront(int[] n, int axes) {
        int[] kept = kept(n, axes);
        return new long[] {stride(kept, 0, 1), stride(kept, 1, kept[0]), stride(kept, 2, (long) kept[0] * kept[1])};
    }

    private static long stride(int[] kept, int axis, long stride) {
        return kept[axis] == 1 ? 0 : stride;
    }

    private static long size(int[] n, int axes) {
        return product(kept(n, axes));
    }

    private static int[] kept(int[] n, int axes) {
        int[] kept = n.clone();
        for (int axis = 0; axis < 3; axis++) {
            if ((axes >> (2 - axis) & 1) == 1) {
                kept[axis] = 1;
            }
        }
        return kept;
    }

    private static long product(int[] dims) {
        return Shape.of(dims).size();
    }

    private static void keep(CaseRun run, String name, Storage gradient, long terms) {
        if (gradient != null) {
            run.keep(name, gradient, 8 + (int) terms);
        }
    }

    /** Each function once, with attributes where it takes them. */
    static List<Unary> functions() {
        Map<Unary.Function, Unary> withAttributes = new EnumMap<>(Map.of(
                Unary.Function.ELU, Unary.elu(1.3), Unary.Function.LEAKY_RELU, Unary.leakyRelu(0.1), Unary.Function.CLAMP, Unary.clamp(-0.7, 0.4),
                Unary.Function.POWER, Unary.power(1.7), Unary.Function.STEP, Unary.step(0.2, 1.5), Unary.Function.AFFINE, Unary.affine(-2, 0.3)));
        List<Unary> functions = new ArrayList<>();
        for (Unary.Function name : Unary.Function.values()) {
            functions.add(withAttributes.getOrDefault(name, new Unary(name, 0, 0)));
        }
        return functions;
    }

    /** Arguments where the function is defined and its slope moderate. */
    private static Storage argument(Unary f, CaseRun run, int size) {
        return switch (f.function()) {
            case LOG, SQRT, RSQRT, RECIPROCAL, POWER -> run.input(size, 0.25, 6);
            case LOG1P -> run.input(size, -0.75, 6);
            default -> run.input(size, -6, 6);
        };
    }
}
