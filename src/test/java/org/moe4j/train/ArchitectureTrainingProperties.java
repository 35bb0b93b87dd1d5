package org.moe4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;

import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.moe4j.autodiff.Arena;
import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.backend.Backend;
import org.moe4j.backend.reference.ReferenceBackend;
import org.moe4j.model.LanguageModel;
import org.moe4j.model.ModelSpec;
import org.moe4j.model.Size;
import org.moe4j.model.zoo.Architecture;
import org.moe4j.nn.Init;
import org.moe4j.nn.Pass;
import org.moe4j.tensor.CounterRandom;

/**
 * Every architecture, each cut down to a random size: it trains by its paper's recipe, and its gradients are central differences. That it
 * has the parameters and FLOPs of its ledger is {@code ArchitectureLedgerProperties}' to see.
 */
class ArchitectureTrainingProperties {
    /** As many sequences as expert choice wants for each of up to four experts to get a token of every position. */
    private static final int BATCH = 4;
    private static final int STEPS = 10;
    private static final double STEP = 1e-6;
    private static final double SHORT = 1e-7;

    private final Backend on = new ReferenceBackend();
    private final Arena arena = new Arena(on);

    @Property(tries = 1000)
    void stepsOfItsRecipeLowerTheLossOfTheirBatch(@ForAll("architectures") Architecture architecture) {
        ModelSpec spec = architecture.resized(size(architecture));
        LanguageModel model = spec.build(new Init(on, 3));
        int[] tokens = tokens(spec, 1);
        TrainingSpec training = Recipe.of(architecture.name()).training(BATCH, STEPS, null, 1);
        Optimizer optimizer = training.optimizer().build(on, model.parameters());
        double before = gradients(model, tokens);
        for (int step = 0; step < STEPS; step++) {                                // one alone may flip a choice of expert, and the loss jumps there
            assertThat(Gradients.norm(on, model.parameters())).isFinite().isPositive();
            optimizer.step(training.learningRate(step));
            Gradients.clear(on, model.parameters());
            gradients(model, tokens);
        }
        Gradients.clear(on, model.parameters());
        assertThat(gradients(model, tokens)).isLessThan(before);
    }

    /** One step of plain descent, so short that no choice of expert flips, of architectures at random sizes with random weights and text. */
    @Property(tries = 300)
    void oneStepLowersTheLossOfItsBatch(@ForAll("architectures") Architecture architecture, @ForAll @IntRange(min = 1, max = 1_000_000) int draw) {
        ModelSpec spec = architecture.resized(size(CounterRandom.of(draw, architecture.name())));
        LanguageModel model = spec.build(new Init(on, draw));
        int[] tokens = tokens(spec, draw);
        double before = gradients(model, tokens);
        double norm = Gradients.norm(on, model.parameters());
        assertThat(norm).isFinite().isPositive();
        new Sgd.Spec().build(on, model.parameters()).step(SHORT / norm);
        Gradients.clear(on, model.parameters());
        assertThat(before - gradients(model, tokens)).isCloseTo(SHORT * norm, within(0.1 * SHORT * norm));
    }

    /** Of each parameter in a random direction: g · v is the difference that a step of ±v makes. */
    @Property(tries = 1000)
    void itsGradientsAreCentralDifferences(@ForAll("architectures") Architecture architecture) {
        ModelSpec spec = architecture.resized(size(architecture));
        LanguageModel model = spec.build(new Init(on, 8));
        awake(model);
        int[] tokens = tokens(spec, 2);
        gradients(model, tokens);
        List<Parameter> trained = model.parameters().stream().filter(p -> p.kind() != Parameter.Kind.BUFFER).toList();
        List<double[]> gradients = trained.stream().map(Parameter::gradientToDoubles).toList();
        for (int i = 0; i < trained.size(); i++) {
            Parameter p = trained.get(i);
            CounterRandom random = CounterRandom.of(5, p.name());
            double[] direction = new double[gradients.get(i).length];
            Arrays.setAll(direction, random::normal);
            double analytic = 0;
            for (int j = 0; j < direction.length; j++) {
                analytic += direction[j] * gradients.get(i)[j];
            }
            double[] value = p.value().toDoubles();
            double numeric = (moved(model, tokens, p, value, direction, STEP) - moved(model, tokens, p, value, direction, -STEP)) / (2 * STEP);
            p.data().write(0, value);
            assertThat(numeric).as(p.name()).isCloseTo(analytic, within(1e-5 * Math.max(1, Math.abs(analytic))));
        }
    }

    /** The loss with one parameter moved. */
    private double moved(LanguageModel model, int[] tokens, Parameter p, double[] value, double[] direction, double by) {
        double[] there = new double[value.length];
        Arrays.setAll(there, j -> value[j] + by * direction[j]);
        p.data().write(0, there);
        try (Tape t = new Tape(on, arena, false)) {
            return loss(t, model, tokens).value().item();
        }
    }

    private double gradients(LanguageModel model, int[] tokens) {
        try (Tape t = new Tape(on, arena)) {
            Variable loss = loss(t, model, tokens);
            t.backward(loss);
            return loss.value().item();
        }
    }

    /** Of the token that follows each, balance losses included. Two domains in turn: PanGu-Sigma has experts for each. */
    private static Variable loss(Tape t, LanguageModel model, int[] tokens) {
        int[] targets = new int[tokens.length];
        Arrays.setAll(targets, i -> tokens[(i + 1) % tokens.length]);
        LanguageModel.Output output = model.forward(t, tokens, Pass.training(BATCH, model.spec().sequence(), 1, 0).withDomains(0, 1, 0, 1));
        return output.total(t, output.crossEntropy(t, targets));
    }

    /** What starts at zero gets values; the embedding moves away from the origin, where the norm of x is all curvature. */
    private void awake(LanguageModel model) {
        for (Parameter p : model.parameters()) {
            if (p.kind() == Parameter.Kind.WEIGHT && on.sumOfSquares(p.data()) == 0) {
                on.normal(CounterRandom.of(8, "awake " + p.name()), 0.5, p.data());
            } else if (p.name().endsWith("embedding.weight")) {
                on.scale(20, p.data());
            }
        }
    }

    private static int[] tokens(ModelSpec spec, long seed) {
        CounterRandom random = CounterRandom.of(seed, "tokens");
        int[] tokens = new int[BATCH * spec.sequence()];
        Arrays.setAll(tokens, i -> random.below(i, spec.vocabulary()));
        return tokens;
    }

    /** Of each architecture its own. */
    private static Size size(Architecture architecture) {
        return size(CounterRandom.of(2, architecture.name()));
    }

    private static Size size(CounterRandom random) {
        return new Size(5 + random.below(0, 6), 2 + random.below(1, 4), 4 + 4 * random.below(2, 2), 1 + random.below(3, 3), 1 << random.below(4, 3));
    }

    /** All of them, once each. */
    @Provide
    Arbitrary<Architecture> architectures() {
        return Arbitraries.of(Architecture.all());
    }
}
