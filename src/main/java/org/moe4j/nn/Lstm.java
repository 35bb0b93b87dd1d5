package org.moe4j.nn;

import java.util.ArrayList;
import java.util.List;

import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.io.InputException;
import org.moe4j.tensor.Shape;

/** Layers of {@link LstmCell} one over the other, run over time. */
public final class Lstm extends Module {
    private final int hidden;
    private final int width;
    private final List<LstmCell> cells = new ArrayList<>();

    /**
     * @param projection the width R of each layer's output; 0 for none, R = H
     * @param bias whether the gates have biases: two, as PyTorch's have
     */
    public Lstm(int input, int hidden, int layers, int projection, boolean bias, Init init) {
        this.hidden = hidden;
        this.width = projection == 0 ? hidden : projection;
        for (int l = 0; l < layers; l++) {
            cells.add(part(new LstmCell(l == 0 ? input : width, hidden, projection, bias, init.at("layers").at(l))));
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

    /** The state before the first step of {@code batch} sequences that nothing went before. */
    public LstmCell.State zeros(Tape t, int batch) {
        return new LstmCell.State(t.filled(Shape.of(cells.size(), batch, width), 0), t.filled(Shape.of(cells.size(), batch, hidden), 0));
    }

    private static Variable at(Tape t, Variable x, int index) {
        return t.reshape(t.slice(x, 0, index, index + 1), x.shape().dim(1), x.shape().dim(2));
    }

    /**
     * @param y (T,B,R), the last layer's outputs
     * @param last the state of every layer after the last step, h (L,B,R) and c (L,B,H)
     */
    public record Result(Variable y, LstmCell.State last) {}

    /**
     * One layer.
     *
     * @param units H, memory cells
     * @param projection R, the width of its output; 0 for none, R = H
     */
    public record Spec(int units, int projection) {
        public Spec {
            if (units < 1) {
                throw new InputException("units is " + units + ", it has to be at least 1");
            }
            if (projection < 0) {
                throw new InputException("projection is " + projection + ", it has to be at least 1, or 0 for none");
            }
        }

        /** R, or H where there is no projection. */
        public int width() {
            return projection == 0 ? units : projection;
        }

        /** 4H(I + R) and H·R of the projection; without biases. */
        public long weights(int input) {
            return 4L * units * (input + width()) + (long) units * projection;
        }

        /** With the two biases of the gates, if it has them. */
        public long parameters(int input, boolean bias) {
            return weights(input) + (bias ? 8L * units : 0);
        }
    }
}
