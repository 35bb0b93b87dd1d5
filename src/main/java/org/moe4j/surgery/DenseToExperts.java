package org.moe4j.surgery;

import org.moe4j.backend.Backend;
import org.moe4j.experts.DenseFeedForward;
import org.moe4j.experts.MlpExperts;
import org.moe4j.io.InputException;
import org.moe4j.tensor.Strided;
import org.moe4j.tensor.Tensor;

/**
 * Puts the weights of a dense layer, which is a sum over its hidden neurons, into a bank: whole, or cut into G experts of F / G neurons each,
 * whose outputs sum to the layer's. A cut expert's output is scaled by G, for a gate that is shared out among the G.
 */
record DenseToExperts(Backend on, int layer, int granularity) {
    /** The bank whose experts hold a layer's neurons. */
    static MlpExperts.Spec bank(DenseFeedForward.Spec dense, int granularity) {
        if (dense.hidden() % granularity != 0) {
            throw new InputException("granularity is " + granularity + ", which does not divide the " + dense.hidden() + " hidden neurons of a layer");
        }
        return new MlpExperts.Spec(dense.hidden() / granularity, dense.activation(), dense.bias());
    }

    /** Fills experts {@code copy}·G to {@code copy}·G + G - 1. */
    void fill(Weights dense, Weights mixture, int copy) {
        String from = Layers.prefix(layer);
        String to = from + "experts.";
        for (int g = 0; g < granularity; g++) {
            int e = copy * granularity + g;
            neurons(dense, from + "in.weight", mixture, to + "in", e, g);
            neurons(dense, from + "gate.weight", mixture, to + "gate", e, g);
            neurons(dense, from + "in.bias", mixture, to + "inBias", e, g);
            neurons(dense, from + "gate.bias", mixture, to + "gateBias", e, g);
            columns(dense.get(from + "out.weight"), mixture.get(to + "out").rows(e, e + 1), g);
            if (dense.has(from + "out.bias")) {
                on.copy(dense.get(from + "out.bias").data(), mixture.get(to + "outBias").rows(e, e + 1).data());
            }
        }
    }

    /** Neurons g·F/G and on of (F,D) or (F) become row e of (E,F/G,D) or (E,F/G). */
    private void neurons(Weights dense, String from, Weights mixture, String to, int e, int g) {
        if (dense.has(from)) {
            Tensor all = dense.get(from);
            int width = all.shape().dim(0) / granularity;
            on.copy(all.rows(g * width, (g + 1) * width).data(), mixture.get(to).rows(e, e + 1).data());
        }
    }

    /** Columns g·F/G and on of (D,F), times G, become an expert's (1,D,F/G). */
    private void columns(Tensor all, Tensor expert, int g) {
        int dim = all.shape().dim(0);
        int hidden = all.shape().dim(1);
        int width = hidden / granularity;
        on.move(new int[] {dim, width}, new Strided(all.data(), (long) g * width, new long[] {hidden, 1}),
            new Strided(expert.data(), 0, new long[] {width, 1}), false);
        on.scale(granularity, expert.data());
    }
}
