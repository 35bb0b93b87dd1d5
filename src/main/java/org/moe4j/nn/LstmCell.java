package org.moe4j.nn;

import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;

/**
 * One step of an LSTM (Hochreiter and Schmidhuber 1997; with a forget gate, Gers et al. 2000):
 * <pre>
 *   (i, f, g, o) = input(x) + recurrent(h);   c' = σ(f) c + σ(i) tanh(g);   h' = σ(o) tanh(c')
 * </pre>
 * With a projection h' is multiplied by one more weight (Sak et al. 2014), as in the language models of Shazeer et al. 2017.
 */
public final class LstmCell extends Module {
    private final int hidden;
    private final Linear input;                                                   // I to 4H, rows i, f, g, o
    private final Linear recurrent;                                               // R to 4H
    private final Linear projection;                                              // H to R, or null

    /**
     * Starts with uniform numbers below 1 / sqrt(H).
     *
     * @param projection R, the width of h; 0 for none, R = H
     * @param bias whether the input's and the recurrent product have one
     */
    public LstmCell(int input, int hidden, int projection, boolean bias, Init init) {
        this.hidden = hidden;
        double bound = 1 / Math.sqrt(hidden);
        int width = projection == 0 ? hidden : projection;
        this.input = part(Linear.uniform(input, 4 * hidden, bias, bound, init.at("input")));
        this.recurrent = part(Linear.uniform(width, 4 * hidden, bias, bound, init.at("recurrent")));
        this.projection = projection == 0 ? null : part(Linear.uniform(hidden, projection, false, bound, init.at("projection")));
    }

    /**
     * @param h (.., R)
     * @param c (.., H)
     */
    public record State(Variable h, Variable c) {}

    /** @param x (B,I); the state's h (B,R) and c (B,H) */
    public State forward(Tape t, Variable x, State state) {
        return step(t, input(t, x), state);
    }

    /** The input's part of the gates, which can be had for all steps at once: (.., I) to (.., 4H). */
    Variable input(Tape t, Variable x) {
        return input.forward(t, x);
    }

    /** @param fromInput (B,4H) */
    State step(Tape t, Variable fromInput, State state) {
        Variable gates = t.add(fromInput, recurrent.forward(t, state.h));         // (B, 4H)
        Variable i = t.sigmoid(t.slice(gates, 1, 0, hidden));
        Variable f = t.sigmoid(t.slice(gates, 1, hidden, 2 * hidden));
        Variable g = t.tanh(t.slice(gates, 1, 2 * hidden, 3 * hidden));
        Variable o = t.sigmoid(t.slice(gates, 1, 3 * hidden, 4 * hidden));
        Variable c = t.add(t.multiply(f, state.c), t.multiply(i, g));
        Variable h = t.multiply(o, t.tanh(c));
        return new State(projection == null ? h : projection.forward(t, h), c);
    }
}
