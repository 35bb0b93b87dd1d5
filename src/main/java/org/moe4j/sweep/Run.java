package org.moe4j.sweep;

import org.moe4j.backend.Backends;
import org.moe4j.cost.Ledger;
import org.moe4j.cost.MemoryPlan;
import org.moe4j.data.TokenSet;
import org.moe4j.io.SpecReader;
import org.moe4j.model.ModelSpec;

/**
 * A training run made ready: its text in tokens, its full spec, and what it will cost.
 *
 * @param flopsPerStep training FLOPs of one step, router and retrieval included
 * @param memory of a step
 */
public record Run(RunSpec spec, TokenSet text, TrialSpec trial, long flopsPerStep, MemoryPlan memory) {
    /**
     * Reads the text and plans the run; nothing is trained.
     *
     * @throws org.moe4j.io.InputException if there is no such device, text or model, the batch does not suit the model, or the budget buys no step
     */
    public static Run of(RunSpec spec, SpecReader reader) {
        Backends.open(spec.device(), 1).close();                                  // refuse an unknown device before the text is read
        TokenSet text = TokenSet.open(spec.data());
        ModelSpec model = spec.model(text.tokenizer().vocabularySize(), reader);
        TrialSpec trial = new TrialSpec(spec.label(), spec.label(), 0, model, spec.training(Ledger.trainingFlops(model, spec.batch())), spec.data(), spec.seed());
        return of(spec, trial, text);
    }

    /** A run that was begun, and goes on with the spec it was begun with. */
    static Run begun(RunSpec spec, TrialSpec trial) {
        return of(spec, trial, TokenSet.open(trial.data()));
    }

    private static Run of(RunSpec spec, TrialSpec trial, TokenSet text) {
        Trial.data(trial, text);                                                  // refuse a text that is too short now
        MemoryPlan memory = MemoryPlan.of(trial.model(), trial.training().batch(), trial.training().optimizer()::stateBytes);
        return new Run(spec, text, trial, Ledger.trainingFlops(trial.model(), trial.training().batch()), memory);
    }

    /**
     * Refuses a run that would not fit the heap, or its device's memory.
     *
     * @throws org.moe4j.io.InputException with the bytes needed, those there are, and what would do
     */
    public void requireMemory() {
        Room.require(trial.label() + " of width " + trial.model().dim() + " needs", memory.total(), spec.device(), "a smaller --batch or model (--dim, --layers, --experts)");
    }
}
