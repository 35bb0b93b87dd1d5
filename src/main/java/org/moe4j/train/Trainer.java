package org.moe4j.train;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.LongFunction;
import org.moe4j.autodiff.Arena;
import org.moe4j.autodiff.Parameter;
import org.moe4j.backend.Backend;
import org.moe4j.data.Batch;
import org.moe4j.data.Batches;
import org.moe4j.data.TokenSet;
import org.moe4j.data.Validation;
import org.moe4j.io.InputException;
import org.moe4j.model.LanguageModel;
import org.moe4j.model.ModelSpec;
import org.moe4j.tensor.Tensor;

/**
 * Trains a language model. A run is a function of the model's first weights, the spec and the batches: one that is stopped
 * and goes on from its checkpoint has the losses of one that was not, to the last bit.
 *
 * <pre>{@code
 * Trainer trainer = new Trainer(on, model, spec, text);
 * Trainer.Outcome outcome = trainer.run(m -> System.out.println(m.step() + " " + m.loss()));
 * }</pre>
 */
public final class Trainer {
    /** Steps skipped in a row after which a run is given up. */
    private static final long GIVE_UP = 100;

    private final Backend on;
    private final LanguageModel model;
    private final TrainingSpec spec;
    private final LongFunction<Batch> batches;
    private final Validation validation;
    private final Arena arena;
    private final Optimizer optimizer;
    private final TrainStep step;
    private final LossWatch watch;
    private Progress progress = Progress.START;
    private volatile boolean stopping;

    /**
     * @param stopped whether the run ended before its last step
     * @param evaluation after the last step; null if stopped before it, or if there is nothing to measure on
     */
    public record Outcome(Progress progress, boolean stopped, Evaluation evaluation) {}

    /**
     * Freezes what the spec does not train.
     *
     * @param batches the batch of a number, from 0: a function of the number alone
     * @param validation what to measure on; null for nothing
     */
    public Trainer(Backend on, LanguageModel model, TrainingSpec spec, LongFunction<Batch> batches, Validation validation) {
        this.on = on;
        this.model = model;
        this.spec = spec;
        this.batches = batches;
        this.validation = validation;
        arena = new Arena(on);
        List<Parameter> trained = Trained.of(on, model.parameters(), spec.trained());
        optimizer = spec.optimizer().build(on, trained);
        step = new TrainStep(on, arena, model, spec, trained, optimizer);
        watch = new LossWatch(spec.restart());
    }

    /**
     * Trains on a text and measures on its valid part: batches and validation as the spec says, in sequences of the model's length, and with
     * domains that the model has experts for.
     *
     * @throws InputException if the text is too short
     */
    public Trainer(Backend on, LanguageModel model, TrainingSpec spec, TokenSet text) {
        this(on, model, spec, Domains.of(model.spec()).of(new Batches(text, spec.batch(), model.spec().sequence(), spec.seed())::at),
            Domains.of(model.spec()).of(Validation.of(text, spec.evaluationTokens(), spec.batch(), model.spec().sequence())));
    }

    /** Where the run is. */
    public Progress progress() {
        return progress;
    }

    /** Bytes of the arena, which hold activations and the gradients of tables' rows. */
    public long activationBytes() {
        return arena.reservedBytes();
    }

    /** Ends the run after the step it is in; may be called from any thread. Interrupting the run's thread does the same. */
    public void stop() {
        stopping = true;
    }

    /** Goes on where a checkpoint of this model and spec was written.
     *
     *  @throws InputException if it is corrupted, or of another model or spec; nothing is changed then */
    public void restore(Checkpoint checkpoint) {
        ModelSpec kept = SavedModel.spec(checkpoint);
        if (!kept.equals(model.spec())) {                                         // said before any tensor is found to be other
            throw new InputException(checkpoint.folder() + " is of another model than this run's: they differ in " + kept.differences(model.spec()));
        }
        Map<String, String> facts = checkpoint.read(on, tensors(), identity());
        progress = Progress.of(facts);
        watch.continueFrom(facts.get("watch"));
        optimizer.continueFrom(progress.step() - progress.skipped());
    }

    /** Writes a checkpoint. */
    public void save(Checkpoint checkpoint) {
        Map<String, String> facts = new LinkedHashMap<>(identity());
        facts.putAll(new TreeMap<>(progress.facts()));
        facts.put("watch", watch.toString());
        checkpoint.write(on, tensors(), facts);
    }

    /** Runs to the last step, without checkpoints. */
    public Outcome run(Consumer<StepMetrics> listener) {
        return run(null, listener);
    }

    /**
     * Runs to the last step, or until stopped.
     *
     * @param checkpoint written as often as the spec says, when the run is stopped, and at its end; null for none
     * @param listener hears of every step, of those after a restart again
     * @throws DivergedException if the loss spiked too often, or no step was worth anything
     */
    public Outcome run(Checkpoint checkpoint, Consumer<StepMetrics> listener) {
        EarlierCheckpoints earlier = earlier(checkpoint);
        Evaluation evaluation = null;
        while (progress.step() < spec.steps()) {
            if (stopping || Thread.currentThread().isInterrupted()) {
                saveUndisturbed(checkpoint);
                return new Outcome(progress, true, null);
            }
            if (earlier != null && isDue(spec.restart().every())) {
                saveUndisturbed(earlier.numbered(progress.step() / spec.restart().every()));
                saveUndisturbed(checkpoint); // so that a run started again is not behind what it may go back to
            }
            StepMetrics metrics = oneStep();
            evaluation = metrics.evaluation();
            listener.accept(metrics); // first: what a checkpoint has passed has been heard of
            requireProgress();
            if (watch.spiked()) {
                goBack(earlier);
                saveUndisturbed(checkpoint);
            } else if (isDue(spec.checkpointEvery()) || progress.step() == spec.steps()) {
                saveUndisturbed(checkpoint);
            }
        }
        if (evaluation == null && validation != null) {
            evaluation = Evaluation.of(on, arena, model, validation);
        }
        if (earlier != null) {
            earlier.delete();
        }
        return new Outcome(progress, false, evaluation);
    }

    /** Null without a rule for restarts. */
    private EarlierCheckpoints earlier(Checkpoint checkpoint) {
        if (spec.restart() == null) {
            return null;
        }
        if (checkpoint == null) {
            throw new IllegalArgumentException("a run that may restart wants a checkpoint to go back to");
        }
        return new EarlierCheckpoints(checkpoint);
    }

    private void goBack(EarlierCheckpoints earlier) {
        Progress spike = progress;
        double calm = watch.mean();
        if (spike.restarts() == spec.restart().most()) {
            throw new DivergedException("step " + spike.step() + ": the loss spiked again after " + spike.restarts() + " restarts; a lower learning rate than "
                + spec.learningRate() + " or clipping would do");
        }
        restore(earlier.oldest(spike.step()).orElseThrow(() -> new DivergedException("step " + spike.step() + ": the loss spiked above "
            + calm + ", and the checkpoints to go back to are gone from " + earlier.of().folder())));
        progress = spike.restartedAt(progress);
    }

    private void requireProgress() {
        if (watch.skippedInARow() >= Math.min(GIVE_UP, spec.steps())) {
            throw new DivergedException("step " + progress.step() + ": loss or gradients of the last " + watch.skippedInARow()
                + " steps were not finite, and nothing is learned; a lower learning rate than " + spec.learningRate() + " would do");
        }
    }

    private StepMetrics oneStep() {
        long start = System.nanoTime();
        long number = progress.step();
        Batch batch = batches.apply(progress.batch());
        boolean log = spec.logEvery() > 0 && (number + 1) % spec.logEvery() == 0;
        TrainStep.Result result = step.run(number, batch, log);
        double seconds = (System.nanoTime() - start) * 1e-9;
        progress = progress.next(batch.tokens().length, result.skipped());
        watch.add(result.loss(), result.skipped());
        boolean evaluate = validation != null && (isDue(spec.evaluateEvery()) || progress.step() == spec.steps());
        return new StepMetrics(progress, result.loss(), result.auxiliary(), result.gradientNorm(), spec.learningRate(number),
            batch.tokens().length / seconds, result.skipped(), result.loads(),
            evaluate ? Evaluation.of(on, arena, model, validation) : null);
    }

    private boolean isDue(long every) {
        return every > 0 && progress.step() % every == 0;
    }

    /** An interrupt would break the channels that files are read by; it is kept for the caller. */
    private void saveUndisturbed(Checkpoint checkpoint) {
        if (checkpoint != null) {
            boolean interrupted = Thread.interrupted();
            try {
                save(checkpoint);
            } finally {
                if (interrupted) {
                    Thread.currentThread().interrupt();
                }
            }
        }
    }

    /** Everything a step changes, by name: weights and buffers under their own, the optimizer's state behind "optimizer". */
    private Map<String, Tensor> tensors() {
        Map<String, Tensor> all = new LinkedHashMap<>();
        for (Parameter p : model.parameters()) {
            all.put(p.name(), p.value());
        }
        optimizer.state().forEach((name, value) -> all.put(SavedModel.OPTIMIZER + name, value));
        return all;
    }

    /** What a checkpoint has to agree in, or going on from it would be another run. */
    private Map<String, String> identity() {
        return Map.of(SavedModel.SPEC, SavedModel.json(model.spec()), "training", spec.withIntervals(0, 0, 0).toString());
    }
}
