package org.moe4j.surgery;

import java.util.Arrays;
import java.util.List;
import java.util.function.LongFunction;
import org.moe4j.autodiff.Arena;
import org.moe4j.autodiff.Tape;
import org.moe4j.backend.Backend;
import org.moe4j.data.Batch;
import org.moe4j.experts.DenseFeedForward;
import org.moe4j.experts.FeedForwardSpec;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.experts.MlpExperts;
import org.moe4j.experts.RouterSpec;
import org.moe4j.experts.RoutingStatistics;
import org.moe4j.model.LanguageModel;
import org.moe4j.model.Repeat;
import org.moe4j.model.Transformer;
import org.moe4j.nn.Activation;
import org.moe4j.nn.CausalSelfAttention;
import org.moe4j.nn.Init;
import org.moe4j.nn.Pass;
import org.moe4j.tensor.CounterRandom;
import org.moe4j.train.Trainer;
import org.moe4j.train.TrainingSpec;

/** Models small enough to train and operate on within a test. */
final class Tiny {
    static final int VOCABULARY = 24;
    static final int TIME = 8;

    private Tiny() {}

    static DenseFeedForward.Spec dense(Activation activation, boolean bias) {
        return new DenseFeedForward.Spec(24, activation, bias);
    }

    static MixtureOfExperts.Spec mixture(RouterSpec router) {
        return new MixtureOfExperts.Spec(router, new MlpExperts.Spec(8, Activation.SWIGLU, true));
    }

    static LanguageModel model(Backend on, long seed, FeedForwardSpec... layers) {
        return new Transformer.Spec(VOCABULARY, 16, TIME, CausalSelfAttention.Spec.rotary(2, 1, 10_000), false, Repeat.each(List.of(layers))).build(new Init(on, seed));
    }

    /** A model after some steps, so that no weight is as it began; biases too. */
    static LanguageModel trained(Backend on, long seed, FeedForwardSpec... layers) {
        LanguageModel model = model(on, seed, layers);
        new Trainer(on, model, TrainingSpec.of(4, 10, 0.02).withSeed(seed), counting(4, 0), null).run(m -> {});
        return model;
    }

    /** Sequences of one domain that count upwards from anywhere, with a wrong token here and there. */
    static LongFunction<Batch> counting(int batch, int domain) {
        return step -> {
            CounterRandom random = CounterRandom.of(5 + domain, "counting").at(step);
            int[] text = new int[batch * (TIME + 1)];
            for (int i = 0; i < text.length; i++) {
                boolean wrong = i % (TIME + 1) == 0 || random.uniform(i) < 0.1;
                text[i] = wrong ? random.below(i + text.length, VOCABULARY) : (text[i - 1] + 1 + domain) % VOCABULARY;
            }
            int[] tokens = new int[batch * TIME];
            int[] targets = new int[batch * TIME];
            int[] domains = new int[batch];
            Arrays.fill(domains, domain);
            Arrays.setAll(tokens, i -> text[i / TIME * (TIME + 1) + i % TIME]);
            Arrays.setAll(targets, i -> text[i / TIME * (TIME + 1) + i % TIME + 1]);
            return new Batch(batch, TIME, tokens, targets, domains);
        };
    }

    /** Logits, loss and loads on some sequences of one domain. */
    record Answer(double[] logits, double loss, List<RoutingStatistics> loads) {
        double difference(Answer other) {
            double most = 0;
            for (int i = 0; i < logits.length; i++) {
                most = Math.max(most, Math.abs(logits[i] - other.logits[i]));
            }
            return most;
        }
    }

    static Answer ask(Backend on, LanguageModel model, int domain) {
        return ask(on, model, counting(8, domain).apply(-1));
    }

    static Answer ask(Backend on, LanguageModel model, Batch batch) {
        try (Tape t = new Tape(on, new Arena(on), false)) {
            LanguageModel.Output output = model.forward(t, batch.tokens(), Pass.evaluation(batch.batch(), batch.time()).withDomains(batch.domains()));
            return new Answer(output.logits(t).value().toDoubles(), output.crossEntropy(t, batch.targets()).value().item(),
                output.routings().stream().map(RoutingStatistics::of).toList());
        }
    }
}
