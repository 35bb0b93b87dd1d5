package org.moe4j.autodiff.op;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

import org.moe4j.autodiff.Call;
import org.moe4j.autodiff.Cost;
import org.moe4j.autodiff.Op;
import org.moe4j.autodiff.Variable;
import org.moe4j.backend.Backend;
import org.moe4j.backend.Epilogue;
import org.moe4j.backend.GroupedProduct;
import org.moe4j.backend.Unary;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.Shape;
import org.moe4j.tensor.Storage;

/**
 * Two layers, y = h outᵀ + outBias with h = f(x inᵀ + inBias), or gated (Shazeer 2020, equations 5 and 6) h = f(x gateᵀ + gateBias) · (x inᵀ + inBias);
 * x (.., D), in and gate (F,D), out (O,F), y (.., O), where O is mostly D; or those of each expert over its own rows, as in {@link GroupedLinear}, with
 * in and gate (E,F,D), out (E,O,F). One operation, so that f going forward and its slope going backward are applied to what a product has just computed.
 * Kept for backward are h, for the gradient of out, and what the slope is told from, where that isn't h; of a gated one both projections of x.
 *
 * @param inBias (F) or (E,F), or null
 * @param gate null where the network isn't gated
 * @param gateBias as inBias, or null
 * @param outBias (O) or (E,O), or null
 * @param starts (E+1), or null where one network has all rows
 */
public record Mlp(Variable x, Variable in, Variable inBias, Variable gate, Variable gateBias, Unary f, Variable out, Variable outBias, IntStorage starts) implements Op {
    public Mlp {
        boolean grouped = starts != null;
        Check.rank("mlp", "the first weight", in, grouped ? 3 : 2);
        int[] dims = in.shape().dims();
        int dim = dims[dims.length - 1];
        int hidden = dims[dims.length - 2];
        Check.length("mlp", "a row of x " + x.shape(), x.shape().columns(), dim);
        Check.rank("mlp", "the second weight", out, dims.length);
        int width = out.shape().dim(dims.length - 2);
        Check.equal("mlp", "the second weight", out, grouped ? Shape.of(dims[0], width, hidden) : Shape.of(width, hidden));
        if (inBias != null) {
            Check.equal("mlp", "the first bias", inBias, grouped ? Shape.of(dims[0], hidden) : Shape.of(hidden));
        }
        if (gate != null) {
            Check.equal("mlp", "the weight of the gate", gate, in.shape());
        }
        if (gateBias != null) {
            Check.equal("mlp", "the bias of the gate", gateBias, grouped ? Shape.of(dims[0], hidden) : Shape.of(hidden));
        }
        if (outBias != null) {
            Check.equal("mlp", "the second bias", outBias, grouped ? Shape.of(dims[0], width) : Shape.of(width));
        }
        if (grouped) {
            Check.rank("mlp", "x", x, 2);
            Check.length("mlp", "starts", starts.length(), dims[0] + 1L);
            GroupedLinear.checkStarts("mlp", starts, x);
        }
    }

    @Override
    public List<Variable> inputs() {
        return Stream.of(x, in, inBias, gate, gateBias, out, outBias).filter(Objects::nonNull).toList();
    }

    /** y, h, and what else is kept: both projections of x, or what the first layer leaves for its slope. */
    @Override
    public List<Shape> outputs() {
        Shape inner = Shape.of(rows(), hidden());
        Shape y = x.shape().withColumns(width());
        if (gate != null) {
            return List.of(y, inner, inner, inner);
        }
        return f.slopeFromValue() ? List.of(y, inner) : List.of(y, inner, inner);
    }

    @Override
    public void forward(Backend on, Call call) {
        Storage h = call.y(1);
        List<GroupedProduct> products = new ArrayList<>();
        if (gate == null) {
            boolean keep = !f.slopeFromValue() && inputs().stream().anyMatch(Variable::wantsGrad);
            products.add(product(true, hidden(), dim(), x.data(), in, kept(call), new Epilogue.Layer(data(inBias), f, h, keep))); // h = f(x · inᵀ + inBias)
        } else {
            Storage up = call.y(2);
            products.add(product(true, hidden(), dim(), x.data(), in, up, new Epilogue.Layer(data(inBias))));
            products.add(product(true, hidden(), dim(), x.data(), gate, call.y(3), new Epilogue.Gate(data(gateBias), f, up, h))); // h = f(x · gateᵀ + gateBias) up
        }
        products.add(product(true, width(), hidden(), h, out, call.y(), new Epilogue.Layer(data(outBias))));
        run(on, products);
    }

    @Override
    public void backward(Backend on, Call call) {
        Storage h = call.y(1);
        Storage dz = call.scratch((long) rows() * hidden());
        Storage dh = call.scratch(dz.size());
        Storage dgate = gate == null ? null : call.scratch(dz.size());
        List<GroupedProduct> products = new ArrayList<>();
        addWeightGrad(products, call.dy(), h, width(), hidden(), out); // dout += dyᵀ · h
        if (gate == null) {
            products.add(product(false, hidden(), width(), call.dy(), out, dh, new Epilogue.Slope(f, kept(call), h, dz))); // dz = (dy · out) f'(z)
            addProjectionGrad(products, dz, in);
        } else {
            products.add(product(false, hidden(), width(), call.dy(), out, dh,
                new Epilogue.GateGrad(f, call.y(3), call.y(2), dz, dgate, call.scratch(dz.size())))); // dz = dh f(g) and dgate = dh up f'(g), dh = dy · out
            addProjectionGrad(products, dz, in);
            addProjectionGrad(products, dgate, gate);
        }
        run(on, products);
        biasGrad(on, call.dy(), width(), outBias);
        biasGrad(on, dz, hidden(), inBias);
        biasGrad(on, dgate, hidden(), gateBias);
    }

    /** The gradients of z = x · wᵀ + bias but for the bias. */
    private void addProjectionGrad(List<GroupedProduct> products, Storage dz, Variable w) {
        addWeightGrad(products, dz, x.data(), hidden(), dim(), w); // dw += dzᵀ · x
        if (x.wantsGrad()) {
            boolean add = x.addsToGrad();
            products.add(new GroupedProduct.Rows(false, dim(), hidden(), dz, w.data(), x.dData(), add, null)); // dx += dz · w
        }
    }

    @Override
    public Cost cost() {
        Cost up = starts == null ? Linear.cost(rows(), hidden(), dim()) : GroupedLinear.cost(starts, rows(), hidden(), dim());
        if (gate != null) {
            up = up.plus(up);
        }
        return up.plus(starts == null ? Linear.cost(rows(), width(), hidden()) : GroupedLinear.cost(starts, rows(), width(), hidden()));
    }

    /** One after the other; where one network has all rows, as products of matrices. */
    private void run(Backend on, List<GroupedProduct> products) {
        if (starts != null) {
            on.groupedProducts(starts, products);
            return;
        }
        for (GroupedProduct product : products) {
            switch (product) {
                case GroupedProduct.Rows p when p.after() != null -> on.gemm(false, p.transposeW(), rows(), p.n(), p.k(), p.x(), p.w(), p.y(), p.after());
                case GroupedProduct.Rows p -> on.gemm(false, p.transposeW(), rows(), p.n(), p.k(), p.x(), p.w(), p.y(), p.add());
                case GroupedProduct.Weights p -> on.gemm(true, false, p.m(), p.n(), rows(), p.a(), p.b(), p.dw(), p.add());
            }
        }
    }

    private static GroupedProduct product(boolean transposeW, int n, int k, Storage a, Variable w, Storage c, Epilogue after) {
        return new GroupedProduct.Rows(transposeW, n, k, a, w.data(), c, false, after);
    }

    /** dw += aᵀ · b, with a (R,m) and b (R,n). */
    private static void addWeightGrad(List<GroupedProduct> products, Storage a, Storage b, int m, int n, Variable w) {
        if (w.wantsGrad()) {
            boolean add = w.addsToGrad();
            products.add(new GroupedProduct.Weights(m, n, a, b, w.dData(), add));
        }
    }

    private void biasGrad(Backend on, Storage dy, int n, Variable bias) {
        if (bias != null && bias.wantsGrad()) {
            if (starts == null) {
                Linear.addBiasGrad(on, rows(), n, dy, bias);
            } else {
                on.groupedBiasGrad(starts, n, dy, bias.dData());
            }
        }
    }

    /** What the slope is told from. */
    private Storage kept(Call call) {
        return call.y(f.slopeFromValue() ? 1 : 2);
    }

    private static Storage data(Variable bias) {
        return bias == null ? null : bias.data();
    }

    private int rows() {
        return x.shape().rows();
    }

    private int dim() {
        return x.shape().columns();
    }

    private int hidden() {
        return out.shape().columns();
    }

    private int width() {
        return out.shape().dim(out.shape().rank() - 2);
    }
}
