package org.moe4j.experts;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.moe4j.autodiff.GradientCheck;
import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Variable;
import org.moe4j.nn.Activation;
import org.moe4j.nn.Init;
import org.moe4j.nn.Pass;

/** Gradients of every router with every bank, output and balance losses together, against central differences. */
class MixtureGradientTest {
    private static final int DIM = 3;
    private static final int BATCH = 4;
    private static final int TIME = 2;

    static Stream<Arguments> everyPair() {
        return SpecCatalog.ROUTERS.examples().stream().flatMap(router -> SpecCatalog.EXPERTS.examples().stream()
            .map(bank -> Arguments.of(small(router), bank instanceof MlpExperts.Spec mlp ? mlp.withHidden(2) : bank)));
    }

    /** Four experts, of which the batch reaches all; product keys have two heads. */
    private static RouterSpec small(RouterSpec router) {
        int perToken = router instanceof SwitchRouter.Spec || router instanceof RandomRouter.Spec ? 1 : 2;
        return router.withExperts(4, perToken);
    }

    @ParameterizedTest
    @MethodSource("everyPair")
    void gradientsAgree(RouterSpec router, ExpertsSpec bank) {
        FeedForwardSpec shared = new DenseFeedForward.Spec(2, Activation.GELU, true);
        check(new MixtureOfExperts.Spec(router, bank, List.of(shared), true), Trial.training(BATCH, TIME, 3, 0));
    }

    static Stream<RouterSpec> variants() {
        Stream<RouterSpec> capacity = Stream.of(CapacityDialect.values()).map(dialect ->
            new CapacityRouter.Spec(4, 3, 0.5, 1, dialect, SecondPolicy.ALL, 1, dialect == CapacityDialect.TUTEL, true, 0.3, 0.2));
        Stream<RouterSpec> keys = Stream.of(
            new ProductKeyRouter.Spec(9, 2, 3, 12, false, ProductKeyRouter.Norm.LAYER, ProductKeyRouter.Scores.SIGMOID, true),
            new ProductKeyRouter.Spec(9, 1, 4, 4, true, ProductKeyRouter.Norm.LENGTH, ProductKeyRouter.Scores.RELU, true),
            new ProductKeyRouter.Spec(9, 2, 2, 4, false, ProductKeyRouter.Norm.NONE, ProductKeyRouter.Scores.SOFTMAX, false),
            new ProductKeyRouter.Spec(9, 2, 2, 6, true, ProductKeyRouter.Norm.QUERY_KEY, ProductKeyRouter.Scores.SOFTMAX, false),
            new ProductKeyRouter.Spec(9, 2, 2, 6, false, ProductKeyRouter.Norm.QUERY_KEY, ProductKeyRouter.Scores.SIGMOID, true));
        Stream<RouterSpec> others = Stream.of(new TopKRouter.Spec(4, 3, 2, Balance.ALL_CHOICES, 0.3, 0.2), new TopKRouter.Spec(4, 2, 0, Balance.FIRST_CHOICE, 0.3, 0),
            new NoisyTopKRouter.Spec(4, 4), new HierarchicalRouter.Spec(9, 3, 2, 2, 0.3, 0.2, 0), new HierarchicalRouter.Spec(6, 3, 1, 1, 0.3, 0.2, 0.01),
            new HierarchicalRouter.Spec(4, 2, 2, 2, 0.3, 0.2, 0), new StrictlyBalancedRouter.Spec(4, 1.5, 0.3), new ExpertChoiceRouter.Spec(4, 2, ExpertChoiceRouter.Grouping.BATCH, 4));
        return Stream.of(capacity, keys, others).flatMap(all -> all);
    }

    @ParameterizedTest
    @MethodSource("variants")
    void gradientsOfTheVariantsAgree(RouterSpec router) {
        boolean[] keep = {true, true, false, true, true, true, true, false};
        check(new MixtureOfExperts.Spec(router, new SingleNeuronExperts.Spec()), Trial.training(BATCH, TIME, 5, 0).withKeep(keep));
    }

    /** The neurons of PEER as gated units, three tables. */
    @ParameterizedTest
    @EnumSource(names = {"GEGLU", "SWIGLU"})
    void gradientsOfGatedNeuronsAgree(Activation activation) {
        check(new MixtureOfExperts.Spec(new ProductKeyRouter.Spec(9, 2, 3, 4), new SingleNeuronExperts.Spec(activation)), Pass.training(BATCH, TIME, 3, 0));
    }

    private static void check(MixtureOfExperts.Spec spec, Pass pass) {
        FeedForward layer = Trial.awake(spec.build(DIM, new Init(Trial.ON, 11)), 12);
        Parameter x = Trial.normal("x", 13, BATCH * TIME, DIM);
        List<Parameter> all = new ArrayList<>(layer.parameters());
        all.add(x);
        GradientCheck.Result worst = GradientCheck.of(Trial.ON, all, t -> {
            FeedForward.Result result = layer.forward(t, x, pass);
            List<Variable> outputs = new ArrayList<>(List.of(result.y()));
            result.losses().forEach(loss -> outputs.add(loss.value()));
            return outputs;
        }, 17);
        assertThat(worst.error()).as(worst::toString).isLessThan(1e-6);
    }
}
