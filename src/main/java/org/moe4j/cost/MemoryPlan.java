package org.moe4j.cost;

import java.util.function.ToLongBiFunction;

import org.moe4j.autodiff.Arena;
import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.backend.Backend;
import org.moe4j.backend.dry.DryBackend;
import org.moe4j.model.LanguageModel;
import org.moe4j.model.ModelSpec;
import org.moe4j.nn.Init;
import org.moe4j.nn.Pass;

/**
 * The bytes of a training step in float32 (tables in bfloat16 where the spec says so), found by running one on the back end that computes nothing: the same tape and the
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
     * @param statePerParameter values of optimizer state for each trained value, kept as it is: 2 for Adam
     */
    public static MemoryPlan of(ModelSpec spec, int batch, int statePerParameter) {
        return of(spec, batch, (p, on) -> statePerParameter * bytes(p, on));
    }

    /** @param state bytes of optimizer state for a parameter */
    public static MemoryPlan of(ModelSpec spec, int batch, ToLongBiFunction<Parameter, Backend> state) {
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
            weights += bytes(p, on);
            kept += p.kind() == Parameter.Kind.BUFFER ? 0 : state.applyAsLong(p, on);
            dense += p.kind() == Parameter.Kind.WEIGHT ? bytes(p, on) : 0;
        }
        return new MemoryPlan(weights, dense, kept, arena.peakBytes());
    }

    private static long bytes(Parameter p, Backend on) {
        return p.shape().size() * on.bytesPerValue(p.data().type());
    }

    public long total() {
        return weights + gradients + optimizer + activations;
    }
}
