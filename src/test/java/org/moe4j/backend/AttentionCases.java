package org.moe4j.backend;

import java.util.List;

import org.moe4j.tensor.Storage;

/** Cases of attention and rotary positions; sizes are (batch, time, head width). */
final class AttentionCases {
    private static final boolean[] BOTH = {false, true};
    private static final List<int[]> LARGE = List.of(new int[] {1, 129, 16}, new int[] {2, 70, 64}, new int[] {1, 40, 129});
    private static final int[][] HEADS = {{1, 1}, {3, 3}, {4, 2}, {6, 1}};

    private AttentionCases() {}

    static List<BackendCase> all() {
        return List.of(
                new BackendCase("attention", 3, 17, LARGE, (on, run, n) -> {
                    for (int[] heads : HEADS) {
                        Inputs in = Inputs.draw(run.flags(heads[0], heads[1]), n, heads);
                        on.attention(in.shape, in.q, in.k, in.v, in.y, in.lse);
                        run.keep("y", in.y, 32 + n[1] + n[2]);
                        run.keep("lse", in.lse, 32 + n[1] + n[2]);
                    }
                }),
                new BackendCase("attentionGrad", 3, 17, LARGE, (on, run, n) -> {
                    for (int[] heads : HEADS) {
                        Inputs in = Inputs.draw(run.flags(heads[0], heads[1]), n, heads);
                        on.attention(in.shape, in.q, in.k, in.v, in.y, in.lse);
                        Storage dq = run.input(in.q.size());
                        Storage dk = run.input(in.k.size());
                        Storage dv = run.input(in.v.size());
                        on.attentionGrad(in.shape, in.q, in.k, in.v, in.y, in.lse, run.input(in.y.size()), dq, dk, dv);
                        int terms = 64 + 4 * (n[1] + n[2]) * heads[0] / heads[1];
                        run.keep("dq", dq, terms);
                        run.keep("dk", dk, terms);
                        run.keep("dv", dv, terms);
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

    private record Inputs(AttentionShape shape, Storage q, Storage k, Storage v, Storage y, Storage lse) {
        static Inputs draw(CaseRun run, int[] n, int[] heads) {
            long positions = (long) n[0] * n[1];
            long queries = positions * heads[0] * n[2];
            long keys = positions * heads[1] * n[2];
            AttentionShape shape = new AttentionShape(n[0], n[1], heads[0], heads[1], n[2], 1 / Math.sqrt(Math.max(1, n[2])));
            return new Inputs(shape, run.input(queries, -3, 3), run.input(keys, -3, 3), run.input(keys), run.output(queries), run.output(positions * heads[0]));
        }
    }
}
