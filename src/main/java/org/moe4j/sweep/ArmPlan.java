package org.moe4j.sweep;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;

import org.moe4j.cost.MemoryPlan;
import org.moe4j.cost.Ledger;
import org.moe4j.io.InputException;

/**
 * What an arm will cost, known before anything is allocated.
 *
 * @param steps as many whole training steps as the budget buys
 * @param flopsPerStep training FLOPs of one step, router and retrieval included
 */
public record ArmPlan(Arm arm, long steps, long tokens, long flopsPerStep, Ledger cost, MemoryPlan memory) {
    private static final int ADAM_STATE = 2;

    /** @throws InputException if the budget is less than one step */
    public static ArmPlan of(Arm arm, SweepSpec spec) {
        long flopsPerStep = Ledger.trainingFlops(arm.model(), spec.batch());
        long steps = (long) (spec.flops() / flopsPerStep);
        if (steps < 1) {
            throw new InputException(String.format(Locale.ROOT, "budget is %.3g FLOPs, less than one step of %s (%.3g); a larger budget or a smaller batch would do",
                spec.flops(), arm.label(), (double) flopsPerStep));
        }
        long tokens = steps * spec.batch() * spec.sequence();
        return new ArmPlan(arm, steps, tokens, flopsPerStep, Ledger.of(arm.model()), MemoryPlan.of(arm.model(), spec.batch(), ADAM_STATE));
    }

    /** The bytes of the trials that are largest, as many as run at once. */
    static long bytesAtOnce(List<ArmPlan> plans, int parallel) {
        return plans.stream().map(p -> p.memory().total()).sorted(Comparator.reverseOrder()).limit(parallel).mapToLong(Long::longValue).sum();
    }
}
