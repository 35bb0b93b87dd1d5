package org.moe4j.autodiff;

import org.moe4j.tensor.Shape;
import org.moe4j.tensor.Storage;
import org.moe4j.tensor.Tensor;

/** A value that an operation takes or made, and its gradient once backward has reached it. */
public class Variable {
    private final Tensor value;
    private final boolean wantsGrad;
    private Tensor grad;

    Variable(Tensor value, boolean wantsGrad) {
        this.value = value;
        this.wantsGrad = wantsGrad;
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
        return grad;
    }

    /** The memory of the gradient, to add to; the tape makes it before it calls backward. */
    public final Storage dData() {
        return grad.data();
    }

    final void setGrad(Tensor grad) {
        this.grad = grad;
    }

    @Override
    public String toString() {
        return getClass().getSimpleName() + shape();
    }
}
