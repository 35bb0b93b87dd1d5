package org.moe4j.cost;

import org.moe4j.autodiff.Cost;
import org.moe4j.experts.FeedForwardSpec;
import org.moe4j.model.ModelSpec;

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
        long d = spec.dim();
        long attention = attentionParameters(spec);
        long embedding = (spec.tied() ? 1 : 2) * (long) spec.vocabulary() * d;
        long shared = embedding + d + spec.layers() * (attention + 2 * d);
        long parameters = shared;
        long active = shared;
        for (FeedForwardSpec layer : spec.blocks()) {
            parameters += layer.parameters(spec.dim());
            active += layer.activeParameters(spec.dim());
        }
        return new ModelCost(parameters, active, embedding, flops(spec, 1, spec.sequence()), spec.sequence());
    }

    /** FLOPs of a batch, forward. */
    public static long flops(ModelSpec spec, int batch, int time) {
        int tokens = batch * time;
        long products = 2L * tokens * attentionParameters(spec);
        long scores = 2L * batch * time * (time + 1L) * spec.dim();       // q·k and p·v, each 2 Dh FLOPs for each pair s <= t of each head
        long total = spec.layers() * (products + scores) + 2L * tokens * spec.vocabulary() * spec.dim();
        for (FeedForwardSpec layer : spec.blocks()) {
            total += layer.flops(spec.dim(), tokens);
        }
        return total;
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

    /** Query, key, value and output projections of one block. */
    private static long attentionParameters(ModelSpec spec) {
        long d = spec.dim();
        return 2 * d * d + 2 * d * spec.keyHeads() * spec.headDim();
    }
}
