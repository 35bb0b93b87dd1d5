package org.moe4j.cost;

import java.util.function.ToLongFunction;

import org.moe4j.autodiff.Arena;
import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.backend.dry.DryBackend;
import org.moe4j.model.LanguageModel;
import org.moe4j.model.ModelSpec;
import org.moe4j.nn.Init;
import org.moe4j.nn.Pass;
import org.moe4j.tensor.Shape;

/**
 * The bytes of a training step in float32, found by running one on the back end that computes nothing: the same tape and the
 * same arena as the real step, so the same numbers, and nothing is allocated. Where routing decides a size (rows touched of a
 * table), the plan assumes that every look-up touches another row, which is the most there can be. What lies in files is left out.
 *
 * @param weights bytes of all parameters, buffers included
 * @param gradients bytes of the dense gradients
 * @param optimizer bytes of the optimizer's state
 * @param activations bytes the arena needs at its peak: results, what backward needs, gradients on their way, rows of tables
 */
public record MemoryPlan(long weights, long gradients, long optimizer, long activations) {
    /**
     * @param batch sequences in a step, each of the spec's length
     * @param statePerParameter values of optimizer state for each trained value: 2 for Adam
     */
    public static MemoryPlan of(ModelSpec spec, int batch, int statePerParameter) {
        return of(spec, batch, shape -> statePerParameter * shape.size());
    }

    /** @param state values of optimizer state for a parameter of a shape */
    public static MemoryPlan of(ModelSpec spec, int batch, ToLongFunction<Shape> state) {
        DryBackend on = new DryBackend();
        LanguageModel model = spec.build(new Init(on, 0));
        Arena arena = new Arena(on);
        int tokens = batch * spec.sequence();
        try (Tape t = new Tape(on, arena)) {
            LanguageModel.Output output = model.forward(t, new int[tokens], Pass.training(batch, spec.sequence(), 0, 0).withDomains(new int[batch]));
            t.backward(output.total(t, output.crossEntropy(t, new int[tokens])));
        }
        long weights = 0;
        long dense = 0;
        long kept = 0;
        for (Parameter p : model.parameters()) {
            if (!p.data().inMemory()) {
                continue;
            }
            weights += p.shape().size();
            kept += p.kind() == Parameter.Kind.BUFFER ? 0 : state.applyAsLong(p.shape());
            dense += p.kind() == Parameter.Kind.WEIGHT ? p.shape().size() : 0;
        }
        int bytes = on.bytesPerValue();
        return new MemoryPlan(weights * bytes, dense * bytes, kept * bytes, arena.peakBytes());
    }

    public long total() {
        return weights + gradients + optimizer + activations;
    }
}
