package org.moe4j.experts;

import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.nn.Module;

/** A bank of experts of one kind and width, evaluated only where routed. */
public abstract class Experts extends Module {
    /**
     * y[t] = sum over the slots s of token t of gates[s] expert_{expert[s]}(x[t]); zero for a token without slots.
     *
     * @param x (T,D)
     * @return (T,D)
     */
    public abstract Variable forward(Tape t, Variable x, Routing routing);
}
