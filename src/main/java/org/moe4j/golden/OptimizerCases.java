package org.moe4j.golden;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

import org.moe4j.autodiff.Arena;
import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.backend.Backend;
import org.moe4j.tensor.Tensor;
import org.moe4j.train.Adafactor;
import org.moe4j.train.Adagrad;
import org.moe4j.train.Adam;
import org.moe4j.train.AdamW;
import org.moe4j.train.Gradients;
import org.moe4j.train.Optimizer;
import org.moe4j.train.OptimizerSpec;
import org.moe4j.train.RmsProp;
import org.moe4j.train.Sgd;

/** Optimizers, schedules and clipping, fed with given gradients. The optimizer is the beginning of the case's name. */
final class OptimizerCases implements Family {
    /** AdamW cases that state neither were made with the usual values of language models, not with torch's defaults. */
    private static final double UNSTATED_BETA2 = 0.95;
    private static final double UNSTATED_DECAY = 0.1;
    private static final Map<String, String> STATE = Map.ofEntries(
        Map.entry("exp_avg", "m"), Map.entry("exp_avg_sq", "v"), Map.entry("max_exp_avg_sq", "vMax"), Map.entry("square_avg", "v"),
        Map.entry("grad_avg", "mean"), Map.entry("momentum_buffer", "velocity"), Map.entry("sum", "sum"),
        Map.entry("exp_avg_sq_row", "rows"), Map.entry("exp_avg_sq_col", "columns"));

    @Override
    public void compute(GoldenCase c, Bench bench) {
        Backend on = bench.backend();
        List<String> names = c.tensors().keySet().stream().filter(n -> n.startsWith("in.param.")).map(n -> n.substring(9)).sorted().toList();
        boolean rows = c.kind().startsWith("sparse_");
        List<Parameter> parameters = names.stream().map(name -> parameter(c, on, name, rows)).toList();
        Optimizer optimizer = spec(c).build(on, parameters);
        int steps = c.integer("T");
        LearningRate learningRate = LearningRate.of(c.config(), steps);
        History history = new History(steps);
        for (int step = 0; step < steps; step++) {
            feed(c, on, parameters, names, step);
            double norm = Gradients.norm(on, parameters);
            clip(c, on, parameters, norm);
            double rate = learningRate.at(step);
            optimizer.step(rate);
            Gradients.clear(on, parameters);
            history.record("grad_norm", step, norm);
            history.record("lr", step, optimizer instanceof Adafactor a ? a.usedLearningRate() : rate);
            for (int i = 0; i < names.size(); i++) {
                history.record("param." + names.get(i), step, parameters.get(i).value().toDoubles());
                recordState(c, optimizer, history, names.get(i), step);
            }
        }
        history.state(c, bench);
    }

    /** Which optimizer, with which options. */
    static OptimizerSpec spec(GoldenCase c) {
        double beta1 = c.config().path("betas").path(0).asDouble(0.9);
        double beta2 = c.config().path("betas").path(1).asDouble(c.kind().startsWith("adamw") ? UNSTATED_BETA2 : 0.999);
        double l2 = c.number("weight_decay_l2", c.number("weight_decay", 0));
        refuse(c, "maximize", "dampening", "initial_accumulator_value");
        String kind = c.kind();
        if (kind.startsWith("sparse_adam")) {
            return new Adam.Spec(beta1, beta2, c.number("eps", 1e-8), l2, false, true);
        } else if (kind.startsWith("adamw")) {
            return new AdamW.Spec(beta1, beta2, c.number("eps", 1e-8), c.number("weight_decay", UNSTATED_DECAY), c.flag("amsgrad", false), false);
        } else if (kind.startsWith("adam")) {
            return new Adam.Spec(beta1, beta2, c.number("eps", 1e-8), l2, c.flag("amsgrad", false), false);
        } else if (kind.startsWith("adafactor")) {
            return new Adafactor.Spec(c.flag("relative_step", true), c.flag("scale_parameter", true), c.flag("warmup_init", false),
                c.config().path("eps").path(0).asDouble(1e-30), c.config().path("eps").path(1).asDouble(1e-3), c.number("clip_threshold", 1),
                -c.number("decay_rate", -0.8), null, c.number("beta1", 0), c.number("weight_decay", 0));
        } else if (kind.startsWith("adagrad")) {
            return new Adagrad.Spec(c.number("lr_decay", 0), c.number("eps", 1e-10), c.number("weight_decay", 0));
        } else if (kind.startsWith("rmsprop")) {
            return new RmsProp.Spec(c.number("alpha", 0.99), c.number("eps", 1e-8), c.number("momentum", 0), c.flag("centered", false),
                c.number("weight_decay", 0));
        } else if (kind.startsWith("sgd")) {
            return new Sgd.Spec(c.number("momentum", 0), c.flag("nesterov", false), c.number("weight_decay", 0));
        }
        throw Verdict.notCovered("there is no optimizer case of the kind '" + kind + "'");
    }

    private static void refuse(GoldenCase c, String... options) {
        for (String option : options) {
            if (c.number(option, 0) != 0 || c.flag(option, false)) {
                throw Verdict.notCovered("no optimizer has the option '" + option + "'");
            }
        }
    }

    private static void clip(GoldenCase c, Backend on, List<Parameter> parameters, double norm) {
        if (c.given("clip")) {
            Gradients.clipNorm(on, parameters, norm, c.number("clip", 0));
        }
        if (c.given("clip_value")) {
            Gradients.clipValue(on, parameters, c.number("clip_value", 0));
        }
    }

    private static Parameter parameter(GoldenCase c, Backend on, String name, boolean rows) {
        GoldenTensor initial = c.tensor("in.param." + name);
        Tensor value = new Tensor(initial.shape(), on.allocate(initial.size()));
        value.data().write(0, c.values(initial.name()));
        return new Parameter(name, rows ? Parameter.Kind.TABLE : Parameter.Kind.WEIGHT, value);
    }

    /** Gives every parameter its gradient of this step; to a table only the rows that have one. */
    private static void feed(GoldenCase c, Backend on, List<Parameter> parameters, List<String> names, int step) {
        try (Tape t = new Tape(on, new Arena(on))) {
            for (int i = 0; i < names.size(); i++) {
                Parameter p = parameters.get(i);
                int size = Math.toIntExact(p.shape().size());
                double[] g = Arrays.copyOfRange(c.values("in.grads." + names.get(i)), step * size, (step + 1) * size);
                if (p.isTable()) {
                    int width = p.shape().columns();
                    int[] touched = IntStream.range(0, size).filter(j -> g[j] != 0).map(j -> j / width).distinct().toArray();
                    double[] some = Arrays.stream(touched).boxed().flatMapToDouble(r -> Arrays.stream(g, r * width, (r + 1) * width)).toArray();
                    t.backward(List.of(t.gatherRows(p, touched)), List.of(some));
                } else {
                    t.backward(List.of(p), List.of(g));
                }
            }
        }
    }

    private static void recordState(GoldenCase c, Optimizer optimizer, History history, String name, int step) {
        STATE.forEach((theirs, ours) -> {
            Tensor value = optimizer.state().get(name + "." + ours);
            if (value != null && c.has("f64.out.state." + theirs + "." + name)) {
                history.record("state." + theirs + "." + name, step, value.toDoubles());
            }
        });
    }
}
