package org.moe4j.golden;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;

import org.moe4j.autodiff.Arena;
import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.backend.Backend;
import org.moe4j.nn.Init;
import org.moe4j.nn.Module;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.Shape;
import org.moe4j.tensor.Tensor;

/**
 * Where one case is computed: a tape, variables filled from the case's tensors in whatever layout we keep them, and the
 * results by the names under which the case states them.
 */
final class Bench implements AutoCloseable {
    private final GoldenCase c;
    private final Backend on;
    private final Tape tape;
    private final List<Placed> placed = new ArrayList<>();
    private final Map<String, Variable> leaves = new LinkedHashMap<>();
    private final Map<String, Variable> outputs = new LinkedHashMap<>();
    private final Map<String, double[]> results = new LinkedHashMap<>();
    private final List<String> remarks = new ArrayList<>();
    private final Map<String, String> leftOut = new LinkedHashMap<>();

    Bench(GoldenCase c, Backend on) {
        this.c = c;
        this.on = on;
        this.tape = new Tape(on, new Arena(on));
    }

    /** A variable of ours and the case's values that add up to it. */
    private record Placed(Variable variable, Layout[] terms) {}

    Tape tape() {
        return tape;
    }

    Backend backend() {
        return on;
    }

    Init init() {
        return new Init(on, 1);
    }

    /** The place of a tensor's values, to be rearranged. */
    Layout at(String tensor) {
        return c.tensor(tensor).layout();
    }

    /** The same for a tensor that the case may lack. */
    Optional<Layout> atIfPresent(String tensor) {
        return c.has(tensor) ? Optional.of(at(tensor)) : Optional.empty();
    }

    /** An input or weight as it stands in the case; the same variable whenever asked. */
    Variable leaf(String tensor) {
        return leaves.computeIfAbsent(tensor, name -> leaf(at(name)));
    }

    /** A variable to differentiate by, with the sum of the case's values. */
    Variable leaf(Layout... terms) {
        Shape shape = terms[0].shape();
        Variable x = tape.variable(new Tensor(shape, on.allocate(shape.size())));
        place(x, terms);
        return x;
    }

    /** A weight with the case's values, for parts that are made of parameters. */
    Parameter parameter(Layout values) {
        Shape shape = values.shape();
        Parameter p = new Parameter("weight", Parameter.Kind.WEIGHT, new Tensor(shape, on.allocate(shape.size())));
        place(p, values);
        return p;
    }

    /** The tensors whose names have 0, 1, .. in place of the star, on a new first axis. */
    Layout stack(String pattern) {
        List<Layout> parts = new ArrayList<>();
        while (c.has(pattern.replace("*", Integer.toString(parts.size())))) {
            parts.add(at(pattern.replace("*", Integer.toString(parts.size()))));
        }
        if (parts.isEmpty()) {
            throw Verdict.failed("the case has no tensor '" + pattern + "'");
        }
        return Layout.stack(parts);
    }

    /** A weight that the case may lack. */
    Variable leafIfPresent(String tensor) {
        return c.has(tensor) ? leaf(tensor) : null;
    }

    /** A tensor of the case without gradient. */
    Variable constant(String tensor) {
        return tape.constant(c.tensor(tensor).shape(), c.values(tensor));
    }

    /** Fills every weight of a module; each must be named, buffers may be. */
    void load(Module module, Map<String, Layout> weights) {
        Set<String> missing = new HashSet<>(weights.keySet());
        for (Parameter p : module.parameters()) {
            Layout from = weights.get(p.name());
            if (from != null) {
                place(p, from);
                missing.remove(p.name());
            } else if (p.kind() != Parameter.Kind.BUFFER) {
                throw Verdict.notCovered("nothing in the case says what the parameter " + p + " is");
            }
        }
        if (!missing.isEmpty()) {
            throw new IllegalStateException("there are no parameters " + missing + " among " + module.parameters());
        }
    }

    private void place(Variable x, Layout... terms) {
        double[] sum = new double[Math.toIntExact(x.shape().size())];
        for (Layout term : terms) {
            if (term.places().length != sum.length) {
                throw Verdict.failed("values of shape " + term.shape() + " were found where " + x.shape() + " belongs");
            }
            Arrays.setAll(sum, i -> sum[i] + c.memory()[term.places()[i]]);
        }
        x.data().write(0, sum);
        placed.add(new Placed(x, terms));
    }

    /** States output X of the case: compared, and in the objective if the case has a cotangent for it. */
    void out(String name, Variable value) {
        outputs.put(name, value);
        results.put((c.has("f64.out." + name) ? "f64.out." : "out.") + name, value.value().toDoubles());
    }

    void out(String name, IntStorage numbers) {
        out(name, numbers.toArray());
    }

    void out(String name, int... values) {
        result((c.has("out." + name) ? "out." : "f64.out.") + name, IntStream.of(values).asDoubleStream().toArray());
    }

    void out(String name, double... values) {
        result((c.has("f64.out." + name) ? "f64.out." : "out.") + name, values);
    }

    /** States the values of an expected tensor by its full name. */
    void result(String tensor, double... values) {
        results.put(tensor, values);
    }

    /** On a float32 back end, leaves out the expected tensors whose names begin so, for a reason. */
    void onlyInFloat64(String prefix, String because) {
        if (on.bytesPerValue() < Double.BYTES) {
            leftOut.put(prefix, because);
        }
    }

    /** Something to be told of the case even if it passes. */
    void remark(String remark) {
        remarks.add(remark);
    }

    List<String> remarks() {
        return remarks;
    }

    Map<String, double[]> results() {
        return results;
    }

    Map<String, String> leftOut() {
        return leftOut;
    }

    /** Forms the objective from the cotangents, goes backward, and states every gradient. */
    void differentiate() {
        List<Variable> seeds = new ArrayList<>();
        List<double[]> cotangents = new ArrayList<>();
        double loss = 0;
        boolean complete = true;
        for (GoldenTensor up : c.tensors().values()) {
            if (up.name().startsWith("up.")) {
                Variable y = outputs.get(up.name().substring(3));
                if (y == null) {
                    complete = false;
                    continue;
                }
                double[] cotangent = c.values(up.name());
                if (cotangent.length != y.shape().size()) {
                    throw Verdict.failed(up.name() + " has shape " + up.shape() + ", the output " + y.shape());
                }
                double[] value = y.value().toDoubles();
                for (int i = 0; i < value.length; i++) {
                    loss += cotangent[i] * value[i];
                }
                seeds.add(y);
                cotangents.add(cotangent);
            }
        }
        if (!complete || !c.has("f64.loss")) {
            return;
        }
        results.put("f64.loss", new double[] {loss});
        tape.backward(seeds, cotangents);
        stateGradients("f64.grad.");
    }

    /** States the gradient of every input and weight that the case gives under this prefix. */
    void stateGradients(String prefix) {
        double[] all = new double[c.memory().length];
        for (Placed p : placed) {
            double[] gradient = p.variable().gradientToDoubles();
            for (Layout term : p.terms()) {
                for (int i = 0; i < gradient.length; i++) {
                    all[term.places()[i]] += gradient[i];
                }
            }
        }
        state(prefix, all);
    }

    /** States the present values of every weight that the case gives under this prefix. */
    void stateValues(String prefix) {
        double[] all = new double[c.memory().length];
        for (Placed p : placed) {
            double[] values = p.variable().value().toDoubles();
            for (int i = 0; i < values.length; i++) {
                all[p.terms()[0].places()[i]] = values[i];
            }
        }
        state(prefix, all);
    }

    /** @param all values in the places of the case's tensors */
    private void state(String prefix, double[] all) {
        for (GoldenTensor expected : c.tensors().values()) {
            if (expected.name().startsWith(prefix)) {
                GoldenTensor x = c.tensor(expected.name().substring(prefix.length()));
                results.put(expected.name(), Arrays.copyOfRange(all, x.offset(), x.offset() + x.size()));
            }
        }
    }

    @Override
    public void close() {
        tape.close();
    }
}
