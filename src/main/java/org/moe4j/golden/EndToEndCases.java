package org.moe4j.golden;

import java.util.Arrays;
import java.util.List;

import com.fasterxml.jackson.databind.JsonNode;
import org.moe4j.autodiff.Arena;
import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.backend.Backend;
import org.moe4j.train.Adam;
import org.moe4j.train.AdamW;
import org.moe4j.train.Gradients;
import org.moe4j.train.Optimizer;
import org.moe4j.train.Sgd;

/**
 * Small language models trained for some steps: losses, gradient norms and routing of every step, the first gradients, the last
 * weights. Which model it is, is said by the names of the weights.
 */
final class EndToEndCases implements Family {
    /** A model of a case. */
    interface Model {
        List<Parameter> parameters();

        Step forward(Tape t, int step);
    }

    /**
     * @param logits (B·T,V), batch-major
     * @param auxiliary the balance loss before its weight, or null
     * @param selected the experts of every choice
     */
    record Step(Variable logits, Variable auxiliary, int[] selected) {}

    @Override
    public void compute(GoldenCase c, Bench bench) {
        if (c.has("w.embed_tokens.weight")) {
            train(c, bench, new MixtralModel(c, bench));
        } else if (c.has("w.tok.weight")) {
            train(c, bench, new PeerModel(c, bench));
        } else if (c.has("w.lstm1.weight_ih_l0")) {
            train(c, bench, new LstmMoeModel(c, bench));
        } else {
            throw Verdict.notCovered("there is no end-to-end model of these weights");
        }
    }

    private static void train(GoldenCase c, Bench bench, Model model) {
        Backend on = bench.backend();
        int steps = c.integer("steps");
        int[] targets = nextTokens(c);
        JsonNode settings = c.config().path("optimizer");
        Optimizer optimizer = optimizer(settings, on, model.parameters());
        LearningRate learningRate = LearningRate.of(settings, steps);
        History history = new History(steps);
        Arena arena = new Arena(on);
        for (int s = 0; s < steps; s++) {
            try (Tape t = new Tape(on, arena)) {
                Step step = model.forward(t, s);
                Variable ce = t.crossEntropy(step.logits(), targets);
                Variable total = step.auxiliary() == null ? ce : t.add(ce, t.scale(step.auxiliary(), c.number("aux_coef", 0)));
                t.backward(total);
                if (s == 0) {
                    bench.out("logits0", step.logits().value().toDoubles());
                    bench.stateGradients("f64.grad0.");
                }
                history.record("ce", s, ce.value().item());
                history.record("total", s, total.value().item());
                history.record("aux", s, step.auxiliary() == null ? 0 : step.auxiliary().value().item());
                history.record("selected", s, Arrays.stream(step.selected()).asDoubleStream().toArray());
            }
            double norm = Gradients.norm(on, model.parameters());
            history.record("grad_norm", s, norm);
            history.record("lr", s, learningRate.at(s));
            if (settings.path("clip").isNumber()) {
                Gradients.clipNorm(on, model.parameters(), norm, settings.path("clip").asDouble());
            }
            optimizer.step(learningRate.at(s));
            Gradients.clear(on, model.parameters());
        }
        history.state(c, bench);
        bench.stateValues("f64.final.");
        try (Tape t = new Tape(on, arena, false)) {
            Variable logits = model.forward(t, steps - 1).logits();
            bench.out("final_logits", logits.value().toDoubles());
            bench.out("final_ce", t.crossEntropy(logits, targets).value().item());
        }
    }

    private static Optimizer optimizer(JsonNode settings, Backend on, List<Parameter> parameters) {
        double beta1 = settings.path("betas").path(0).asDouble(0.9);
        double beta2 = settings.path("betas").path(1).asDouble(0.999);
        double eps = settings.path("eps").asDouble(1e-8);
        double decay = settings.path("wd").asDouble(0);
        return switch (settings.path("name").asText()) {
            case "adam" -> new Adam.Spec(beta1, beta2, eps, decay, false, false).build(on, parameters);
            case "adamw" -> new AdamW.Spec(beta1, beta2, eps, decay, false, false).build(on, parameters);
            case "sgd" -> new Sgd.Spec(settings.path("momentum").asDouble(0), false, decay).build(on, parameters);
            default -> throw Verdict.notCovered("there is no optimizer '" + settings.path("name").asText() + "'");
        };
    }

    /** For each token the next of its sequence, -1 for the last. */
    private static int[] nextTokens(GoldenCase c) {
        int[] ids = c.integers("in.ids");
        int time = c.tensor("in.ids").shape().columns();
        int[] next = new int[ids.length];
        for (int i = 0; i < ids.length; i++) {
            next[i] = i % time == time - 1 ? -1 : ids[i + 1];
        }
        return next;
    }
}
