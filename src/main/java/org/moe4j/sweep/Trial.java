package org.moe4j.sweep;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.LongFunction;

import org.moe4j.backend.Backend;
import org.moe4j.backend.StoredValues;
import org.moe4j.cost.Ledger;
import org.moe4j.data.Batch;
import org.moe4j.data.Batches;
import org.moe4j.data.TokenSet;
import org.moe4j.data.Validation;
import org.moe4j.model.LanguageModel;
import org.moe4j.model.ModelSpec;
import org.moe4j.nn.Init;
import org.moe4j.tensor.Storage;
import org.moe4j.train.Checkpoint;
import org.moe4j.train.Domains;
import org.moe4j.train.Evaluation;
import org.moe4j.train.Trainer;

/**
 * One training run: a pure function of its {@link TrialSpec}, on any number of threads. Its folder has the metrics as they come
 * and a checkpoint from which the same run goes on.
 */
public final class Trial {
    private final TrialSpec spec;
    private final Path folder;
    private final Trainer trainer;
    private final Checkpoint checkpoint;
    private final long flopsPerStep;
    private Evaluation last;

    /**
     * Builds the model, and takes up the checkpoint in {@code folder} if there is one.
     *
     * @throws org.moe4j.io.InputException if the text is too short for the spec, the checkpoint is unsound, or there is none and a store of
     *     experts has been trained before
     */
    public Trial(TrialSpec spec, TokenSet text, Backend on, Path folder) {
        this.spec = spec;
        this.folder = folder;
        ModelSpec model = spec.model();
        int batch = spec.training().batch();
        flopsPerStep = Ledger.trainingFlops(model, batch);
        Data data = data(spec, text);
        LanguageModel built = model.build(new Init(on, spec.seed()));
        checkpoint = new Checkpoint(folder.resolve(Checkpoint.OF_RUN));
        if (!checkpoint.exists()) {
            built.parameters().forEach(p -> requireUntouched(p.data()));
        }
        trainer = new Trainer(on, built, spec.training(), data.batches, data.validation);
        if (checkpoint.exists()) {
            trainer.restore(checkpoint);
        }
    }

    /** Tables in files outlive their run: a trial that begins has to begin with new ones, or it would depend on what ran before. */
    private static void requireUntouched(Storage data) {
        if (data instanceof StoredValues stored) {
            stored.store().requireUntouched();
        }
    }

    /** What a trial trains and is measured on. */
    record Data(LongFunction<Batch> batches, Validation validation) {}

    /** @throws org.moe4j.io.InputException if the text is too short for the spec */
    static Data data(TrialSpec spec, TokenSet text) {
        int batch = spec.training().batch();
        int sequence = spec.model().sequence();
        Domains domains = Domains.of(spec.model());
        return new Data(domains.of(new Batches(text, batch, sequence, spec.seed())::at),
            domains.of(Validation.of(text, spec.training().evaluationTokens(), batch, sequence)));
    }

    public TrialSpec spec() {
        return spec;
    }

    /** Ends the run after the step it is in, with a checkpoint; may be called from any thread. */
    public void stop() {
        trainer.stop();
    }

    /** Trains to the end; empty if it was stopped before. */
    public Optional<TrialSummary> run(ProgressBars bars) {
        Path metrics = folder.resolve("metrics.csv");
        Trainer.Outcome outcome;
        try (MetricsLog log = new MetricsLog(metrics, trainer.progress().step(), flopsPerStep);
             ProgressBars.Bar bar = bars.start(spec.label() + " s" + spec.seed(), spec.training().steps(), trainer.progress().step())) {
            int[] restarts = {trainer.progress().restarts()};
            outcome = trainer.run(checkpoint, m -> {
                if (m.progress().restarts() > restarts[0]) {
                    restarts[0] = m.progress().restarts();
                    bars.say(spec.label() + ": the loss spiked; back at step " + (m.step() - 1) + ", on with batch " + (m.progress().batch() - 1));
                }
                log.add(m);
                bar.step(m.step(), m.loss(), m.tokensPerSecond(), m.loads().isEmpty() ? Double.NaN : Loads.imbalance(m.loads()));
            });
        }
        last = outcome.evaluation();
        return outcome.stopped() ? Optional.empty() : Optional.of(summary(outcome, metrics));
    }

    /** The measurement at the end; null before. */
    public Evaluation evaluation() {
        return last;
    }

    /** Steps left out because the loss or a gradient was not finite. */
    public long skippedSteps() {
        return trainer.progress().skipped();
    }

    /** Removes the checkpoint, once the result is kept. */
    public void discardCheckpoint() {
        checkpoint.delete();
    }

    private TrialSummary summary(Trainer.Outcome outcome, Path metrics) {
        Ledger cost = Ledger.of(spec.model());
        Evaluation last = outcome.evaluation();
        long tokens = outcome.progress().tokens();
        List<CurvePoint> curve = MetricsLog.curve(metrics);
        return new TrialSummary(spec.label(), spec.architecture(), spec.granularity(), Banks.most(spec.model()), cost.activeParameters(),
            cost.parameters(), tokens, (double) flopsPerStep * spec.training().steps(), spec.seed(), last.natsPerToken(), last.bitsPerByte(),
            tokens / MetricsLog.seconds(metrics), Loads.usage(last.loads()), Loads.imbalance(last.loads()), Loads.shares(last.loads()), curve);
    }
}
