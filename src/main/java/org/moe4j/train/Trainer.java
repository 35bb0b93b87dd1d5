package org.moe4j.train;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.LongFunction;
import org.moe4j.autodiff.Arena;
import org.moe4j.autodiff.Parameter;
import org.moe4j.backend.Backend;
import org.moe4j.data.Batch;
import org.moe4j.data.Validation;
import org.moe4j.model.LanguageModel;
import org.moe4j.tensor.Tensor;

/**
 * Trains a language model. A run is a function of the model's first weights, the spec and the batches: one that is stopped
 * and goes on from its checkpoint has the losses of one that was not, to the last bit.
 *
 * <pre>{@code
 * Trainer trainer = new Trainer(on, model, spec, batches::at, validation);
 * Trainer.Outcome outcome = trainer.run(m -> System.out.println(m.step() + " " + m.loss()));
 * }</pre>
 */
public final class Trainer {
    private final Backend on;
    private final LanguageModel model;
    private final TrainingSpec spec;
    private final LongFunction<Batch> batches;
    private final Validation validation;
    private final Arena arena;
    private final Optimizer optimizer;
    private final TrainStep step;
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
     * @param batches the batch of a step, from 0: a function of the step alone
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
     *  @throws org.moe4j.io.InputException if it is corrupted, or of another model or spec; nothing is changed then */
    public void restore(Checkpoint checkpoint) {
        Map<String, String> facts = checkpoint.read(on, tensors(), identity());
        progress = new Progress(number(facts, "step"), number(facts, "tokens"), number(facts, "skipped"));
        optimizer.continueFrom(progress.step() - progress.skipped());
    }

    /** Writes a checkpoint. */
    public void save(Checkpoint checkpoint) {
        Map<String, String> facts = new LinkedHashMap<>(identity());
        facts.put("step", Long.toString(progress.step()));
        facts.put("tokens", Long.toString(progress.tokens()));
        facts.put("skipped", Long.toString(progress.skipped()));
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
     * @param listener hears of every step
     */
    public Outcome run(Checkpoint checkpoint, Consumer<StepMetrics> listener) {
        Evaluation evaluation = null;
        while (progress.step() < spec.steps()) {
            if (stopping || Thread.currentThread().isInterrupted()) {
                saveUndisturbed(checkpoint);
                return new Outcome(progress, true, null);
            }
            StepMetrics metrics = oneStep();
            evaluation = metrics.evaluation();
            listener.accept(metrics); // first: what a checkpoint has passed has been heard of
            if (isDue(spec.checkpointEvery()) || progress.step() == spec.steps()) {
                saveUndisturbed(checkpoint);
            }
        }
        if (evaluation == null && validation != null) {
            evaluation = Evaluation.of(on, arena, model, validation);
        }
        return new Outcome(progress, false, evaluation);
    }

    private StepMetrics oneStep() {
        long start = System.nanoTime();
        long number = progress.step();
        Batch batch = batches.apply(number);
        boolean log = spec.logEvery() > 0 && (number + 1) % spec.logEvery() == 0;
        TrainStep.Result result = step.run(number, batch, log);
        double seconds = (System.nanoTime() - start) * 1e-9;
        progress = progress.next(batch.tokens().length, result.skipped());
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

    private static long number(Map<String, String> facts, String name) {
        return Long.parseLong(facts.get(name));
    }
}
