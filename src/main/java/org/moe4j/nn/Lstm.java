package org.moe4j.nn;

import java.util.ArrayList;
import java.util.List;

import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;

/** Layers of {@link LstmCell} one over the other, run over time. */
public final class Lstm extends Module {
    private final List<LstmCell> cells = new ArrayList<>();

    /** @param projection the width R of each layer's output; 0 for none, R = H */
    public Lstm(int input, int hidden, int layers, int projection, Init init) {
        int width = projection == 0 ? hidden : projection;
        for (int l = 0; l < layers; l++) {
            cells.add(part(new LstmCell(l == 0 ? input : width, hidden, projection, init.at("layers").at(l))));
        }
    }

    /**
     * @param x (T,B,I), time first
     * @param initial h (L,B,R) and c (L,B,H)
     */
    public Result forward(Tape t, Variable x, LstmCell.State initial) {
        Variable y = x;
        List<Variable> h = new ArrayList<>();
        List<Variable> c = new ArrayList<>();
        for (int l = 0; l < cells.size(); l++) {
            LstmCell cell = cells.get(l);
            Variable fromInput = cell.input(t, y);                                // (T, B, 4H)
            LstmCell.State state = new LstmCell.State(at(t, initial.h(), l), at(t, initial.c(), l));
            List<Variable> outputs = new ArrayList<>();
            for (int time = 0; time < x.shape().dim(0); time++) {
                state = cell.step(t, at(t, fromInput, time), state);
                outputs.add(state.h());
            }
            y = t.stack(0, outputs);                                              // (T, B, R)
            h.add(state.h());
            c.add(state.c());
        }
        return new Result(y, new LstmCell.State(t.stack(0, h), t.stack(0, c)));
    }

    private static Variable at(Tape t, Variable x, int index) {
        return t.reshape(t.slice(x, 0, index, index + 1), x.shape().dim(1), x.shape().dim(2));
    }

    /**
     * @param y (T,B,R), the last layer's outputs
     * @param last the state of every layer after the last step, h (L,B,R) and c (L,B,H)
     */
    public record Result(Variable y, LstmCell.State last) {}
}
