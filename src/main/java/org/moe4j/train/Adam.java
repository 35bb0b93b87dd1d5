package org.moe4j.train;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.moe4j.autodiff.Parameter;
import org.moe4j.backend.AdamStep;
import org.moe4j.backend.Backend;
import org.moe4j.backend.Binary;
import org.moe4j.backend.Unary;
import org.moe4j.tensor.Shape;
import org.moe4j.tensor.Storage;

/**
 * Adam (Kingma and Ba 2015, algorithm 1); weight decay is added to the gradient (L2). Of a table only the rows with a
 * gradient are touched, "lazily": the moments of the others do not decay, and the bias corrections count all steps.
 */
public sealed class Adam extends Optimizer permits AdamW {
    private final Spec spec;
    private final Map<Parameter, Group> groups = new IdentityHashMap<>();

    Adam(Backend on, List<Parameter> parameters, Spec spec) {
        super(on, parameters, spec);
        this.spec = spec;
        for (Parameter p : parameters) {
            groups.put(p, spec.groups().stream().filter(group -> group.has(p)).findFirst().orElse(Group.REST));
        }
    }

    @Override
    final void update(Slot slot, double learningRate) {
        Parameter p = slot.parameter();
        AdamStep scalars = scalars(groups.get(p), learningRate);
        if (spec.amsgrad()) {
            forEachRun(slot, run -> amsgrad(scalars, run));
        } else if (p.isTable() && p.data().inMemory()) {
            p.rowGrad().adam(scalars.rounding(rounding(p, 0)), p.data(), slot.state("m"), slot.state("v"));
        } else if (!p.data().inMemory()) {
            forEachRun(slot, run -> on.adam(scalars, run.p(), run.g(), run.state("m"), run.state("v")));
        } else {
            on.adam(scalars, p.data(), p.dData(), slot.state("m"), slot.state("v"));
        }
    }

    /** The scalars of this step for the parameters of one group. */
    AdamStep scalars(Group group, double scheduled) {
        double learningRate = group.learningRate(scheduled);
        double correction1 = 1 - Math.pow(spec.beta1(), steps());
        double root2 = Math.sqrt(1 - Math.pow(spec.beta2(), steps()));
        double rate = spec.epsilonHat() ? learningRate * root2 / correction1 : learningRate / correction1;
        return new AdamStep(rate, spec.beta1(), spec.beta2(), group.eps(spec.eps()), spec.epsilonHat() ? 1 : 1 / root2, 1,
            group.weightDecay(spec.weightDecay()));
    }

    /** AMSGrad (Reddi et al. 2018, algorithm 2): the root of the largest v so far, which is taken before the bias correction. */
    private void amsgrad(AdamStep s, Run run) {
        Storage v = run.state("v");
        Storage largest = run.state("vMax");
        // A rate of 0 leaves the kernel the moments and the decay; the change is made here.
        on.adam(new AdamStep(0, s.beta1(), s.beta2(), s.eps(), s.vScale(), s.keep(), s.l2()), run.p(), run.g(), run.state("m"), v);
        Storage x = arena.take(v.size());
        Storage y = arena.take(v.size());
        on.copy(largest, x);
        binary(Binary.MAX, x, v, largest);
        on.unary(Unary.SQRT, largest, x);
        on.unary(Unary.affine(s.vScale(), s.eps()), x, y);
        binary(Binary.DIVIDE, run.state("m"), y, x);
        on.axpy(-s.rate(), x, run.p());
        arena.give(x);
        arena.give(y);
    }

    /**
     * What some of the parameters have of their own: the values of a memory their constant learning rate (Lample et al. 2019 train
     * them at 1e-3, the rest at 2.5e-4), weights with sparse gradients a smaller epsilon. Null leaves a value as it is for all.
     *
     * @param part the group has every parameter with this among the dotted parts of its name, such as {@code values} or {@code experts}
     * @param learningRate constant, whatever the schedule says
     */
    public record Group(String part, Double learningRate, Double eps, Double weightDecay) {
        private static final Group REST = new Group("", null, null, null);

        public Group {
            if (learningRate != null) {
                OptimizerSpec.within("learningRate", learningRate, 0, 0, Double.POSITIVE_INFINITY);
            }
            if (eps != null) {
                OptimizerSpec.within("eps", eps, 0, 0, Double.POSITIVE_INFINITY);
            }
            if (weightDecay != null) {
                OptimizerSpec.within("weightDecay", weightDecay, 0, 0, Double.POSITIVE_INFINITY);
            }
        }

        /** The values of a memory at a rate of their own, without decay. */
        public static Group values(double learningRate) {
            return new Group("values", learningRate, null, 0.0);
        }

        boolean has(Parameter p) {
            return List.of(p.name().split("\\.")).contains(part);
        }

        double learningRate(double otherwise) {
            return learningRate == null ? otherwise : learningRate;
        }

        double eps(double otherwise) {
            return eps == null ? otherwise : eps;
        }

        double weightDecay(double otherwise) {
            return weightDecay == null ? otherwise : weightDecay;
        }
    }

    /**
     * @param beta1 decay of the first moment, 0.9 by default
     * @param beta2 decay of the second moment, 0.999 by default
     * @param eps added to the root of the second moment, 1e-8 by default
     * @param weightDecay times the weight, added to the gradient; 0 by default
     * @param amsgrad whether the largest second moment so far divides (Reddi et al. 2018); false by default
     * @param epsilonHat whether eps is added to the root before its bias correction, as in the reordered form at the end of
     *     the paper's section 2 and in torch's SparseAdam; false by default
     * @param groups a parameter is of the first that has it; none by default
     */
    public record Spec(Double beta1, Double beta2, Double eps, Double weightDecay, Boolean amsgrad, Boolean epsilonHat,
                       @JsonProperty @JsonInclude(JsonInclude.Include.NON_EMPTY) List<Group> groups) implements OptimizerSpec {
        public Spec {
            beta1 = OptimizerSpec.within("beta1", beta1, 0.9, 0, 1);
            beta2 = OptimizerSpec.within("beta2", beta2, 0.999, 0, 1);
            eps = OptimizerSpec.within("eps", eps, 1e-8, 0, Double.POSITIVE_INFINITY);
            weightDecay = OptimizerSpec.within("weightDecay", weightDecay, 0, 0, Double.POSITIVE_INFINITY);
            amsgrad = amsgrad != null && amsgrad;
            epsilonHat = epsilonHat != null && epsilonHat;
            groups = groups == null ? List.of() : List.copyOf(groups);
        }

        /** All parameters alike. */
        public Spec(Double beta1, Double beta2, Double eps, Double weightDecay, Boolean amsgrad, Boolean epsilonHat) {
            this(beta1, beta2, eps, weightDecay, amsgrad, epsilonHat, null);
        }

        /** The paper's. */
        public Spec() {
            this(null, null, null, null, null, null);
        }

        public Spec withGroups(Group... own) {
            return new Spec(beta1, beta2, eps, weightDecay, amsgrad, epsilonHat, List.of(own));
        }

        @Override
        public Optimizer build(Backend on, List<Parameter> parameters) {
            return new Adam(on, parameters, this);
        }

        @Override
        public SequencedMap<String, Shape> state(Shape parameter) {
            return amsgrad ? elementwise(parameter, "m", "v", "vMax") : elementwise(parameter, "m", "v");
        }
    }
}
