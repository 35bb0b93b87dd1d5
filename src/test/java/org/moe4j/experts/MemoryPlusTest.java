package org.moe4j.experts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

import org.junit.jupiter.api.Test;
import org.moe4j.autodiff.GradientCheck;
import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.io.InputException;
import org.moe4j.nn.Init;
import org.moe4j.nn.Module;
import org.moe4j.nn.Pass;
import org.moe4j.nn.TableValues;
import org.moe4j.tensor.ValueType;

class MemoryPlusTest {
    private static final int DIM = 3;
    private static final int TOKENS = 8;
    private static final Pass PASS = Pass.training(4, 2, 1, 0);
    private static final MemoryPlusFeedForward.Spec SPEC = new MemoryPlusFeedForward.Spec(
        new ProductKeyRouter.Spec(9, 2, 2, 6, false, ProductKeyRouter.Norm.QUERY_KEY, ProductKeyRouter.Scores.SOFTMAX, true), "memory");
    private static final MemoryPlusFeedForward.Spec HALF = new MemoryPlusFeedForward.Spec(SPEC.router(), "memory", TableValues.BFLOAT16);

    /** y = (m(x) · silu(x W1)) W2, with m the plain read of the same values. */
    @Test
    void theReadIsGatedAndProjected() {
        FeedForward layer = Trial.awake(SPEC.build(DIM, new Init(Trial.ON, 3)), 4);
        Parameter values = Trial.named(layer, "shared.memory.values");
        Parameter x = Trial.normal("x", 5, TOKENS, DIM);
        try (Tape t = Trial.tape()) {
            FeedForward.Result result = layer.forward(t, x, PASS);
            double[][] read = Trial.rows(new ValueExperts(values).forward(t, x, result.routing()));
            double[][] in = Trial.rows(x);
            double[][] gate = Trial.rows(Trial.named(layer, "gate.weight"));
            double[][] out = Trial.rows(Trial.named(layer, "out.weight"));
            double[][] y = Trial.rows(result.y());
            for (int token = 0; token < TOKENS; token++) {
                double[] gated = new double[DIM];
                for (int d = 0; d < DIM; d++) {
                    double z = dot(gate[d], in[token]);
                    gated[d] = read[token][d] * z / (1 + Math.exp(-z));
                }
                for (int d = 0; d < DIM; d++) {
                    assertThat(y[token][d]).isCloseTo(dot(out[d], gated), within(1e-12));
                }
            }
        }
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }

    /** Three layers one behind the other over one memory: its rows gather gradients of all three. */
    @Test
    void gradientsOfLayersThatShareAreRight() {
        Stack stack = new Stack(new Init(Trial.ON, 3), SPEC, SPEC, SPEC);
        Parameter x = Trial.normal("x", 5, TOKENS, DIM);
        List<Parameter> all = new ArrayList<>(stack.parameters());
        all.add(x);
        GradientCheck.Result worst = GradientCheck.of(Trial.ON, all, t -> List.of(stack.forward(t, x)), 7);
        assertThat(worst.error()).as(worst::toString).isLessThan(1e-6);
    }

    /** The same sums as if each layer had the table for itself: the shared gradient is the sum of theirs. */
    @Test
    void theSharedGradientIsTheSumOfTheLayers() {
        Stack shared = new Stack(new Init(Trial.ON, 3), SPEC, SPEC);
        Stack apart = new Stack(new Init(Trial.ON, 3), SPEC, new MemoryPlusFeedForward.Spec(SPEC.router(), "other"));
        Parameter table = Trial.named(shared, "shared.memory.values");
        Parameter first = Trial.named(apart, "shared.memory.values");
        Parameter second = Trial.named(apart, "shared.other.values");
        second.data().write(0, first.value().toDoubles());
        Parameter x = Trial.normal("x", 5, TOKENS, DIM);
        for (Stack stack : List.of(shared, apart)) {
            try (Tape t = Trial.tape()) {
                t.backward(t.sum(t.square(stack.forward(t, x))));
            }
        }
        double[] a = first.gradientToDoubles();
        double[] b = second.gradientToDoubles();
        double[] sum = new double[a.length];
        Arrays.setAll(sum, i -> a[i] + b[i]);
        assertThat(table.gradientToDoubles()).containsExactly(sum, within(1e-12));
        assertThat(a).isNotEqualTo(b);
        assertThat(Arrays.stream(b).map(Math::abs).max().orElse(0)).isPositive();
        assertThat(table.rowGrad().rows().toArray()).isSorted().doesNotHaveDuplicates();
    }

    @Test
    void theLedgerCountsTheValuesOnce() {
        MemoryPlusFeedForward.Spec other = new MemoryPlusFeedForward.Spec(SPEC.router(), "other");
        FeedForwardSpec inside = new MixtureOfExperts.Spec(new TopKRouter.Spec(4, 2), new MlpExperts.Spec(), List.of(SPEC, new GatedFeedForward.Spec(SPEC)), false);
        for (FeedForwardSpec[] layers : List.of(new FeedForwardSpec[] {SPEC}, new FeedForwardSpec[] {SPEC, SPEC, SPEC},
                new FeedForwardSpec[] {SPEC, other, SPEC, new DenseFeedForward.Spec(), other}, new FeedForwardSpec[] {inside, SPEC, inside})) {
            long own = Arrays.stream(layers).mapToLong(layer -> SharedParameters.own(layer, DIM)).sum();
            long shared = SharedParameters.of(List.of(layers), DIM).stream().mapToLong(SharedParameters::parameters).sum();
            assertThat(own + shared).isEqualTo(Trial.count(new Stack(new Init(Trial.ON, 3), layers)));
        }
        // four values for a token and layer, of nine: three layers may use all
        assertThat(SharedParameters.of(List.of(SPEC, SPEC), DIM)).containsExactly(new SharedParameters("memory", 27, 0, 24));
        assertThat(SharedParameters.of(List.of(SPEC, SPEC, SPEC), DIM)).containsExactly(new SharedParameters("memory", 27, 0, 27));
        assertThat(SPEC.parameters(DIM)).isEqualTo(Trial.count(SPEC.build(DIM, new Init(Trial.ON, 3))));
        assertThat(inside.parameters(DIM)).isEqualTo(Trial.count(inside.build(DIM, new Init(Trial.ON, 3))));
    }

    /** The same function of the rounded values, and the same gradients. */
    @Test
    void valuesMayBeKeptInBfloat16() {
        Stack half = new Stack(new Init(Trial.ON, 3), HALF, HALF);
        Stack whole = new Stack(new Init(Trial.ON, 3), SPEC, SPEC);
        Parameter rounded = Trial.named(half, "shared.memory.values");
        Parameter values = Trial.named(whole, "shared.memory.values");
        assertThat(rounded.data().type()).isEqualTo(ValueType.BFLOAT16);
        assertThat(rounded.value().toDoubles()).isNotEqualTo(values.value().toDoubles());
        Trial.ON.copy(rounded.data(), values.data());
        Parameter x = Trial.normal("x", 5, TOKENS, DIM);
        List<double[]> outputs = new ArrayList<>();
        for (Stack stack : List.of(half, whole)) {
            try (Tape t = Trial.tape()) {
                Variable y = stack.forward(t, x);
                outputs.add(y.value().toDoubles());
                t.backward(t.sum(t.square(y)));
            }
        }
        assertThat(outputs.get(0)).isEqualTo(outputs.get(1));
        assertThat(rounded.gradientToDoubles()).isEqualTo(values.gradientToDoubles());
    }

    @Test
    void theirKindOfTableIsKeptWhenResized() {
        assertThat(HALF.resized(new Resize(4, 1)).table()).isEqualTo(TableValues.BFLOAT16);
    }

    @Test
    void layersThatShareWantTheSameKindOfTable() {
        assertThatThrownBy(() -> new Stack(new Init(Trial.ON, 3), SPEC, HALF)).isInstanceOf(InputException.class)
            .hasMessage("shared.memory.values is not kept as BFLOAT16 by another layer; layers that share it want the same");
    }

    @Test
    void layersThatShareWantAsManyValues() {
        MemoryPlusFeedForward.Spec larger = new MemoryPlusFeedForward.Spec(SPEC.router().withExperts(16, 4), "memory");
        assertThatThrownBy(() -> new Stack(new Init(Trial.ON, 3), SPEC, larger)).isInstanceOf(InputException.class)
            .hasMessageContaining("shared.memory.values is (9, 3) for one layer and (16, 3) for another");
    }

    /** x + f(x), layer after layer. */
    private static final class Stack extends Module {
        private final List<FeedForward> layers = new ArrayList<>();

        Stack(Init init, FeedForwardSpec... specs) {
            for (FeedForwardSpec spec : specs) {
                layers.add(part(spec.build(DIM, init.at(layers.size()))));
            }
            Trial.awake(this, 4);
        }

        Variable forward(Tape t, Variable x) {
            Variable y = x;
            for (FeedForward layer : layers) {
                y = t.add(y, layer.forward(t, y, PASS).y());
            }
            return y;
        }
    }
}
