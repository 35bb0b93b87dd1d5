package org.moe4j.nn;

import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;

/**
 * One step of a gated recurrent unit (Cho et al. 2014), with the reset gate after the recurrent product:
 * <pre>
 *   r, z = σ(input(x) + recurrent(h));   n = tanh(input(x) + r recurrent(h));   h' = (1 - z) n + z h
 * </pre>
 */
public final class GruCell extends Module {
    private final int hidden;
    private final Linear input;                                                   // I to 3H, rows r, z, n
    private final Linear recurrent;                                               // H to 3H

    /** Starts with uniform numbers below 1 / sqrt(H). */
    public GruCell(int input, int hidden, Init init) {
        this.hidden = hidden;
        double bound = 1 / Math.sqrt(hidden);
        this.input = part(Linear.uniform(input, 3 * hidden, true, bound, init.at("input")));
        this.recurrent = part(Linear.uniform(hidden, 3 * hidden, true, bound, init.at("recurrent")));
    }

    /**
     * @param x (B,I)
     * @param h (B,H)
     * @return h' (B,H)
     */
    public Variable forward(Tape t, Variable x, Variable h) {
        Variable a = input.forward(t, x);                                         // (B, 3H)
        Variable b = recurrent.forward(t, h);                                     // (B, 3H)
        Variable r = t.sigmoid(t.add(gate(t, a, 0), gate(t, b, 0)));
        Variable z = t.sigmoid(t.add(gate(t, a, 1), gate(t, b, 1)));
        Variable n = t.tanh(t.add(gate(t, a, 2), t.multiply(r, gate(t, b, 2))));
        return t.add(n, t.multiply(z, t.subtract(h, n)));
    }

    private Variable gate(Tape t, Variable gates, int i) {
        return t.slice(gates, 1, i * hidden, (i + 1) * hidden);
    }
}
