package org.moe4j.experts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.moe4j.autodiff.Arena;
import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.backend.Backend;
import org.moe4j.backend.dry.DryBackend;
import org.moe4j.backend.simd.SimdBackend;
import org.moe4j.nn.Activation;
import org.moe4j.nn.Init;
import org.moe4j.tensor.Shape;

class SingleNeuronExpertsTest {
    /** e_i(x) = silu(w_i · x) (u_i · x) v_i, by hand for two experts of width 2. */
    @Test
    void aGatedNeuronIsItsFormula() {
        Experts neurons = new SingleNeuronExperts.Spec(Activation.SWIGLU).build(2, 2, new Init(Trial.ON, 1));
        Trial.named(neurons, "down").data().write(0, new double[] {1, 2, 3, -1});
        Trial.named(neurons, "gate").data().write(0, new double[] {0.5, 0, 0, 2});
        Trial.named(neurons, "up").data().write(0, new double[] {1, -1, 10, 0});
        Parameter x = Trial.normal("x", 1, 1, 2);
        x.data().write(0, new double[] {2, 1});
        try (Tape t = Trial.tape()) {
            double[] y = neurons.forward(t, x, Routing.tokenChoice(2, 2, new int[] {1, 0}, t.constant(Shape.of(1, 2), 0.25, 0.75), null, 0, List.of()))
                .value().toDoubles();
            double first = 0.75 * (1 / (1 + Math.exp(-1))) * 4;                    // w·x = 1, u·x = 4
            double second = 0.25 * (2 / (1 + Math.exp(-2))) * 5;                   // w·x = 2, u·x = 5
            assertThat(y).containsExactly(new double[] {first + 10 * second, -first}, within(1e-12));
        }
    }

    /** On float32 kernels the same, for any number of threads. */
    @Test
    void gatedNeuronsOnSimdAreNearTheReference() {
        double[] reference = gated(Trial.ON);
        try (Backend one = new SimdBackend(1); Backend three = new SimdBackend(3)) {
            double[] single = gated(one);
            assertThat(single).containsExactly(reference, within(1e-4));
            assertThat(gated(three)).isEqualTo(single);
        }
    }

    /** Output and the gradients of the three tables. */
    private static double[] gated(Backend on) {
        Experts neurons = new SingleNeuronExperts.Spec(Activation.GEGLU).build(20, 9, new Init(on, 4));
        Parameter x = new Init(on, 5).normal("x", Shape.of(7, 20), 1);
        int[] chosen = {3, 8, 1, 0, 5, 3, 3, 8, 2, 7, 1, 0, 8, 3};
        try (Tape t = new Tape(on, new Arena(on))) {
            Variable y = neurons.forward(t, x, Routing.tokenChoice(9, 2, chosen, t.filled(Shape.of(7, 2), 0.5), null, 0, List.of()));
            double[] output = y.value().toDoubles();
            t.backward(t.mean(t.square(y)));
            double[] all = Arrays.copyOf(output, output.length + 3 * 9 * 20);
            int at = output.length;
            for (Parameter p : neurons.parameters()) {
                double[] gradient = p.gradientToDoubles();
                System.arraycopy(gradient, 0, all, at, gradient.length);
                at += gradient.length;
            }
            return all;
        }
    }

    /** Retrieved rows are never laid out: of what the tape holds only the result (T,D) grows with the width. */
    @ParameterizedTest
    @EnumSource(names = {"GELU", "GEGLU"})
    void noTensorOfTokensBySlotsByWidth(Activation activation) {
        int tokens = 16;
        long grown = activationBytes(activation, tokens, 64) - activationBytes(activation, tokens, 32);
        assertThat(grown).isEqualTo((long) tokens * 32 * Float.BYTES);
    }

    private static long activationBytes(Activation activation, int tokens, int dim) {
        Backend on = new DryBackend();
        Experts neurons = new SingleNeuronExperts.Spec(activation).build(dim, 64, new Init(on, 1));
        try (Tape t = new Tape(on, new Arena(on))) {
            Parameter x = new Init(on, 2).zeros("x", Shape.of(tokens, dim));
            neurons.forward(t, x, Routing.tokenChoice(64, 8, new int[tokens * 8], t.filled(Shape.of(tokens, 8), 1), null, 0, List.of()));
            return t.activationBytes();
        }
    }
}
