package org.moe4j.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

import org.moe4j.backend.reference.ReferenceBackend;
import org.moe4j.tensor.CounterRandom;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.RowIndex;
import org.moe4j.tensor.RowSums;
import org.moe4j.tensor.Shape;
import org.moe4j.tensor.Storage;
import org.moe4j.tensor.Strided;

import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/**
 * Every gradient of the reference back end against central differences of its forward: with a random output gradient, and
 * added to what was there before.
 */
class ReferenceGradientProperties {
    private static final double STEP = 1e-5;

    private final Backend on = new ReferenceBackend();
    private CounterRandom random = CounterRandom.of(0, "gradients");

    /** The forward pass: fills the outputs from the inputs as they are. */
    private interface Forward {
        void run();
    }

    @Property(seed = "1")
    void unaryGrad(@ForAll("functions") Unary f, @ForAll @IntRange(min = 1, max = 9) int n, @ForAll long seed) {
        Storage x = switch (f.function()) {
            case LOG, SQRT, RSQRT, RECIPROCAL, POWER, LOG1P -> draw(seed, n, 0.5, 3);
            default -> awayFromKinks(draw(seed, n, -3, 3));
        };
        Storage y = on.allocate(n);
        Storage dy = draw(n);
        Storage dx = draw(n);
        check(() -> on.unary(f, x, y), y, dy, x, dx, () -> on.unaryGrad(f, x, y, dy, dx));
    }

    @Property(seed = "1")
    void binaryGrad(@ForAll Binary f, @ForAll @Size(3) List<@IntRange(min = 1, max = 4) Integer> extents,
            @ForAll @IntRange(max = 7) int stretchedA, @ForAll @IntRange(max = 7) int stretchedB, @ForAll long seed) {
        int[] dims = extents.stream().mapToInt(d -> d).toArray();
        Shape full = Shape.of(dims);
        Shape shapeA = stretched(dims, stretchedA);
        Shape shapeB = stretched(dims, stretchedB);
        Storage dataA = draw(seed, shapeA.size(), 1, 2);
        Storage dataB = f == Binary.MAX || f == Binary.MIN ? straddling(shapeB.size()) : draw(shapeB.size(), 0.6, 1.6);
        Strided a = new Strided(dataA, 0, shapeA.stridesWhenBroadcastTo(full));
        Strided b = new Strided(dataB, 0, shapeB.stridesWhenBroadcastTo(full));
        Storage y = on.allocate(full.size());
        Storage dy = draw(full.size());
        Storage da = draw(shapeA.size());
        Storage db = draw(shapeB.size());
        check(() -> on.binary(f, dims, a, b, y), y, dy, dataA, da, () -> on.binaryGrad(f, dims, a, b, dy, da, null));
        check(() -> on.binary(f, dims, a, b, y), y, dy, dataB, db, () -> on.binaryGrad(f, dims, a, b, dy, null, db));
    }

    @Property(seed = "1")
    void groupedGemm(@ForAll @IntRange(min = 1, max = 4) int experts, @ForAll @IntRange(min = 1, max = 5) int n, @ForAll @IntRange(min = 1, max = 5) int k,
            @ForAll boolean transposed, @ForAll long seed) {
        int rows = 7;
        Storage x = draw(seed, (long) rows * k, -1, 1);
        IntStorage starts = IntStorage.of(IntStream.rangeClosed(0, experts).map(e -> random.below(e, rows + 1)).sorted().toArray());
        Storage w = draw((long) experts * n * k);
        Storage y = on.allocate((long) rows * n);
        Storage dy = draw((long) rows * n);
        Storage dx = draw((long) rows * k);
        Storage dw = draw((long) experts * n * k);
        Forward forward = () -> on.groupedGemm(starts, transposed, n, k, x, w, y, false);
        check(forward, y, dy, x, dx, () -> on.groupedGemm(starts, !transposed, k, n, dy, w, dx, true));
        check(forward, y, dy, w, dw, () -> {
            if (transposed) {
                on.groupedGemmWeights(starts, n, k, dy, x, dw, true);
            } else {
                on.groupedGemmWeights(starts, k, n, x, dy, dw, true);
            }
        });
    }

    @Property(seed = "1")
    void rowGradientOfGatherDotAndGatherSum(@ForAll @IntRange(min = 1, max = 4) int tokens, @ForAll @IntRange(min = 1, max = 3) int perRow,
            @ForAll @IntRange(min = 1, max = 5) int tableRows, @ForAll @IntRange(min = 1, max = 5) int width, @ForAll boolean weighted, @ForAll long seed) {
        Storage table = draw(seed, (long) tableRows * width, -1, 1);
        IntStorage ids = IntStorage.of(IntStream.range(0, tokens * perRow).map(p -> random.below(p, tableRows + 1) - 1).toArray());
        RowIndex index = on.rowIndex(ids, on::allocateInts);
        Storage x = draw((long) tokens * width);
        Storage s = on.allocate(ids.length());
        Storage ds = draw(ids.length());
        Storage dtable = draw((long) tableRows * width);
        check(() -> on.gatherDot(x, table, width, ids, perRow, s, false), s, ds, table, dtable, () -> addRows(index, ds, x, perRow, width, dtable));

        Storage weights = weighted ? draw(ids.length()) : null;
        Storage y = on.allocate((long) tokens * width);
        Storage dy = draw((long) tokens * width);
        Forward sum = () -> on.gatherSum(weights, table, width, ids, perRow, y, false);
        check(sum, y, dy, table, dtable, () -> addRows(index, weights, dy, perRow, width, dtable));
        if (weighted) {
            Storage dweights = draw(ids.length());
            check(sum, y, dy, weights, dweights, () -> on.gatherDot(dy, table, width, ids, perRow, dweights, true));
        }
    }

    @Property(seed = "1")
    void scattersAreTheGradientsOfGathers(@ForAll @IntRange(min = 1, max = 4) int rows, @ForAll @IntRange(min = 1, max = 5) int cols,
            @ForAll @IntRange(min = 1, max = 4) int k, @ForAll long seed) {
        Storage x = draw(seed, (long) rows * cols, -1, 1);
        IntStorage columns = IntStorage.of(IntStream.range(0, rows * k).map(p -> random.below(p, cols + 1) - 1).toArray());
        Storage y = on.allocate((long) rows * k);
        Storage dy = draw((long) rows * k);
        Storage dx = draw((long) rows * cols);
        check(() -> on.gatherColumns(x, rows, cols, columns, k, y), y, dy, x, dx, () -> on.scatterAddColumns(dy, rows, cols, columns, k, dx));

        IntStorage picked = IntStorage.of(IntStream.range(0, 6).map(p -> random.below(100 + p, rows + 1) - 1).toArray());
        Storage out = on.allocate(6L * cols);
        Storage dout = draw(6L * cols);
        check(() -> on.gatherRows(x, cols, picked, out), out, dout, x, dx, () -> on.scatterAddRows(dout, cols, picked, dx));
    }

    @Property(seed = "1")
    void softmaxGrad(@ForAll @IntRange(min = 1, max = 3) int rows, @ForAll @IntRange(min = 1, max = 6) int cols, @ForAll long seed) {
        Storage x = draw(seed, (long) rows * cols, -3, 3);
        Storage y = on.allocate((long) rows * cols);
        Storage dy = draw((long) rows * cols);
        Storage dx = draw((long) rows * cols);
        check(() -> on.softmax(x, rows, cols, y), y, dy, x, dx, () -> on.softmaxGrad(y, dy, rows, cols, dx));
    }

    @Property(seed = "1")
    void crossEntropyGrad(@ForAll @IntRange(min = 1, max = 3) int rows, @ForAll @IntRange(min = 1, max = 6) int cols, @ForAll boolean smoothed, @ForAll long seed) {
        Storage x = draw(seed, (long) rows * cols, -3, 3);
        double smoothing = smoothed ? 0.2 : 0;
        IntStorage targets = IntStorage.of(IntStream.range(0, rows).map(r -> random.below(r, cols + 1) - 1).toArray());
        Storage loss = on.allocate(rows);
        Storage lse = on.allocate(rows);
        Storage dloss = draw(rows);
        Storage dx = draw((long) rows * cols);
        check(() -> on.crossEntropy(x, rows, cols, targets, smoothing, loss, lse), loss, dloss, x, dx,
                () -> on.crossEntropyGrad(x, lse, rows, cols, targets, smoothing, dloss, dx, true));
    }

    @Property(seed = "1")
    void layerNormGrad(@ForAll @IntRange(min = 1, max = 3) int rows, @ForAll @IntRange(min = 1, max = 6) int cols, @ForAll boolean gained, @ForAll long seed) {
        Storage x = draw(seed, (long) rows * cols, -1, 1);
        Storage gain = gained ? draw(cols) : null;
        Storage bias = draw(cols);
        Storage y = on.allocate((long) rows * cols);
        Storage mean = on.allocate(rows);
        Storage rstd = on.allocate(rows);
        Storage dy = draw((long) rows * cols);
        Storage dx = draw((long) rows * cols);
        Storage dgain = draw(cols);
        Storage dbias = draw(cols);
        Forward forward = () -> on.layerNorm(x, gain, bias, 0.1, rows, cols, y, mean, rstd);
        check(forward, y, dy, x, dx, () -> on.layerNormGrad(x, gain, mean, rstd, dy, rows, cols, dx, null, null));
        check(forward, y, dy, bias, dbias, () -> on.layerNormGrad(x, gain, mean, rstd, dy, rows, cols, null, null, dbias));
        if (gained) {
            check(forward, y, dy, gain, dgain, () -> on.layerNormGrad(x, gain, mean, rstd, dy, rows, cols, null, dgain, null));
        }
    }

    @Property(seed = "1")
    void rmsNormGrad(@ForAll @IntRange(min = 1, max = 3) int rows, @ForAll @IntRange(min = 1, max = 6) int cols, @ForAll boolean gained, @ForAll long seed) {
        Storage x = draw(seed, (long) rows * cols, -1, 1);
        Storage gain = gained ? draw(cols) : null;
        Storage y = on.allocate((long) rows * cols);
        Storage rrms = on.allocate(rows);
        Storage dy = draw((long) rows * cols);
        Storage dx = draw((long) rows * cols);
        Storage dgain = draw(cols);
        Forward forward = () -> on.rmsNorm(x, gain, 0.1, rows, cols, y, rrms);
        check(forward, y, dy, x, dx, () -> on.rmsNormGrad(x, gain, rrms, dy, rows, cols, dx, null));
        if (gained) {
            check(forward, y, dy, gain, dgain, () -> on.rmsNormGrad(x, gain, rrms, dy, rows, cols, null, dgain));
        }
    }

    @Property(tries = 100, seed = "1")
    void attentionGrad(@ForAll @IntRange(min = 1, max = 2) int batch, @ForAll @IntRange(min = 1, max = 5) int time, @ForAll @IntRange(min = 1, max = 6) int others,
            @ForAll @IntRange(min = 1, max = 4) int heads, @ForAll @IntRange(min = 1, max = 4) int headDim, @ForAll boolean causal, @ForAll boolean bent, @ForAll long seed) {
        int keyHeads = heads % 2 == 0 ? heads / 2 : heads;
        AttentionShape shape = new AttentionShape(batch, time, causal ? time : others, heads, keyHeads, headDim, 0.7, causal, bent ? 0.6 : 0);
        long queries = (long) batch * time * heads * headDim;
        long keys = (long) batch * shape.keys() * keyHeads * headDim;
        long distances = (long) heads * shape.distances();
        Storage q = draw(seed, queries, -1, 1);
        Storage k = draw(keys);
        Storage v = draw(keys);
        Storage bias = bent ? draw(distances) : null;
        Storage y = on.allocate(queries);
        Storage lse = on.allocate(queries / headDim);
        Storage dy = draw(queries);
        Storage dq = draw(queries);
        Storage dk = draw(keys);
        Storage dv = draw(keys);
        Storage dbias = draw(distances);
        Forward forward = () -> on.attention(shape, q, k, v, bias, y, lse);
        check(forward, y, dy, q, dq, () -> on.attentionGrad(shape, q, k, v, bias, y, lse, dy, dq, on.allocate(keys), on.allocate(keys), null));
        check(forward, y, dy, k, dk, () -> on.attentionGrad(shape, q, k, v, bias, y, lse, dy, on.allocate(queries), dk, on.allocate(keys), null));
        check(forward, y, dy, v, dv, () -> on.attentionGrad(shape, q, k, v, bias, y, lse, dy, on.allocate(queries), on.allocate(keys), dv, null));
        if (bent) {
            check(forward, y, dy, bias, dbias,
                    () -> on.attentionGrad(shape, q, k, v, bias, y, lse, dy, on.allocate(queries), on.allocate(keys), on.allocate(keys), dbias));
        }
    }

    @Property(tries = 30, seed = "1")
    void turningBackIsTheGradientOfRotary(@ForAll @IntRange(min = 1, max = 4) int time, @ForAll @IntRange(min = 1, max = 3) int pairs, @ForAll long seed) {
        int size = 2 * time * 2 * 2 * pairs;
        Storage x = draw(seed, size, -1, 1);
        Storage y = on.allocate(size);
        Storage dy = draw(size);
        Storage dx = draw(size);
        check(() -> on.rotary(2, time, 2, 2 * pairs, 100, 3, false, x, y, false), y, dy, x, dx,
                () -> on.rotary(2, time, 2, 2 * pairs, 100, 3, true, dy, dx, true));
    }

    /** What {@code backward} adds to dx is the slope of sum(dy y) along every value of x. */
    private static void check(Forward forward, Storage y, Storage dy, Storage x, Storage dx, Forward backward) {
        forward.run();
        double[] before = values(dx);
        backward.run();
        double[] after = values(dx);
        for (int i = 0; i < before.length; i++) {
            double at = x.get(i);
            x.set(i, at + STEP);
            double above = weightedSum(forward, y, dy);
            x.set(i, at - STEP);
            double below = weightedSum(forward, y, dy);
            x.set(i, at);
            double slope = (above - below) / (2 * STEP);
            assertThat(after[i] - before[i]).as("gradient at %d of %d", i, before.length).isCloseTo(slope, within(1e-7 * (1 + Math.abs(slope))));
        }
        forward.run();
    }

    private static double weightedSum(Forward forward, Storage y, Storage dy) {
        forward.run();
        double sum = 0;
        for (int i = 0; i < y.size(); i++) {
            sum += y.get(i) * dy.get(i);
        }
        return sum;
    }

    private static double[] values(Storage x) {
        double[] values = new double[(int) x.size()];
        x.read(0, values);
        return values;
    }

    /** Adds the gradient of the touched rows to the gradient of the whole table. */
    private void addRows(RowIndex index, Storage coefficients, Storage source, int perRow, int width, Storage dtable) {
        Storage touched = on.allocate((long) index.count() * width);
        on.rowGradient(new RowSums(index, coefficients, source, perRow, width), touched, true);
        on.scatterAddRows(touched, width, index.rows(), dtable);
    }

    private Storage draw(long seed, long size, double low, double high) {
        random = CounterRandom.of(seed, "gradients");
        return draw(size, low, high);
    }

    private Storage draw(long size) {
        return draw(size, -1, 1);
    }

    private Storage draw(long size, double low, double high) {
        random = random.at(size);
        Storage x = on.allocate(size);
        on.uniform(random, low, high, x);
        return x;
    }

    /** Clearly below or above every value of [1, 2). */
    private Storage straddling(long size) {
        Storage x = draw(size);
        for (long i = 0; i < size; i++) {
            x.set(i, x.get(i) < 0 ? 0.5 : 2.5);
        }
        return x;
    }

    /** Moves values away from where a function has no derivative: 0 and the bounds of clamp and step. */
    private static Storage awayFromKinks(Storage x) {
        for (long i = 0; i < x.size(); i++) {
            for (double kink : new double[] {0, -0.7, 0.4, 0.2}) {
                if (Math.abs(x.get(i) - kink) < 1e-3) {
                    x.set(i, kink + 2e-3);
                }
            }
        }
        return x;
    }

    private static Shape stretched(int[] dims, int axes) {
        int[] kept = Arrays.copyOf(dims, 3);
        for (int axis = 0; axis < 3; axis++) {
            if ((axes >> axis & 1) == 1) {
                kept[axis] = 1;
            }
        }
        return Shape.of(kept);
    }

    @Provide
    Arbitrary<Unary> functions() {
        return Arbitraries.of(ElementwiseCases.functions());
    }
}
