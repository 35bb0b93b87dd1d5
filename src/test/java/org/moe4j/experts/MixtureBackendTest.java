package org.moe4j.experts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.moe4j.autodiff.Arena;
import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.backend.Backend;
import org.moe4j.backend.dry.DryBackend;
import org.moe4j.backend.simd.SimdBackend;
import org.moe4j.nn.Init;
import org.moe4j.tensor.CounterRandom;
import org.moe4j.tensor.Shape;
import org.moe4j.tensor.Tensor;

/** Every router with every bank on the other back ends: near the reference on simd for any number of threads, countable on dry. */
class MixtureBackendTest {
    private static final int DIM = 24;
    private static final int BATCH = 16;
    private static final int TIME = 3;

    static Stream<Arguments> everyPair() {
        return SpecCatalog.ROUTERS.examples().stream().flatMap(router -> SpecCatalog.EXPERTS.examples().stream().map(bank -> Arguments.of(router, bank)));
    }

    @ParameterizedTest
    @MethodSource("everyPair")
    void simdIsNearTheReferenceAndTheSameForAnyNumberOfThreads(RouterSpec router, ExpertsSpec bank) {
        MixtureOfExperts.Spec spec = new MixtureOfExperts.Spec(router, bank);
        List<double[]> reference = trained(spec, Trial.ON);
        List<double[]> single;
        try (Backend on = new SimdBackend(1)) {
            single = trained(spec, on);
        }
        try (Backend on = new SimdBackend(3)) {
            List<double[]> many = trained(spec, on);
            for (int i = 0; i < single.size(); i++) {
                assertThat(many.get(i)).isEqualTo(single.get(i));
            }
        }
        for (int i = 0; i < single.size(); i++) {
            assertThat(single.get(i)).containsExactly(reference.get(i), within(2e-3));
        }
    }

    /** Output, losses and dense gradients of one step; the same numbers go into every back end. */
    private static List<double[]> trained(MixtureOfExperts.Spec spec, Backend on) {
        FeedForward layer = spec.build(DIM, new Init(on, 5));
        for (Parameter p : layer.parameters()) {
            if (p.kind() == Parameter.Kind.WEIGHT && p.name().startsWith("router")) {
                on.normal(CounterRandom.of(7, p.name()), 0.4, p.data());
            }
        }
        List<double[]> all = new ArrayList<>();
        try (Tape t = new Tape(on, new Arena(on))) {
            Shape shape = Shape.of(BATCH * TIME, DIM);
            Variable x = t.variable(new Tensor(shape, on.allocate(shape.size())));
            on.normal(CounterRandom.of(6, "x"), 1, x.data());
            FeedForward.Result result = layer.forward(t, x, Trial.training(BATCH, TIME, 1, 2));
            Variable loss = t.mean(t.square(result.y()));
            all.add(result.y().value().toDoubles());
            for (AuxiliaryLoss each : result.losses()) {
                all.add(each.value().value().toDoubles());
                loss = t.add(loss, t.scale(each.value(), each.weight()));
            }
            t.backward(loss);
            for (Parameter p : layer.parameters()) {
                if (p.grad() != null) {
                    all.add(p.grad().toDoubles());
                }
            }
        }
        return all;
    }

    /** The plan of memory runs a step on the back end without numbers: it must find as much work as there can be. */
    @ParameterizedTest
    @MethodSource("everyPair")
    void aDryStepCountsWhatTheSpecSays(RouterSpec router, ExpertsSpec bank) {
        MixtureOfExperts.Spec spec = new MixtureOfExperts.Spec(router, bank);
        Backend on = new DryBackend();
        FeedForward layer = spec.build(DIM, new Init(on, 5));
        try (Tape t = new Tape(on, new Arena(on))) {
            Variable x = t.filled(Shape.of(BATCH * TIME, DIM), 0);
            FeedForward.Result result = layer.forward(t, x, Trial.training(BATCH, TIME, 1, 2));
            assertThat(t.cost().flops()).isEqualTo(spec.flops(DIM, BATCH * TIME));
            Variable loss = t.mean(t.square(result.y()));
            for (AuxiliaryLoss each : result.losses()) {
                loss = t.add(loss, each.value());
            }
            t.backward(loss);
        }
    }
}
