package org.moe4j.experts;

import java.util.List;
import java.util.stream.IntStream;

import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.nn.Init;
import org.moe4j.nn.Pass;
import org.moe4j.tensor.Shape;

/** Token t goes to expert t mod E with gate sigmoid(w_e · x): a router in one file, to see that nothing else has to know of it. */
public final class RoundRobinRouter extends Router {
    private final Parameter weight;                                               // (E, D)

    RoundRobinRouter(Parameter weight) {
        this.weight = own(weight);
    }

    @Override
    public Routing route(Tape t, Variable x, Pass pass) {
        int experts = weight.shape().dim(0);
        int[] expert = IntStream.range(0, x.shape().rows()).map(token -> token % experts).toArray();
        Variable gates = t.sigmoid(t.gatherColumns(t.linear(x, weight, null), expert, 1));
        return Routing.tokenChoice(experts, 1, expert, gates, null, 0, List.of());
    }

    public record Spec(int experts) implements RouterSpec {
        public Spec() {
            this(3);
        }

        @Override
        public double perToken() {
            return 1;
        }

        @Override
        public Spec withExperts(int experts, int perToken) {
            return new Spec(experts);
        }

        @Override
        public Router build(int dim, Init init) {
            return new RoundRobinRouter(init.normal("weight", Shape.of(experts, dim), 1));
        }

        @Override
        public long parameters(int dim) {
            return (long) experts * dim;
        }

        @Override
        public long flops(int dim, int tokens) {
            return 2L * tokens * dim * experts;
        }
    }
}
