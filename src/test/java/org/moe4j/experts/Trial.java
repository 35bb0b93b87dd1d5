package org.moe4j.experts;

import java.util.Arrays;
import java.util.stream.IntStream;

import org.moe4j.autodiff.Arena;
import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.backend.Backend;
import org.moe4j.backend.reference.ReferenceBackend;
import org.moe4j.nn.Init;
import org.moe4j.nn.Module;
import org.moe4j.nn.Pass;
import org.moe4j.tensor.CounterRandom;
import org.moe4j.tensor.Shape;
import org.moe4j.tensor.Tensor;

/** What the tests of this package need to run a layer in float64. */
final class Trial {
    static final Backend ON = new ReferenceBackend();

    private Trial() {}

    static Tape tape() {
        return new Tape(ON, new Arena(ON));
    }

    /** Normal numbers as an input to differentiate by. */
    static Parameter normal(String name, long seed, int... dims) {
        Shape shape = Shape.of(dims);
        Parameter p = new Parameter(name, Parameter.Kind.WEIGHT, new Tensor(shape, ON.allocate(shape.size())));
        ON.normal(CounterRandom.of(seed, name), 1, p.data());
        return p;
    }

    /** A pass of training with token ids, which some routers look at. */
    static Pass training(int batch, int time, long seed, long step) {
        CounterRandom random = CounterRandom.of(seed, "tokens");
        return Pass.training(batch, time, seed, step).withTokens(IntStream.range(0, batch * time).map(i -> random.below(i, 100)).toArray());
    }

    static Router build(RouterSpec spec, int dim, long seed) {
        return awake(spec.build(dim, new Init(ON, seed, "router")), seed);
    }

    static Experts build(ExpertsSpec spec, int dim, int experts, long seed) {
        return awake(spec.build(dim, experts, new Init(ON, seed, "experts")), seed);
    }

    /** Parameters that start at zero get values, so that they have something to do. */
    static <M extends Module> M awake(M module, long seed) {
        for (Parameter p : module.parameters()) {
            if (p.kind() == Parameter.Kind.WEIGHT && ON.sumOfSquares(p.data()) == 0) {
                ON.normal(CounterRandom.of(seed, "awake " + p.name()), 0.5, p.data());
            }
        }
        return module;
    }

    /** The trained values of a module. */
    static long count(Module module) {
        return module.parameters().stream().filter(p -> p.kind() != Parameter.Kind.BUFFER).mapToLong(p -> p.shape().size()).sum();
    }

    static Parameter named(Module module, String end) {
        return module.parameters().stream().filter(p -> p.name().endsWith(end)).findFirst().orElseThrow();
    }

    static double[][] rows(Variable x) {
        double[] all = x.value().toDoubles();
        int columns = x.shape().columns();
        return IntStream.range(0, x.shape().rows()).mapToObj(r -> Arrays.copyOfRange(all, r * columns, (r + 1) * columns)).toArray(double[][]::new);
    }

    /** (T,E) the gate weight of each token for each expert; several slots of one pair add up. */
    static double[][] gates(Routing routing) {
        double[][] dense = new double[routing.tokens()][routing.experts()];
        double[] gates = routing.gates().value().toDoubles();
        for (int s = 0; s < gates.length; s++) {
            if (routing.expert().get(s) >= 0) {
                dense[routing.tokenOf(s)][routing.expert().get(s)] += gates[s];
            }
        }
        return dense;
    }

    /** Slots that take part. */
    static long live(Routing routing) {
        return Arrays.stream(routing.expert().toArray()).filter(e -> e >= 0).count();
    }
}
