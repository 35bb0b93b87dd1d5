package org.moe4j.nn;

import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;

/** A normalisation along the last axis. */
public abstract class Norm extends Module {
    /** @param x (.., D) */
    public abstract Variable forward(Tape t, Variable x);

    /** Which one, and with what learned. */
    public enum Kind {
        /** {@link RmsNorm}: a gain. */
        RMS(1),
        /** {@link LayerNorm}: a gain and a bias. */
        LAYER(2),
        /** {@link LayerNorm} with a gain only (DBRX). */
        LAYER_GAIN(1);

        private final int vectors;

        Kind(int vectors) {
            this.vectors = vectors;
        }

        public Norm build(int dim, double eps, Init init) {
            return switch (this) {
                case RMS -> new RmsNorm(dim, eps, init);
                case LAYER -> new LayerNorm(dim, eps, init);
                case LAYER_GAIN -> LayerNorm.gainOnly(dim, eps, init);
            };
        }

        public long parameters(int dim) {
            return (long) vectors * dim;
        }
    }
}
