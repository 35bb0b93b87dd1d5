package org.moe4j.golden;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.experts.BalanceLosses;
import org.moe4j.experts.MlpExperts;
import org.moe4j.experts.NoisyTopKRouter;
import org.moe4j.nn.Activation;
import org.moe4j.nn.Linear;
import org.moe4j.nn.Lstm;
import org.moe4j.nn.LstmCell;
import org.moe4j.tensor.Shape;

/** The stack of 2017: an LSTM, a noisy top-k mixture, an LSTM, each with a residual connection. */
final class LstmMoeModel implements EndToEndCases.Model {
    private final double[] noise;
    private final int[] ids;
    private final int batch;
    private final int time;
    private final int dim;
    private final NoisyTopKRouter.Spec spec;
    private final Parameter embedding;
    private final Lstm first;
    private final Lstm second;
    private final Parameter gate;
    private final Parameter spread;
    private final MlpExperts experts;
    private final double scale;
    private final Linear head;
    private final List<Parameter> parameters = new ArrayList<>();

    LstmMoeModel(GoldenCase c, Bench bench) {
        noise = c.values("noise.normal");
        ids = c.integers("in.ids");
        batch = c.tensor("in.ids").shape().dim(0);
        time = c.tensor("in.ids").shape().dim(1);
        dim = c.integer("D");
        spec = new NoisyTopKRouter.Spec(c.integer("E"), c.integer("k"), 0, 0, 0);
        embedding = bench.parameter(bench.at("w.emb.weight"));
        first = lstm(bench, dim, "w.lstm1.");
        second = lstm(bench, dim, "w.lstm2.");
        gate = bench.parameter(bench.at("w.w_gate").transpose());
        spread = bench.parameter(bench.at("w.w_noise").transpose());
        experts = new MlpExperts(Activation.RELU, bench.parameter(bench.at("w.w_0").permute(0, 2, 1)), null,
            bench.parameter(bench.at("w.w_1").permute(0, 2, 1)), null, null, null);
        scale = Math.sqrt(dim / (double) c.integer("hidden"));
        head = new Linear(dim, c.integer("V"), true, bench.init());
        bench.load(head, Map.of("weight", bench.at("w.head.weight"), "bias", bench.at("w.head.bias")));
        parameters.addAll(List.of(embedding, gate, spread));
        List.of(first, second, experts, head).forEach(part -> parameters.addAll(part.parameters()));
    }

    private static Lstm lstm(Bench bench, int dim, String name) {
        Lstm lstm = new Lstm(dim, dim, 1, 0, bench.init());
        bench.load(lstm, new LinkedHashMap<>(RecurrentCases.cell(bench, "layers.0.", name, "_l0")));
        return lstm;
    }

    @Override
    public List<Parameter> parameters() {
        return parameters;
    }

    @Override
    public EndToEndCases.Step forward(Tape t, int step) {
        Variable x = t.permute(t.embedding(embedding, ids, Shape.of(batch, time)), 1, 0, 2);                 // (T, B, D)
        Variable h = t.reshape(t.permute(residual(t, first, x), 1, 0, 2), batch * time, dim);               // (B·T, D)
        Variable clean = t.linear(h, gate, null);
        Variable deviation = t.addScalar(t.softplus(t.linear(h, spread, null)), 0.01);
        int drawn = batch * time * spec.experts();
        Variable z = t.constant(clean.shape(), Arrays.copyOfRange(noise, step * drawn, (step + 1) * drawn));
        NoisyTopKRouter.Gated gated = NoisyTopKRouter.gate(t, clean, deviation, z, null, spec);
        Variable mixed = t.add(t.sigmoid(t.scale(experts.forward(t, h, gated.routing()), scale)), h);
        Variable last = residual(t, second, t.permute(t.reshape(mixed, batch, time, dim), 1, 0, 2));
        Variable logits = head.forward(t, t.reshape(t.permute(last, 1, 0, 2), batch * time, dim));
        Variable balance = t.add(BalanceLosses.squaredVariation(t, gated.importance()), BalanceLosses.squaredVariation(t, gated.load()));
        return new EndToEndCases.Step(logits, balance, gated.routing().expert());
    }

    /** x plus the LSTM's output, from a state of zeros. */
    private Variable residual(Tape t, Lstm lstm, Variable x) {
        Variable zero = t.filled(Shape.of(1, batch, dim), 0);
        return t.add(lstm.forward(t, x, new LstmCell.State(zero, zero)).y(), x);
    }
}
