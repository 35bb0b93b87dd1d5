package org.moe4j.autodiff;

import org.moe4j.backend.Backend;
import org.moe4j.tensor.Shape;
import org.moe4j.tensor.Storage;
import org.moe4j.tensor.Tensor;

/** A value that an operation takes or made, and its gradient once backward has reached it. */
public class Variable {
    private final Tensor value;
    private boolean wantsGrad;
    private final Op view;
    private Tensor grad;
    private Backend unwritten;                                                    // of a gradient that is zero while its memory isn't yet; else null
    private Variable sharer;                                                      // whose gradient has all the same memory, and whether it is written; else null

    Variable(Tensor value, boolean wantsGrad) {
        this(value, wantsGrad, null);
    }

    /** @param view the operation that looks at part of its input's memory; null if this has memory of its own */
    Variable(Tensor value, boolean wantsGrad, Op view) {
        this.value = value;
        this.wantsGrad = wantsGrad;
        this.view = view;
    }

    public final Shape shape() {
        return value.shape();
    }

    public final Tensor value() {
        return value;
    }

    /** The memory of the value. */
    public final Storage data() {
        return value.data();
    }

    /** Whether anything upstream is to be trained: operations skip the gradients of inputs that don't want one. */
    public final boolean wantsGrad() {
        return wantsGrad;
    }

    /** The gradient; null where none has flowed (yet). */
    public final Tensor grad() {
        if (sharer != null) {
            sharer.grad();
        } else if (unwritten != null) {
            unwritten.fill(grad.data(), 0);
            unwritten = null;
        }
        return grad;
    }

    /** Whether there is a gradient, be it zero. */
    final boolean hasGrad() {
        return grad != null;
    }

    /**
     * Whether what comes is to be added to {@link #dData}, to be asked before it by whoever writes all of it: if not, the memory holds
     * anything, and the zeros it stands for need neither be written nor be read.
     */
    public final boolean addsToGrad() {
        if (sharer != null) {
            return sharer.addsToGrad();
        }
        boolean adds = unwritten == null;
        unwritten = null;
        return adds;
    }

    /** The memory of the gradient, to add to; the tape makes it before it calls backward. */
    public final Storage dData() {
        if (grad == null) {
            throw new IllegalStateException(this + " has no dense gradient: of a table only embedding, gatherDot and gatherSum take the rows");
        }
        return grad().data();
    }

    /** The gradient's values in row-major order, zeros where none has flowed: for tests and reports. */
    public double[] gradientToDoubles() {
        return grad == null ? new double[Math.toIntExact(shape().size())] : grad().toDoubles();
    }

    final Op view() {
        return view;
    }

    final void setGrad(Tensor grad) {
        this.grad = grad;
        unwritten = null;
        sharer = null;
    }

    /** The gradient of another variable, of the same values under another shape. */
    final void shareGrad(Variable other) {
        setGrad(new Tensor(shape(), other.gradMemory()));
        sharer = other;
    }

    /** A gradient of zero in the memory given, whatever that holds. */
    final void setZeroGrad(Tensor memory, Backend on) {
        grad = memory;
        unwritten = on;
        sharer = null;
    }

    /** The memory of the gradient, with zeros in it or not. */
    final Storage gradMemory() {
        return grad.data();
    }

    final void setWantsGrad(boolean wantsGrad) {
        this.wantsGrad = wantsGrad;
    }

    @Override
    public String toString() {
        return getClass().getSimpleName() + shape();
    }
}
