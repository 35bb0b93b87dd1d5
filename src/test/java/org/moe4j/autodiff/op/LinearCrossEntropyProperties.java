package org.moe4j.autodiff.op;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Function;

import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.moe4j.autodiff.Arena;
import org.moe4j.autodiff.GradientCheck;
import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.backend.Backend;
import org.moe4j.backend.Backends;
import org.moe4j.tensor.CounterRandom;
import org.moe4j.tensor.IntStorage;

/** The output layer and its loss as one operation are what they are as two. */
class LinearCrossEntropyProperties {
    private static final double UPSTREAM = -1.7;

    private final Backend reference = Backends.open("reference", 1);

    /** An output layer with inputs. */
    private record Head(Parameter x, Parameter w, Parameter b, int[] targets) {
        Head(Backend on, int rows, int dim, int classes, boolean biased, long seed) {
            this(point(on, "x", seed, rows, dim), point(on, "w", seed, classes, dim), biased ? point(on, "b", seed, classes) : null,
                new Random(seed).ints(rows, 0, classes).map(target -> target % 5 == 4 ? -1 : target).toArray());
        }

        private static Parameter point(Backend on, String name, long seed, int... dims) {
            return GradientCheck.point(on, name, CounterRandom.of(seed, name), dims);
        }

        Variable whole(Tape t) {
            return t.crossEntropy(t.linear(x, w, b), targets);
        }

        Variable inBlocks(Tape t, int block) {
            return t.run(new LinearCrossEntropy(x, w, b, IntStorage.of(targets), block, t.recording()));
        }

        List<Parameter> parameters() {
            return b == null ? List.of(x, w) : List.of(x, w, b);
        }

        /** The loss, then the gradients of the parameters, which then have none, by {@link #UPSTREAM} times the loss in each of two passes. */
        List<double[]> results(Backend on, Function<Tape, Variable> loss) {
            List<double[]> all = new ArrayList<>();
            for (int pass = 0; pass < 2; pass++) {
                try (Tape t = new Tape(on, new Arena(on))) {
                    Variable value = loss.apply(t);
                    all.add(value.value().toDoubles());
                    t.backward(t.scale(value, UPSTREAM));
                }
            }
            for (Parameter p : parameters()) {
                all.add(p.gradientToDoubles());
                p.clearGrad(on);
            }
            return all;
        }
    }

    @Property(tries = 200)
    void isTheSeparateOperations(@ForAll @IntRange(min = 1, max = 40) int rows, @ForAll @IntRange(min = 1, max = 9) int dim,
            @ForAll @IntRange(min = 1, max = 150) int classes, @ForAll @IntRange(min = 1, max = 50) int block, @ForAll boolean biased, @ForAll long seed) {
        Head head = new Head(reference, rows, dim, classes, biased, seed);
        List<double[]> wanted = head.results(reference, head::whole);
        close(head.results(reference, t -> head.inBlocks(t, block)), wanted, 1e-12);
        try (Backend simd = Backends.open("simd", 2)) {
            Head fast = new Head(simd, rows, dim, classes, biased, seed);
            close(fast.results(simd, t -> fast.inBlocks(t, block)), wanted, 1e-5);
        }
    }

    private static void close(List<double[]> all, List<double[]> wanted, double tolerance) {
        for (int i = 0; i < wanted.size(); i++) {
            assertThat(all.get(i)).as("result " + i).usingComparatorWithPrecision(tolerance).containsExactly(wanted.get(i));
        }
    }

    @Property(tries = 20)
    void hasTheSameBitsOnAnyThreadsAndInAnyBlocks(@ForAll @IntRange(min = 1, max = 300) int rows, @ForAll @IntRange(min = 1, max = 70) int dim,
            @ForAll @IntRange(min = 2, max = 600) int classes, @ForAll @IntRange(min = 1, max = 300) int block, @ForAll long seed) {
        List<double[]> one = onSimd(1, rows, dim, classes, rows, seed);
        for (int threads = 1; threads <= 3; threads++) {
            List<double[]> several = onSimd(threads, rows, dim, classes, block, seed);
            for (int i = 0; i < one.size(); i++) {
                assertThat(Arrays.equals(several.get(i), one.get(i))).as("result %d on %d threads", i, threads).isTrue();
            }
        }
    }

    private static List<double[]> onSimd(int threads, int rows, int dim, int classes, int block, long seed) {
        try (Backend on = Backends.open("simd", threads)) {
            Head head = new Head(on, rows, dim, classes, false, seed);
            return head.results(on, t -> head.inBlocks(t, block));
        }
    }

    /** Rows that don't count have neither loss nor gradient, whatever their logits are. */
    @Example
    void rowsWithoutATarget() {
        Head head = new Head(reference, 3, 2, 4, true, 1);
        System.arraycopy(new int[] {2, -1, 3}, 0, head.targets, 0, 3);
        List<double[]> before = head.results(reference, t -> head.inBlocks(t, 2));
        head.x.data().set(2, 1e300);
        head.x.data().set(3, -1e300);
        List<double[]> after = head.results(reference, t -> head.inBlocks(t, 2));
        close(after, before, 0);
        close(List.of(Arrays.copyOfRange(after.get(2), 2, 4)), List.of(new double[2]), 0);
        Arrays.fill(head.targets, -1);
        for (double[] values : head.results(reference, t -> head.inBlocks(t, 2))) {
            close(List.of(values), List.of(new double[values.length]), 0);
        }
    }

    @Example
    void frozenWeightsGetNoGradient() {
        Head head = new Head(reference, 5, 3, 4, true, 1);
        double[] dx = head.results(reference, head::whole).get(2);
        head.w.setTrained(false);
        head.b.setTrained(false);
        close(List.of(head.results(reference, t -> head.inBlocks(t, 2)).get(2)), List.of(dx), 1e-12);
        assertThat(head.w.grad()).isNull();
    }

    /** 1,000 rows of 700 classes in blocks of 100: logits of a tenth, the gradients and little more; without a gradient only the logits. */
    @Example
    void allLogitsAreNeverThere() {
        Head head = new Head(reference, 1000, 4, 700, false, 1);
        for (boolean recording : new boolean[] {true, false}) {
            Arena arena = new Arena(reference);
            try (Tape t = new Tape(reference, arena, recording)) {
                Variable loss = head.inBlocks(t, 100);
                if (recording) {
                    t.backward(loss);
                }
            }
            long values = arena.peakBytes() / reference.bytesPerValue();
            long most = 100 * 700 + 1000 + 2 * 100 + (recording ? 2 * 4 * (1000 + 700) : 0);
            assertThat(values).isBetween(100L * 700, most * 9 / 8 + 512);
        }
    }

    @Example
    void badInput() {
        Head head = new Head(reference, 3, 2, 4, true, 1);
        Tape t = new Tape(reference, new Arena(reference));
        assertThatThrownBy(() -> t.linearCrossEntropy(head.x, head.w, head.b, new int[] {0, 1})).hasMessageContaining("has 2 values, wanted 3");
        assertThatThrownBy(() -> t.linearCrossEntropy(head.x, head.w, head.b, new int[] {0, 4, 1})).hasMessageContaining("is 4, but there are only 4");
        assertThatThrownBy(() -> t.linearCrossEntropy(head.w, head.x, head.b, new int[4])).hasMessageContaining("the bias is (4), wanted (3)");
    }
}
