package org.moe4j.train;

import java.util.ArrayList;
import java.util.List;
import org.moe4j.autodiff.Parameter;
import org.moe4j.backend.Backend;
import org.moe4j.backend.Unary;
import org.moe4j.tensor.Storage;

/** All gradients of a model together, dense ones and the touched rows of tables: their norm, and clipping. */
public final class Gradients {
    private static final double EPS = 1e-6; // as in torch's clip_grad_norm_

    private Gradients() {}

    /** The root of the sum of all squares; not finite if any gradient isn't. */
    public static double norm(Backend on, List<Parameter> parameters) {
        List<Storage> values = new ArrayList<>();
        double sums = 0;
        for (Parameter p : parameters) {
            if (p.grad() != null) {
                values.add(p.dData());
            }
            if (p.rowGrad() != null && p.rowGrad().isAddedUp()) {
                values.add(p.rowGrad().values());
            } else if (p.rowGrad() != null) {
                sums += p.rowGrad().sumOfSquares();
            }
        }
        return Math.sqrt(on.sumOfSquares(values) + sums);
    }

    /**
     * Scales all gradients by min(1, max / (norm + 1e-6)) (Pascanu, Mikolov and Bengio 2013, algorithm 1).
     *
     * @param norm what {@link #norm} gave
     */
    public static void clipNorm(Backend on, List<Parameter> parameters, double norm, double max) {
        double factor = max / (norm + EPS);
        if (factor < 1) {
            for (Parameter p : parameters) {
                if (p.grad() != null) {
                    on.scale(factor, p.dData());
                }
                if (p.rowGrad() != null) {
                    p.rowGrad().scale(factor);
                }
            }
        }
    }

    /** Keeps every value of every gradient within [-max, max]. */
    public static void clipValue(Backend on, List<Parameter> parameters, double max) {
        Unary clamp = Unary.clamp(-max, max);
        for (Parameter p : parameters) {
            if (p.grad() != null) {
                on.unary(clamp, p.dData(), p.dData());
            }
            if (p.rowGrad() != null) {
                on.unary(clamp, p.rowGrad().values(), p.rowGrad().values());
            }
        }
    }

    /** Forgets all gradients. */
    public static void clear(Backend on, List<Parameter> parameters) {
        parameters.forEach(p -> p.clearGrad(on));
    }
}
