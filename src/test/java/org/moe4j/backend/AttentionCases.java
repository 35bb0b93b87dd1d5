package org.moe4j.backend;

import java.util.List;

import org.moe4j.tensor.Storage;

/** Cases of attention and rotary positions; sizes are (batch, time, head width). */
final class AttentionCases {
    private static final boolean[] BOTH = {false, true};
    private static final List<int[]> LARGE = List.of(new int[] {1, 129, 16}, new int[] {2, 70, 64}, new int[] {1, 45, 96}, new int[] {1, 40, 129});
    private static final List<Variant> VARIANTS = List.of(Variant.plain(1, 1), Variant.plain(3, 3), Variant.plain(4, 2), Variant.plain(6, 1),
            new Variant(2, 1, true, 0, 0, true), new Variant(2, 2, true, 0, 1.5, false), new Variant(4, 2, true, 0, 2, true),
            new Variant(2, 2, false, 0, 0, false), new Variant(2, 1, false, 3, 0, true), new Variant(2, 2, false, -2, 1.5, true));

    private AttentionCases() {}

    static List<BackendCase> all() {
        return List.of(
                new BackendCase("attention", 3, 17, LARGE, (on, run, n) -> {
                    for (Variant variant : VARIANTS) {
                        Inputs in = Inputs.draw(run.flags(variant), n, variant);
                        on.attention(in.shape, in.q, in.k, in.v, in.bias, in.y, in.lse);
                        run.keep("y", in.y, in.terms());
                        run.keep("lse", in.lse, in.terms());
                    }
                }),
                new BackendCase("attentionGrad", 3, 17, LARGE, (on, run, n) -> {
                    for (Variant variant : VARIANTS) {
                        Inputs in = Inputs.draw(run.flags(variant), n, variant);
                        on.attention(in.shape, in.q, in.k, in.v, in.bias, in.y, in.lse);
                        Storage dq = run.input(in.q.size());
                        Storage dk = run.input(in.k.size());
                        Storage dv = run.input(in.v.size());
                        Storage dbias = in.bias == null ? null : run.input(in.bias.size());
                        on.attentionGrad(in.shape, in.q, in.k, in.v, in.bias, in.y, in.lse, run.input(in.y.size()), dq, dk, dv, dbias);
                        int terms = 4 * in.terms() * variant.heads / variant.keyHeads;
                        run.keep("dq", dq, terms);
                        run.keep("dk", dk, terms);
                        run.keep("dv", dv, terms);
                        if (dbias != null) {
                            run.keep("dbias", dbias, terms * Math.max(1, n[0]));
                        }
                    }
                }),
                new BackendCase("rotary", 3, 17, LARGE, (on, run, n) -> {
                    int width = n[2] / 2 * 2;   // pairs
                    long size = (long) n[0] * n[1] * 3 * width;
                    for (boolean inverse : BOTH) {
                        for (boolean add : BOTH) {
                            Storage y = run.flags(inverse, add).output(size, add);
                            on.rotary(n[0], n[1], 3, width, 10_000, 7 * run.below(100), inverse, run.input(size), y, add);
                            run.keep("y", y, 8);
                        }
                    }
                }));
    }

    /** @param moreKeys than queries, where it isn't causal; may be negative */
    private record Variant(int heads, int keyHeads, boolean causal, int moreKeys, double softCap, boolean biased) {
        static Variant plain(int heads, int keyHeads) {
            return new Variant(heads, keyHeads, true, 0, 0, false);
        }
    }

    private record Inputs(AttentionShape shape, Storage q, Storage k, Storage v, Storage bias, Storage y, Storage lse) {
        static Inputs draw(CaseRun run, int[] n, Variant variant) {
            int batch = n[0];
            int keys = Math.max(0, n[1] + variant.moreKeys);
            AttentionShape shape = new AttentionShape(batch, n[1], keys, variant.heads, variant.keyHeads, n[2], 1 / Math.sqrt(Math.max(1, n[2])),
                    variant.causal, variant.softCap);
            long queryValues = (long) batch * n[1] * variant.heads * n[2];
            long keyValues = (long) batch * keys * variant.keyHeads * n[2];
            Storage bias = variant.biased ? run.input((long) variant.heads * shape.distances(), -2, 2) : null;
            return new Inputs(shape, run.input(queryValues, -3, 3), run.input(keyValues, -3, 3), run.input(keyValues), bias,
                    run.output(queryValues), run.output((long) batch * n[1] * variant.heads));
        }

        int terms() {
            return 32 + shape.keys() + shape.headDim();
        }
    }
}
