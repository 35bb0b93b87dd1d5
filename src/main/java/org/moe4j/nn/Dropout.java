package org.moe4j.nn;

import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;

/** In training each value is 0 with probability {@code rate}, else x / (1 - rate) (Srivastava et al. 2014); otherwise x. */
public final class Dropout extends Module {
    private final double rate;
    private final String place;

    /** @param init where in the model it stands: each place draws its own mask */
    public Dropout(double rate, Init init) {
        this.rate = rate;
        this.place = init.path();
    }

    public Variable forward(Tape t, Variable x, Pass pass) {
        return pass.training() ? t.dropout(x, rate, pass.random(place)) : x;
    }
}
