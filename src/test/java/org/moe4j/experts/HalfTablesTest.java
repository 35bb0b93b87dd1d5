package org.moe4j.experts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.moe4j.autodiff.Arena;
import org.moe4j.autodiff.GradientCheck;
import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.backend.Backend;
import org.moe4j.backend.OpenedBackend;
import org.moe4j.backend.simd.SimdBackend;
import org.moe4j.io.InputException;
import org.moe4j.nn.Activation;
import org.moe4j.nn.Init;
import org.moe4j.nn.TableValues;
import org.moe4j.tensor.Shape;
import org.moe4j.tensor.ValueType;

/** Banks whose tables are bfloat16: the same function of the rounded values, and the same gradients, to the last bit. */
class HalfTablesTest {
    private static final int TOKENS = 7;
    private static final int DIM = 20;
    private static final int EXPERTS = 9;

    static Stream<Arguments> banks() {
        return Stream.of(Arguments.of(new SingleNeuronExperts.Spec(Activation.GELU, TableValues.BFLOAT16), new SingleNeuronExperts.Spec(Activation.GELU)),
            Arguments.of(new SingleNeuronExperts.Spec(Activation.SWIGLU, TableValues.BFLOAT16), new SingleNeuronExperts.Spec(Activation.SWIGLU)),
            Arguments.of(new ValueExperts.Spec(TableValues.BFLOAT16), new ValueExperts.Spec()));
    }

    @ParameterizedTest
    @MethodSource("banks")
    void areTheFunctionOfTheirRoundedValues(ExpertsSpec half, ExpertsSpec whole) {
        assertThat(run(Trial.ON, half, null)).isDeepEqualTo(run(Trial.ON, whole, half));
        try (Backend one = new SimdBackend(1); Backend three = new SimdBackend(3)) {
            double[][] single = run(one, half, null);
            assertThat(run(three, half, null)).isDeepEqualTo(single);
            assertThat(Arrays.equals(single[0], run(one, whole, null)[0])).as("float32 tables would give the same").isFalse();
        }
    }

    /** With respect to what is not a table: there central differences have no rounding in their way. */
    @ParameterizedTest
    @MethodSource("banks")
    void gradientsOfInputsAndGatesAgree(ExpertsSpec half, ExpertsSpec whole) {
        Experts bank = half.build(DIM, EXPERTS, new Init(Trial.ON, 4));
        Parameter x = Trial.normal("x", 5, TOKENS, DIM);
        Parameter gates = Trial.normal("gates", 6, TOKENS, 2);
        GradientCheck.Result worst = GradientCheck.of(Trial.ON, List.of(x, gates), t -> List.of(bank.forward(t, x, routing(gates))), 17);
        assertThat(worst.error()).as(worst::toString).isLessThan(1e-6);
    }

    /** Two projections of a gated neuron and its output, or a value, for each of the experts; shared experts that read a memory have its values too. */
    @ParameterizedTest
    @MethodSource("banks")
    void aLayerCountsItsHalves(ExpertsSpec half, ExpertsSpec whole) {
        RouterSpec router = new TopKRouter.Spec(EXPERTS, 2);
        MemoryPlusFeedForward.Spec memory = new MemoryPlusFeedForward.Spec(new ProductKeyRouter.Spec(16, 2, 2, 4), "memory", half.table());
        for (FeedForwardSpec layer : List.of(new MixtureOfExperts.Spec(router, half), memory, new GatedFeedForward.Spec(memory),
                new MixtureOfExperts.Spec(router, half, List.of(memory, memory), true), new MixtureOfExperts.Spec(router, whole, List.of(memory), false))) {
            long halves = layer.build(DIM, new Init(Trial.ON, 4)).parameters().stream().filter(p -> p.data().type() == ValueType.BFLOAT16).mapToLong(p -> p.data().size()).sum();
            assertThat(layer.halfParameters(DIM)).isEqualTo(halves).isPositive();
        }
        assertThat(new MixtureOfExperts.Spec(router, whole).halfParameters(DIM)).isZero();
    }

    @Test
    void aBackEndWithoutThemSaysSo() {
        try (Backend cuda = OpenedBackend.open(OpenedBackend.EMULATED, 1)) {
            assertThatThrownBy(() -> new ValueExperts.Spec(TableValues.BFLOAT16).build(4, 4, new Init(cuda, 1))).isInstanceOf(InputException.class)
                .hasMessage("the cuda back end has no bfloat16 tables; experts with 'table: float32' would do");
        }
    }

    /** Output and gradients, of x, the gates and the tables; these may have the values of another bank's. */
    private static double[][] run(Backend on, ExpertsSpec spec, ExpertsSpec values) {
        Experts bank = spec.build(DIM, EXPERTS, new Init(on, 4));
        if (values != null) {
            List<Parameter> rounded = values.build(DIM, EXPERTS, new Init(on, 4)).parameters();
            for (int i = 0; i < rounded.size(); i++) {
                assertThat(rounded.get(i).data().type()).isEqualTo(ValueType.BFLOAT16);
                on.copy(rounded.get(i).data(), bank.parameters().get(i).data());
            }
        }
        Parameter x = new Init(on, 5).normal("x", Shape.of(TOKENS, DIM), 1);
        Parameter gates = new Init(on, 6).normal("gates", Shape.of(TOKENS, 2), 1);
        List<double[]> all = new ArrayList<>();
        try (Tape t = new Tape(on, new Arena(on))) {
            Variable y = bank.forward(t, x, routing(gates));
            all.add(y.value().toDoubles());
            t.backward(t.mean(t.square(y)));
            List<Parameter> parameters = new ArrayList<>(bank.parameters());
            parameters.addAll(List.of(x, gates));
            parameters.forEach(p -> all.add(p.gradientToDoubles()));
        }
        return all.toArray(double[][]::new);
    }

    private static Routing routing(Parameter gates) {
        return Routing.tokenChoice(EXPERTS, 2, new int[] {3, 8, 1, 0, 5, 3, 3, -1, 2, 7, 1, 0, 8, 3}, gates, null, 0, List.of());
    }
}
