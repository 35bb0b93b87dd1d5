package org.moe4j.autodiff.op;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

import org.moe4j.autodiff.Call;
import org.moe4j.autodiff.Cost;
import org.moe4j.autodiff.Op;
import org.moe4j.autodiff.Variable;
import org.moe4j.backend.Backend;
import org.moe4j.backend.Binary;
import org.moe4j.backend.Epilogue;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.Shape;
import org.moe4j.tensor.Storage;
import org.moe4j.tensor.Strided;

/**
 * The output layer of a language model and its loss: the mean over the C rows whose target isn't negative of lse(z) - z[target], in nats, where
 * z = x wᵀ + b are the logits (.., V) of x (.., D), with w (V,D) and b (V) or null; 0 if there are none.
 *
 * <p>One operation, so that the logits of all rows never exist: a block of rows has its logits, their loss and at once, while it is in a cache, what
 * they give to the gradients, from dz = (softmax(z) - onehot) / C, which takes their place (Hsu et al. 2024, Liger Kernel, section 3.2). Backward has
 * only to multiply by the gradient of the mean. Memory is linear in the block and in the gradients, each exponential is computed once, and
 * the weight's is worked out as dwᵀ = xᵀ · dz, so that dz is never transposed.
 *
 * @param block rows whose logits there are at once
 * @param recording whether gradients are wanted at all
 */
public record LinearCrossEntropy(Variable x, Variable w, Variable b, IntStorage targets, int block, boolean recording) implements Op {
    /**
     * Values of the logits that there are at once: 32 MiB of float32, the third-level cache of a processor with some. Where the two products that read them
     * find them hardly matters, as those take 100 FLOPs a value. What does is that each block packs the weights anew and passes over the sums of their
     * gradient: with 8,192 classes on two threads 146 ms in blocks of 512 rows, 142 of 1,024 and 140 of 2,048, on one thread 269, 270 and 270.
     */
    private static final int LOGITS = 1 << 23;
    /** Rows that a block has at least, however many the classes: for the same reason. */
    private static final int FEWEST = 256;

    /** With blocks as they are for so many classes. */
    public LinearCrossEntropy(Variable x, Variable w, Variable b, IntStorage targets, boolean recording) {
        this(x, w, b, targets, Math.max(LOGITS / w.shape().dim(0), FEWEST), recording);
    }

    public LinearCrossEntropy {
        Check.rank("linearCrossEntropy", "the weight", w, 2);
        Check.length("linearCrossEntropy", "a row of x " + x.shape(), x.shape().columns(), w.shape().dim(1));
        if (b != null) {
            Check.equal("linearCrossEntropy", "the bias", b, Shape.of(w.shape().dim(0)));
        }
        Check.length("linearCrossEntropy", "targets for x " + x.shape(), targets.length(), x.shape().rows());
        Check.below("linearCrossEntropy", "target", targets, w.shape().dim(0));
    }

    @Override
    public List<Variable> inputs() {
        return Stream.of(x, w, b).filter(Objects::nonNull).toList();
    }

    /** The mean, then the gradients of the inputs that want one, by the mean: of x, of w transposed, (D,V), and of b. */
    @Override
    public List<Shape> outputs() {
        List<Shape> all = new ArrayList<>(List.of(Shape.SCALAR));
        if (wants(x)) {
            all.add(x.shape());
        }
        if (wants(w)) {
            all.add(Shape.of(dim(), classes()));
        }
        if (wants(b)) {
            all.add(b.shape());
        }
        return all;
    }

    @Override
    public void forward(Backend on, Call call) {
        Storage dx = dx(call);
        Storage dw = dw(call);
        Storage db = db(call);
        int each = Math.clamp(rows(), 1, block);
        Storage logits = call.scratch((long) each * classes());
        Storage work = call.scratch(each);
        Storage losses = call.scratch(rows());
        Storage dlosses = call.scratch(each);
        double share = 1.0 / Math.max(1, Arrays.stream(targets.toArray()).filter(target -> target >= 0).count());
        on.fill(dlosses, share);
        if (db != null) {
            on.fill(db, 0);
        }
        for (int from = 0; from < rows() || from == 0; from += each) {
            int n = Math.min(each, rows() - from);
            Storage xs = x.data().slice((long) from * dim(), (long) n * dim());
            Storage z = logits.slice(0, (long) n * classes());
            IntStorage wanted = targets.slice(from, n);
            Storage loss = losses.slice(from, n);
            on.gemm(false, true, n, classes(), dim(), xs, w.data(), z, new Epilogue.Layer(b == null ? null : b.data())); // z = x · wᵀ + b
            if (dx == null && dw == null && db == null) {
                on.crossEntropy(z, n, classes(), wanted, 0, loss, work.slice(0, n));
            } else {
                on.crossEntropyInPlace(z, n, classes(), wanted, dlosses.slice(0, n), loss, work.slice(0, n)); // z = dz
            }
            if (dx != null) {
                on.gemm(false, false, n, dim(), classes(), z, w.data(), dx.slice((long) from * dim(), (long) n * dim()), false); // dx = dz · w
            }
            if (dw != null) {
                on.gemm(true, false, dim(), classes(), n, xs, z, dw, from > 0); // dwᵀ += xᵀ · dz
            }
            if (db != null) {
                on.move(new int[] {n, classes()}, new Strided(z, 0, new long[] {classes(), 1}), new Strided(db, 0, new long[] {0, 1}), true);
            }
        }
        on.fill(call.y(), 0);
        on.move(new int[] {rows()}, Strided.of(losses), new Strided(call.y(), 0, new long[] {0}), true);
        on.scale(share, call.y());
    }

    @Override
    public void backward(Backend on, Call call) {
        addScaled(on, dx(call), call.dy(), x);
        addScaled(on, db(call), call.dy(), b);
        if (wants(w)) {
            Storage scaled = call.scratch(w.shape().size());
            on.binary(Binary.MULTIPLY, flat(scaled), Strided.of(dw(call)), always(call.dy()), scaled);
            boolean add = w.addsToGrad();
            on.move(new int[] {classes(), dim()}, new Strided(scaled, 0, new long[] {1, classes()}), Strided.of(w.grad()), add);
        }
    }

    /** The gradient of an input adds factor · grad; nothing where it wants none. */
    private static void addScaled(Backend on, Storage grad, Storage factor, Variable input) {
        if (grad == null) {
            return;
        }
        if (input.addsToGrad()) {
            on.binaryGrad(Binary.MULTIPLY, flat(grad), Strided.of(grad), always(factor), grad, input.dData(), null);
        } else {
            on.binary(Binary.MULTIPLY, flat(grad), Strided.of(grad), always(factor), input.dData());
        }
    }

    private static int[] flat(Storage x) {
        return new int[] {Math.toIntExact(x.size())};
    }

    private static Strided always(Storage scalar) {
        return new Strided(scalar, 0, new long[] {0});
    }

    @Override
    public Cost cost() {
        long values = (long) rows() * dim() + (long) classes() * dim() + 1;
        return new Cost(Linear.cost(rows(), classes(), dim()).flops(), Float.BYTES * values);
    }

    private boolean wants(Variable input) {
        return recording && input != null && input.wantsGrad();
    }

    private Storage dx(Call call) {
        return wants(x) ? call.y(1) : null;
    }

    private Storage dw(Call call) {
        return wants(w) ? call.y(wants(x) ? 2 : 1) : null;
    }

    private Storage db(Call call) {
        return wants(b) ? call.y(outputs().size() - 1) : null;
    }

    private int rows() {
        return x.shape().rows();
    }

    private int dim() {
        return w.shape().dim(1);
    }

    private int classes() {
        return w.shape().dim(0);
    }
}
