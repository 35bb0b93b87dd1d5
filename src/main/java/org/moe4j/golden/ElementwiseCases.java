package org.moe4j.golden;

import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.backend.Unary;

/** Functions of single values and of pairs, and the losses made of them. */
final class ElementwiseCases {
    private ElementwiseCases() {}

    static void activations(GoldenCase c, Bench bench) {
        Tape t = bench.tape();
        Variable x = bench.leaf("in.x");
        bench.out("elu", t.apply(Unary.elu(0.8), x));
        bench.out("erf", t.erf(x));
        bench.out("gelu_erf", t.gelu(x));
        bench.out("gelu_tanh", t.geluTanh(x));
        bench.out("hardtanh", t.clamp(x, -1.7, 2.1));
        bench.out("leaky_relu", t.apply(Unary.leakyRelu(0.03), x));
        bench.out("logsigmoid", t.logSigmoid(x));
        bench.out("mish", t.apply(Unary.MISH, x));
        bench.out("normal_cdf", t.normalCdf(x));
        bench.out("relu", t.relu(x));
        bench.out("relu_sq", t.apply(Unary.RELU_SQUARED, x));
        bench.out("sigmoid", t.sigmoid(x));
        bench.out("silu", t.silu(x));
        bench.out("softplus", t.softplus(x));
        bench.out("tanh", t.tanh(x));
    }

    /** x is positive, s of either sign. */
    static void unaryMath(GoldenCase c, Bench bench) {
        Tape t = bench.tape();
        Variable x = bench.leaf("in.x");
        Variable s = bench.leaf("in.s");
        bench.out("abs", t.abs(s));
        bench.out("clamp", t.clamp(s, -0.5, 0.7));
        bench.out("cos", t.cos(s));
        bench.out("exp", t.exp(s));
        bench.out("expm1", t.expm1(s));
        bench.out("log", t.log(x));
        bench.out("log1p", t.log1p(x));
        bench.out("neg", t.negate(s));
        bench.out("pow3", t.power(s, 3));
        bench.out("pow_frac", t.power(x, 1.7));
        bench.out("recip", t.reciprocal(x));
        bench.out("rsqrt", t.rsqrt(x));
        bench.out("sign_free_max", t.maximum(s, t.addScalar(x, -1.5)));
        bench.out("sin", t.sin(s));
        bench.out("sqrt", t.sqrt(x));
        bench.out("square", t.square(s));
    }

    static void broadcast(GoldenCase c, Bench bench) {
        Tape t = bench.tape();
        Variable a = bench.leaf("in.a");
        Variable b = bench.leaf("in.b");
        Variable last = bench.leaf("in.c");
        bench.out("add", t.add(a, b));
        bench.out("sub", t.subtract(b, a));
        bench.out("mul", t.multiply(a, b));
        bench.out("div", t.divide(a, last));
        bench.out("mix", t.divide(t.add(t.multiply(a, b), last), last));
        bench.out("where", t.where(t.greater(a, b), a, t.scale(b, 2)));
    }

    static void losses(GoldenCase c, Bench bench) {
        Tape t = bench.tape();
        Variable x = bench.leaf("in.x");
        Variable y = bench.leaf("in.y");
        Variable target = t.sigmoid(y);
        bench.out("mse", t.meanSquaredError(x, y));
        bench.out("l1", t.meanAbsoluteError(x, y));
        bench.out("huber", t.smoothL1(x, y, 0.7));
        bench.out("bce_logits", t.binaryCrossEntropyWithLogits(x, target));
        bench.out("bce", t.binaryCrossEntropy(bench.leaf("in.p01"), target));
        bench.out("kl", t.klDivergence(y, x));
    }
}
