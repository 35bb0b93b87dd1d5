package org.moe4j.golden;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.experts.AuxiliaryLoss;
import org.moe4j.experts.Experts;
import org.moe4j.experts.FeedForward;
import org.moe4j.experts.FeedForwardSpec;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.experts.MlpExperts;
import org.moe4j.experts.NoisyTopKRouter;
import org.moe4j.model.LanguageModel;
import org.moe4j.model.RecurrentModel;
import org.moe4j.nn.Activation;
import org.moe4j.nn.Init;
import org.moe4j.nn.Pass;
import org.moe4j.tensor.Shape;

/** The stack of 2017: an LSTM, a noisy top-k mixture, an LSTM, each with a residual connection. */
final class LstmMoeModel implements EndToEndCases.Model {
    private final int[] ids;
    private final int batch;
    private final int time;
    private final RecurrentModel model;
    private final Mixture mixture;

    LstmMoeModel(GoldenCase c, Bench bench) {
        ids = c.integers("in.ids");
        batch = c.tensor("in.ids").shape().dim(0);
        time = c.tensor("in.ids").shape().dim(1);
        int dim = c.integer("D");
        FeedForwardSpec layer = new MixtureOfExperts.Spec(new NoisyTopKRouter.Spec(c.integer("E"), c.integer("k"), 1, 1, 0.01),
            new MlpExperts.Spec(c.integer("hidden"), Activation.RELU, false));
        RecurrentModel.Spec spec = new RecurrentModel.Spec(c.integer("V"), dim, time, false, true, 0, true, true,
            List.of(RecurrentModel.Layer.lstm(dim, 0), RecurrentModel.Layer.of(layer), RecurrentModel.Layer.lstm(dim, 0)));
        mixture = new Mixture((MixtureOfExperts.Spec) layer, dim, c.values("noise.normal"), bench.init().at("mixture"));
        model = new RecurrentModel(spec, List.of(mixture), bench.init());
        bench.load(model, weights(bench));
    }

    private static Map<String, Layout> weights(Bench bench) {
        Map<String, Layout> weights = new HashMap<>();
        weights.put("embedding.weight", bench.at("w.emb.weight"));
        weights.putAll(RecurrentCases.cell(bench, "blocks.0.lstm.layers.0.", "w.lstm1.", "_l0"));
        weights.put("mixture.gate", bench.at("w.w_gate").transpose());
        weights.put("mixture.noise", bench.at("w.w_noise").transpose());
        weights.put("mixture.in", bench.at("w.w_0").permute(0, 2, 1));
        weights.put("mixture.out", bench.at("w.w_1").permute(0, 2, 1));
        weights.putAll(RecurrentCases.cell(bench, "blocks.2.lstm.layers.0.", "w.lstm2.", "_l0"));
        weights.put("head.weight", bench.at("w.head.weight"));
        weights.put("head.bias", bench.at("w.head.bias"));
        return weights;
    }

    @Override
    public List<Parameter> parameters() {
        return model.parameters();
    }

    @Override
    public EndToEndCases.Step forward(Tape t, int step) {
        mixture.step = step;
        LanguageModel.Output output = model.forward(t, ids, Pass.training(batch, time, 0, step));
        Variable balance = output.losses().stream().map(AuxiliaryLoss::value).reduce(t::add).orElseThrow();
        return new EndToEndCases.Step(output.logits(t), balance, output.routings().getFirst().expert().toArray());
    }

    /** A mixture with the case's noise, also in evaluation, whose output the source scales by sqrt(D/H). */
    private static final class Mixture extends FeedForward {
        private final NoisyTopKRouter.Spec spec;
        private final Parameter gate;
        private final Parameter spread;
        private final Experts experts;
        private final double scale;
        private final double[] noise;
        private int step;

        Mixture(MixtureOfExperts.Spec layer, int dim, double[] noise, Init init) {
            this.spec = (NoisyTopKRouter.Spec) layer.router();
            this.gate = own(init.zeros("gate", Shape.of(spec.experts(), dim)));
            this.spread = own(init.zeros("noise", Shape.of(spec.experts(), dim)));
            this.experts = part(layer.experts().build(dim, spec.experts(), init));
            this.scale = Math.sqrt(dim / (double) layer.experts().hidden());
            this.noise = noise;
        }

        @Override
        public Result forward(Tape t, Variable x, Pass pass) {
            Variable clean = t.linear(x, gate, null);
            Variable deviation = t.addScalar(t.softplus(t.linear(x, spread, null)), spec.noiseEpsilon());
            int drawn = Math.toIntExact(clean.shape().size());
            Variable z = t.constant(clean.shape(), Arrays.copyOfRange(noise, step * drawn, (step + 1) * drawn));
            NoisyTopKRouter.Gated gated = NoisyTopKRouter.gate(t, clean, deviation, z, pass.keep(), spec);
            return new Result(t.scale(experts.forward(t, x, gated.routing()), scale), gated.routing().losses(), gated.routing());
        }
    }
}
