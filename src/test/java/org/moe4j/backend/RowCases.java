package org.moe4j.backend;

import java.util.List;

import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.Storage;

/** Cases of the functions of whole rows: softmax, cross-entropy, norms; sizes are (rows, columns). */
final class RowCases {
    private static final boolean[] BOTH = {false, true};
    private static final double EPS = 1e-2;

    private RowCases() {}

    static List<BackendCase> all() {
        return List.of(
                of("softmax", (on, run, rows, cols) -> {
                    Storage y = run.output((long) rows * cols);
                    on.softmax(run.input((long) rows * cols, -9, 9), rows, cols, y);
                    run.keep("y", y, 16);
                }),
                of("softmaxGrad", (on, run, rows, cols) -> {
                    Storage dx = run.input((long) rows * cols);
                    on.softmaxGrad(run.input((long) rows * cols, 0, 1), run.input((long) rows * cols), rows, cols, dx);
                    run.keep("dx", dx, 8 + cols);
                }),
                of("logSumExp", (on, run, rows, cols) -> {
                    Storage y = run.output(rows);
                    on.logSumExp(run.input((long) rows * cols, -9, 9), rows, cols, y);
                    run.keep("y", y, 16);
                }),
                of("crossEntropy", (on, run, rows, cols) -> {
                    for (double smoothing : new double[] {0, 0.1}) {
                        Storage loss = run.flags(smoothing).output(rows);
                        Storage lse = run.output(rows);
                        on.crossEntropy(run.input((long) rows * cols, -9, 9), rows, cols, run.slots(rows, cols), smoothing, loss, lse);
                        run.keep("loss", loss, 32 + cols / 8);
                        run.keep("lse", lse, 16);
                    }
                }),
                of("crossEntropyGrad", (on, run, rows, cols) -> {
                    for (double smoothing : new double[] {0, 0.1}) {
                        Storage x = run.input((long) rows * cols, -9, 9);
                        IntStorage targets = run.flags(smoothing).slots(rows, cols);
                        Storage lse = run.output(rows);
                        on.logSumExp(x, rows, cols, lse);
                        Storage dloss = run.input(rows);
                        Storage dx = run.input((long) rows * cols);
                        on.crossEntropyGrad(x, lse, rows, cols, targets, smoothing, dloss, dx, true);
                        run.keep("dx", dx, 32);
                        on.crossEntropyGrad(x, lse, rows, cols, targets, smoothing, dloss, x, false);
                        run.keep("in place", x, 32);
                    }
                }),
                of("crossEntropyInPlace", (on, run, rows, cols) -> {
                    Storage x = run.input((long) rows * cols, -9, 9);
                    Storage loss = run.output(rows);
                    on.crossEntropyInPlace(x, rows, cols, run.slots(rows, cols), run.input(rows), loss, run.output(rows));
                    run.keep("loss", loss, 32 + cols / 8);
                    run.keep("dx", x, 32 + cols / 8);
                }),
                of("layerNorm", (on, run, rows, cols) -> {
                    for (boolean gained : BOTH) {
                        for (boolean biased : BOTH) {
                            Storage y = run.flags(gained, biased).output((long) rows * cols);
                            Storage mean = run.output(rows);
                            Storage rstd = run.output(rows);
                            on.layerNorm(run.input((long) rows * cols), gained ? run.input(cols) : null, biased ? run.input(cols) : null, EPS,
                                    rows, cols, y, mean, rstd);
                            run.keep("y", y, 32 + cols);
                            run.keep("mean", mean, 8 + cols);
                            run.keep("rstd", rstd, 32 + cols);
                        }
                    }
                }),
                of("layerNormGrad", (on, run, rows, cols) -> {
                    for (int wanted = 1; wanted < 16; wanted++) {
                        Storage x = run.flags(wanted).input((long) rows * cols);
                        Storage gain = (wanted & 8) > 0 ? run.input(cols) : null;
                        Storage mean = run.output(rows);
                        Storage rstd = run.output(rows);
                        on.layerNorm(x, gain, null, EPS, rows, cols, run.output((long) rows * cols), mean, rstd);
                        Storage dx = (wanted & 1) > 0 ? run.input((long) rows * cols) : null;
                        Storage dgain = (wanted & 2) > 0 ? run.input(cols) : null;
                        Storage dbias = (wanted & 4) > 0 ? run.input(cols) : null;
                        on.layerNormGrad(x, gain, mean, rstd, run.input((long) rows * cols), rows, cols, dx, dgain, dbias);
                        keep(run, "dx", dx, 128 + 4 * cols);
                        keep(run, "dgain", dgain, 64 + 4 * rows);
                        keep(run, "dbias", dbias, 8 + rows);
                    }
                }),
                of("rmsNorm", (on, run, rows, cols) -> {
                    for (boolean gained : BOTH) {
                        Storage y = run.flags(gained).output((long) rows * cols);
                        Storage rrms = run.output(rows);
                        on.rmsNorm(run.input((long) rows * cols), gained ? run.input(cols) : null, EPS, rows, cols, y, rrms);
                        run.keep("y", y, 16 + cols);
                        run.keep("rrms", rrms, 16 + cols);
                    }
                }),
                of("rmsNormGrad", (on, run, rows, cols) -> {
                    for (int wanted = 1; wanted < 8; wanted++) {
                        Storage x = run.flags(wanted).input((long) rows * cols);
                        Storage gain = (wanted & 4) > 0 ? run.input(cols) : null;
                        Storage rrms = run.output(rows);
                        on.rmsNorm(x, gain, EPS, rows, cols, run.output((long) rows * cols), rrms);
                        Storage dx = (wanted & 1) > 0 ? run.input((long) rows * cols) : null;
                        Storage dgain = (wanted & 2) > 0 ? run.input(cols) : null;
                        on.rmsNormGrad(x, gain, rrms, run.input((long) rows * cols), rows, cols, dx, dgain);
                        keep(run, "dx", dx, 128 + 4 * cols);
                        keep(run, "dgain", dgain, 64 + 4 * rows);
                    }
                }));
    }

    private interface RowBody {
        void run(Backend on, CaseRun run, int rows, int cols);
    }

    /** A row has at least one column. */
    private static BackendCase of(String method, RowBody body) {
        return new BackendCase(method, 2, 67, List.of(new int[] {3, 1031}, new int[] {1031, 3}, new int[] {400, 129}),
                (on, run, n) -> body.run(on, run, n[0], Math.max(1, n[1])));
    }

    private static void keep(CaseRun run, String name, Storage gradient, int terms) {
        if (gradient != null) {
            run.keep(name, gradient, terms);
        }
    }
}
