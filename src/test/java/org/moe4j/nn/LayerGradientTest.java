package org.moe4j.nn;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.moe4j.autodiff.GradientCheck;
import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.backend.Backend;
import org.moe4j.backend.reference.ReferenceBackend;
import org.moe4j.tensor.CounterRandom;

/** Every layer's gradients, by its weights and its inputs, agree with central differences. */
class LayerGradientTest {
    private static final Backend ON = new ReferenceBackend();
    private static final Init INIT = new Init(ON, 7);
    private static final Pass PASS = Pass.training(2, 3, 5, 0);
    private static final CausalSelfAttention.Spec EVERYTHING = new CausalSelfAttention.Spec(4, 2, null, 100.0, new RelativeBias.Spec(4, 3),
        CausalSelfAttention.Biases.ALL, CausalSelfAttention.QueryKeyNorm.ALL_HEADS, 1.3, 0.9);

    private static Parameter point(String name, int... dims) {
        return GradientCheck.point(ON, name, CounterRandom.of(11, "layers"), dims);
    }

    static Stream<Arguments> layers() {
        Parameter x = point("x", 6, 8);
        Parameter sequences = point("sequences", 2, 3, 8);
        Parameter images = point("images", 3, 2, 4);
        Parameter h = point("h", 6, 5);
        Parameter c = point("c", 6, 5);
        Linear linear = new Linear(8, 3, true, INIT);
        LayerNorm layerNorm = new LayerNorm(8, 1e-5, INIT);
        LayerNorm gainOnly = LayerNorm.gainOnly(8, 1e-5, INIT);
        RmsNorm rmsNorm = new RmsNorm(8, 1e-5, INIT);
        BatchNorm batchNorm = new BatchNorm(8, 1e-5, 0.1, INIT);
        BatchNorm perChannel = new BatchNorm(2, 1e-5, 0.1, INIT);
        Embedding embedding = new Embedding(5, 3, 1, INIT);
        Dropout dropout = new Dropout(0.3, INIT);
        CausalSelfAttention attention = new CausalSelfAttention(8, EVERYTHING, INIT);
        CausalSelfAttention plain = new CausalSelfAttention(8, CausalSelfAttention.Spec.plain(2), INIT);
        CausalSelfAttention wide = new CausalSelfAttention(8, CausalSelfAttention.Spec.plain(3).withHeadDim(5)
            .withNorm(CausalSelfAttention.QueryKeyNorm.EACH_HEAD).withBiases(CausalSelfAttention.Biases.QUERY_KEY_VALUE), INIT);
        Attention across = new Attention(8, CausalSelfAttention.Spec.plain(2), INIT);
        RelativeBias bias = new RelativeBias(2, new RelativeBias.Spec(4, 3), INIT);
        Parameter memory = point("memory", 10, 8);
        MultiHeadAttention withProbabilities = new MultiHeadAttention(8, 2, true, INIT);
        LstmCell cell = new LstmCell(8, 5, 0, true, INIT);
        GruCell gru = new GruCell(8, 5, INIT);
        Lstm lstm = new Lstm(8, 4, 2, 3, true, INIT);
        Parameter h0 = point("h0", 2, 3, 3);
        Parameter c0 = point("c0", 2, 3, 4);
        return Stream.of(
                layer(linear, t -> List.of(linear.forward(t, x)), x),
                layer(layerNorm, t -> List.of(layerNorm.forward(t, x)), x),
                layer(gainOnly, t -> List.of(gainOnly.forward(t, x)), x),
                layer(rmsNorm, t -> List.of(rmsNorm.forward(t, x)), x),
                layer(batchNorm, t -> List.of(batchNorm.forward(t, x, true)), x),
                layer(batchNorm, t -> List.of(batchNorm.forward(t, x, false)), x),
                layer(perChannel, t -> List.of(perChannel.forward(t, images, true)), images),
                layer(embedding, t -> List.of(embedding.forward(t, new int[] {4, 0, 4}))),
                layer(dropout, t -> List.of(dropout.forward(t, x, PASS)), x),
                layer(attention, t -> List.of(attention.forward(t, x, PASS)), x),
                layer(plain, t -> List.of(plain.forward(t, x, PASS)), x),
                layer(wide, t -> List.of(wide.forward(t, x, PASS)), x),
                layer(across, t -> List.of(across.forward(t, x, memory, 2, false, null)), x, memory),
                layer(bias, t -> List.of(across.forward(t, x, x, 2, false, bias)), x),
                layer(withProbabilities, t -> {
                    MultiHeadAttention.Result result = withProbabilities.forward(t, sequences);
                    return List.of(result.y(), result.probabilities());
                }, sequences),
                layer(cell, t -> {
                    LstmCell.State state = cell.forward(t, x, new LstmCell.State(h, c));
                    return List.of(state.h(), state.c());
                }, x, h, c),
                layer(gru, t -> List.of(gru.forward(t, x, h)), x, h),
                layer(lstm, t -> {
                    Lstm.Result result = lstm.forward(t, sequences, new LstmCell.State(h0, c0));
                    return List.of(result.y(), result.last().h(), result.last().c());
                }, sequences, h0, c0));
    }

    private static Arguments layer(Module layer, Function<Tape, List<Variable>> outputs, Parameter... inputs) {
        return Arguments.of(layer, outputs, List.of(inputs));
    }

    @ParameterizedTest
    @MethodSource("layers")
    void gradientIsTheDerivative(Module layer, Function<Tape, List<Variable>> outputs, List<Parameter> inputs) {
        List<Parameter> all = new ArrayList<>(layer.parameters());
        all.addAll(inputs);
        GradientCheck.Result worst = GradientCheck.of(ON, all, outputs, 1);
        assertThat(worst.error()).as("%s %s", layer.getClass().getSimpleName(), worst).isLessThan(1e-6);
        assertThat(worst.parameter()).isNotNull();
    }
}
