package org.moe4j.cost;

import java.util.List;

import org.moe4j.autodiff.Cost;
import org.moe4j.model.ModelSpec;
import org.moe4j.model.Part;

/**
 * Parameters and FLOPs of a model by formula. FLOPs follow the convention of {@link Cost}: products only, attention counted
 * over the causal half, training three times forward; the output head is included, the embedding look-up is free.
 *
 * @param parameters all trained parameters
 * @param activeParameters those that one token uses
 * @param embeddingParameters the part of both that are embedding and output head
 * @param sequenceFlops FLOPs of one sequence of the spec's length, forward
 * @param sequence that length, in tokens
 */
public record ModelCost(long parameters, long activeParameters, long embeddingParameters, long sequenceFlops, int sequence) {
    public static ModelCost of(ModelSpec spec) {
        List<Part> parts = spec.parts(1, spec.sequence());
        return new ModelCost(parts.stream().mapToLong(Part::parameters).sum(), parts.stream().mapToLong(Part::active).sum(),
            parts.stream().filter(p -> Part.Kind.EMBEDDINGS.contains(p.kind())).mapToLong(Part::parameters).sum(),
            parts.stream().mapToLong(Part::flops).sum(), spec.sequence());
    }

    /** FLOPs of a batch, forward. */
    public static long flops(ModelSpec spec, int batch, int time) {
        return spec.parts(batch, time).stream().mapToLong(Part::flops).sum();
    }

    /** FLOPs of one training step on a batch: forward and backward. */
    public static long trainingFlops(ModelSpec spec, int batch) {
        return Cost.flops(flops(spec, batch, spec.sequence())).trainingFlops();
    }

    public double forwardFlopsPerToken() {
        return (double) sequenceFlops / sequence;
    }

    public double trainingFlopsPerToken() {
        return (double) Cost.flops(sequenceFlops).trainingFlops() / sequence;
    }
}
