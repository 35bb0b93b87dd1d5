package org.moe4j.sweep;

import java.util.ArrayList;
import java.util.List;

import org.moe4j.backend.Backends;
import org.moe4j.data.Batches;
import org.moe4j.data.DataSpec;
import org.moe4j.data.TokenSet;
import org.moe4j.data.Validation;
import org.moe4j.train.TrainingSpec;

/**
 * A sweep made ready: its text in tokens, its arms with what each will cost, and its trials.
 *
 * @param plans one for each arm
 * @param trials every arm with the first seed, then with the next: a sweep that is cut short still compares all arms
 */
public record Sweep(SweepSpec spec, TokenSet text, List<ArmPlan> plans, List<TrialSpec> trials) {
    private static final int CHECKPOINTS = 10;

    /**
     * Reads the text and plans the trials; nothing is trained.
     *
     * @throws org.moe4j.io.InputException if there is no such device, the text can't be had, or the budget buys no step
     */
    public static Sweep of(SweepSpec spec) {
        Backends.open(spec.device(), 1).close();                                         // refuse an unknown device before the text is read
        DataSpec data = spec.data();
        TokenSet text = TokenSet.open(data);
        new Batches(text, spec.batch(), spec.sequence(), spec.seeds().getFirst());       // refuse a text that is too short now, not in each trial
        Validation.of(text, spec.validationTokens(), spec.batch(), spec.sequence());
        List<ArmPlan> plans = Arm.of(spec, text.tokenizer().vocabularySize()).stream().map(arm -> ArmPlan.of(arm, spec)).toList();
        List<TrialSpec> trials = new ArrayList<>();
        for (long seed : spec.seeds()) {
            for (ArmPlan plan : plans) {
                trials.add(trial(spec, plan, data, seed));
            }
        }
        return new Sweep(spec, text, plans, List.copyOf(trials));
    }

    /** How many trials run at once. */
    int sideBySide() {
        int most = Backends.isDevice(spec.device()) ? 1 : Runtime.getRuntime().availableProcessors();
        int wanted = spec.parallel() == 0 ? most : spec.parallel();
        return Math.min(wanted, trials.size());
    }

    /**
     * Refuses a sweep that would not fit the heap, or its device's memory.
     *
     * @throws org.moe4j.io.InputException with the bytes needed, those there are, and what would do
     */
    public void requireMemory() {
        Room.require(sideBySide() == 1 ? "a trial needs" : sideBySide() + " trials side by side need", ArmPlan.bytesAtOnce(plans, sideBySide()), spec.device(),
            (sideBySide() == 1 ? "" : "--parallel 1 or ") + "a smaller --batch, --sequence or --dim");
    }

    private static TrialSpec trial(SweepSpec spec, ArmPlan plan, DataSpec data, long seed) {
        long steps = plan.steps();
        TrainingSpec defaults = TrainingSpec.of(spec.batch(), steps, spec.learningRate());
        TrainingSpec training = new TrainingSpec(spec.batch(), steps, spec.learningRate(), spec.schedule(steps), defaults.optimizer(), defaults.clipNorm(),
            defaults.clipValue(), 1, Math.max(1, steps / spec.evaluations()), spec.validationTokens(), Math.max(1, steps / CHECKPOINTS), defaults.logEvery(), seed,
            defaults.trained());
        Arm arm = plan.arm();
        return new TrialSpec(arm.label(), arm.architecture(), arm.granularity(), arm.model(), training, data, seed);
    }
}
