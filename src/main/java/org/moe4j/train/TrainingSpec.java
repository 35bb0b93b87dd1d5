package org.moe4j.train;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import org.moe4j.io.InputException;

/**
 * How a model is trained, apart from the model and the data.
 *
 * @param batch B, sequences of an optimizer step
 * @param steps optimizer steps
 * @param learningRate the peak, above 0, which the schedule scales
 * @param clipNorm the most norm of all gradients together; null does not clip
 * @param clipValue the most size of each gradient value; null does not clip
 * @param gradientAccumulation how many parts a batch is worked in, one after the other, to save memory; it divides the batch
 * @param evaluateEvery steps between two evaluations; 0 evaluates at the end only
 * @param evaluationTokens tokens of the fixed validation slice
 * @param checkpointEvery steps between two checkpoints; 0 writes one only when the run ends or is stopped
 * @param logEvery steps between two looks at the experts' load, which costs a pass over the routings; 0 never looks
 * @param seed of the batches and of the noise in the forward pass; the model's first weights have their own
 * @param trained the parameters to train, as {@link Trained} reads them; none named trains all
 * @param restart what to do when the loss spikes; null goes on
 */
public record TrainingSpec(int batch, long steps, double learningRate, Schedule schedule, OptimizerSpec optimizer, Double clipNorm,
                           Double clipValue, int gradientAccumulation, long evaluateEvery, long evaluationTokens, long checkpointEvery,
                           long logEvery, long seed, @JsonProperty List<String> trained, @JsonProperty Restart restart) {
    public TrainingSpec {
        atLeast("batch", batch, 1);
        atLeast("steps", steps, 1);
        if (!(learningRate > 0 && learningRate < Double.POSITIVE_INFINITY)) {
            throw new InputException("learningRate is " + learningRate + ", it has to be above 0 and finite");
        }
        aboveZero("clipNorm", clipNorm);
        aboveZero("clipValue", clipValue);
        atLeast("gradientAccumulation", gradientAccumulation, 1);
        if (batch % gradientAccumulation != 0) {
            throw new InputException("gradientAccumulation is " + gradientAccumulation + ", which does not divide the batch of " + batch + " sequences");
        }
        atLeast("evaluateEvery", evaluateEvery, 0);
        atLeast("evaluationTokens", evaluationTokens, 1);
        atLeast("checkpointEvery", checkpointEvery, 0);
        atLeast("logEvery", logEvery, 0);
        if (schedule.warmup() > steps) {
            throw new InputException("warmup is " + schedule.warmup() + " steps, more than the " + steps + " steps of the run");
        }
        trained = trained == null ? List.of() : List.copyOf(trained);
        trained.forEach(Trained::check);
    }

    /** Without restarts. */
    public TrainingSpec(int batch, long steps, double learningRate, Schedule schedule, OptimizerSpec optimizer, Double clipNorm, Double clipValue,
                        int gradientAccumulation, long evaluateEvery, long evaluationTokens, long checkpointEvery, long logEvery, long seed,
                        List<String> trained) {
        this(batch, steps, learningRate, schedule, optimizer, clipNorm, clipValue, gradientAccumulation, evaluateEvery, evaluationTokens, checkpointEvery,
            logEvery, seed, trained, null);
    }

    /**
     * AdamW with the moments' decays of Brown et al. 2020 (0.9, 0.95), warm-up of a tenth of the steps, cosine to a tenth,
     * gradients of norm 1 at most.
     */
    public static TrainingSpec of(int batch, long steps, double learningRate) {
        return new TrainingSpec(batch, steps, learningRate, new Schedule.Cosine((int) Math.min(Integer.MAX_VALUE, steps / 10), 0.1),
            new AdamW.Spec(0.9, 0.95, 0.1), 1.0, null, 1, 0, 65_536, 0, 10, 1, List.of());
    }

    /** The learning rate of a step, from 0. */
    public double learningRate(long step) {
        return learningRate * schedule.factor(step, steps);
    }

    public TrainingSpec withSeed(long other) {
        return new TrainingSpec(batch, steps, learningRate, schedule, optimizer, clipNorm, clipValue, gradientAccumulation, evaluateEvery,
            evaluationTokens, checkpointEvery, logEvery, other, trained, restart);
    }

    public TrainingSpec withOptimizer(OptimizerSpec other) {
        return new TrainingSpec(batch, steps, learningRate, schedule, other, clipNorm, clipValue, gradientAccumulation, evaluateEvery,
            evaluationTokens, checkpointEvery, logEvery, seed, trained, restart);
    }

    public TrainingSpec withAccumulation(int parts) {
        return new TrainingSpec(batch, steps, learningRate, schedule, optimizer, clipNorm, clipValue, parts, evaluateEvery,
            evaluationTokens, checkpointEvery, logEvery, seed, trained, restart);
    }

    /** How often to look and to save: nothing that changes what is computed. */
    public TrainingSpec withIntervals(long evaluate, long checkpoint, long log) {
        return new TrainingSpec(batch, steps, learningRate, schedule, optimizer, clipNorm, clipValue, gradientAccumulation, evaluate,
            evaluationTokens, checkpoint, log, seed, trained, restart);
    }

    /** Trains only parameters of these names, such as "experts" or "router"; none trains all. */
    public TrainingSpec withTrained(String... names) {
        return new TrainingSpec(batch, steps, learningRate, schedule, optimizer, clipNorm, clipValue, gradientAccumulation, evaluateEvery,
            evaluationTokens, checkpointEvery, logEvery, seed, List.of(names), restart);
    }

    public TrainingSpec withEvaluationTokens(long tokens) {
        return new TrainingSpec(batch, steps, learningRate, schedule, optimizer, clipNorm, clipValue, gradientAccumulation, evaluateEvery,
            tokens, checkpointEvery, logEvery, seed, trained, restart);
    }

    /** What to do when the loss spikes; null goes on. */
    public TrainingSpec withRestart(Restart rule) {
        return new TrainingSpec(batch, steps, learningRate, schedule, optimizer, clipNorm, clipValue, gradientAccumulation, evaluateEvery,
            evaluationTokens, checkpointEvery, logEvery, seed, trained, rule);
    }

    private static void atLeast(String field, long value, long least) {
        if (value < least) {
            throw new InputException(field + " is " + value + ", it has to be at least " + least);
        }
    }

    private static void aboveZero(String field, Double value) {
        if (value != null && !(value > 0)) {
            throw new InputException(field + " is " + value + ", it has to be above 0, or left out");
        }
    }
}
