package org.moe4j.train;

import java.util.List;
import org.moe4j.io.InputException;

/**
 * How a paper trains: its optimizer, its schedule in the steps of its own run, its clipping. A run of ours takes the same course in
 * fewer steps.
 *
 * @param source who, and which of it is ours
 * @param learningRate the peak for the small models that train here
 * @param published the peak of the source's far larger ones; null if it is not known
 * @param steps of the run that the schedule's steps belong to
 * @param clipNorm the most norm of all gradients together; null does not clip
 * @param restarts whether a spike of the loss sends the run back to an earlier checkpoint, as {@link Restart#of} says
 */
public record Recipe(String name, String source, OptimizerSpec optimizer, double learningRate, Double published, Schedule schedule, long steps,
                     Double clipNorm, boolean restarts) {
    /** @throws InputException if there is none of that name, with the nearest one */
    public static Recipe named(String name) {
        List<Recipe> all = Recipes.all();
        return all.stream().filter(r -> r.name.equals(name)).findFirst()
            .orElseThrow(() -> InputException.unknown("recipe", name, all.stream().map(Recipe::name).toList()));
    }

    /** The one that an architecture's authors use, as far as it is known; else the usual one of today. */
    public static Recipe of(String architecture) {
        return Recipes.of(architecture);
    }

    /**
     * A run of {@code steps} steps.
     *
     * @param peak the learning rate; null is this recipe's
     */
    public TrainingSpec training(int batch, long steps, Double peak, long seed) {
        TrainingSpec usual = TrainingSpec.of(batch, steps, peak == null ? learningRate : peak).withSeed(seed);
        return new TrainingSpec(usual.batch(), steps, usual.learningRate(), schedule.scaled((double) steps / this.steps), optimizer, clipNorm, null,
            usual.gradientAccumulation(), usual.evaluateEvery(), usual.evaluationTokens(), usual.checkpointEvery(), usual.logEvery(), seed, usual.trained(),
            restarts ? Restart.of(steps) : null);
    }
}
