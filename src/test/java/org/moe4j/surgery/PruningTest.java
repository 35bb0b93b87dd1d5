package org.moe4j.surgery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.moe4j.backend.Backend;
import org.moe4j.backend.Backends;
import org.moe4j.backend.reference.ReferenceBackend;
import org.moe4j.experts.Balance;
import org.moe4j.experts.GrownRouter;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.experts.MlpExperts;
import org.moe4j.experts.ProductKeyRouter;
import org.moe4j.experts.RouterSpec;
import org.moe4j.experts.RoutingStatistics;
import org.moe4j.experts.TopKRouter;
import org.moe4j.io.InputException;
import org.moe4j.model.LanguageModel;
import org.moe4j.nn.Activation;

class PruningTest {
    private static LanguageModel model(Backend on, double norm) {
        RouterSpec router = new TopKRouter.Spec(64, 2, norm, Balance.MEAN_CHOICE, 0, 0);
        MixtureOfExperts.Spec shared = new MixtureOfExperts.Spec(router, new MlpExperts.Spec(8, Activation.GELU, true),
            List.of(Tiny.dense(Activation.SWIGLU, false)), true);
        return Tiny.trained(on, 1, Tiny.mixture(router), Tiny.dense(Activation.SWIGLU, false), shared);
    }

    @ParameterizedTest
    @ValueSource(strings = {"reference", "simd"})
    void withoutItsUnusedExpertsAModelIsTheSameOnTheDataWhereTheyWereUnused(String device) {
        try (Backend on = Backends.open(device, 1)) {
            LanguageModel model = model(on, 1);
            Tiny.Answer before = Tiny.ask(on, model, 0);
            LanguageModel pruned = new Pruning(0).apply(on, model, before.loads());
            Tiny.Answer after = Tiny.ask(on, pruned, 0);
            assertThat(after.difference(before)).isLessThan(device.equals("simd") ? 1e-5 : 1e-12);
            for (int layer = 0; layer < 2; layer++) {
                int used = 64 - before.loads().get(layer).unusedExperts();
                assertThat(after.loads().get(layer).experts()).isEqualTo(used).isLessThan(64);
                assertThat(after.loads().get(layer).load()).isEqualTo(Arrays.stream(before.loads().get(layer).load()).filter(n -> n > 0).toArray());
            }
        }
    }

    @Test
    void gatesThatAreNotDividedByTheirSumGrow() {
        Backend on = new ReferenceBackend();
        LanguageModel model = model(on, 0);
        Tiny.Answer before = Tiny.ask(on, model, 0);
        assertThat(Tiny.ask(on, new Pruning(0).apply(on, model, before.loads()), 0).difference(before)).isGreaterThan(1e-3);
    }

    @Test
    void aLayerKeepsAsManyExpertsAsATokenTakes() {
        Backend on = new ReferenceBackend();
        LanguageModel model = model(on, 1);
        Tiny.Answer before = Tiny.ask(on, model, 0);
        LanguageModel least = new Pruning(0.99).apply(on, model, before.loads());
        assertThat(Tiny.ask(on, least, 0).loads()).allSatisfy(loads -> assertThat(loads.experts()).isEqualTo(2));
    }

    /** What has grown is pruned domain by domain; the experts of the other domains stay within reach as they were. */
    @Test
    void aGrownModelKeepsTheReachOfItsDomains() {
        Backend on = new ReferenceBackend();
        LanguageModel grown = new Growth(16, 1, true, 0.1, 3).apply(on, Tiny.trained(on, 1, Tiny.mixture(new TopKRouter.Spec(32, 2))));
        RoutingStatistics loads = Tiny.ask(on, grown, 0).loads().getFirst();
        loads.add(Tiny.ask(on, grown, 1).loads().getFirst());
        LanguageModel pruned = new Pruning(0).apply(on, grown, List.of(loads));
        for (int domain = 0; domain < 2; domain++) {
            assertThat(Tiny.ask(on, pruned, domain).difference(Tiny.ask(on, grown, domain))).isLessThan(1e-12);
        }
        GrownRouter.Spec router = (GrownRouter.Spec) ((MixtureOfExperts.Spec) pruned.spec().feedForwards().getFirst()).router();
        assertThat(router.first().experts()).isEqualTo((int) Arrays.stream(loads.load()).limit(32).filter(n -> n > 0).count());
        assertThat(router.experts()).isEqualTo(48 - loads.unusedExperts()).isLessThan(48);
    }

    @Test
    void mistakesAreSaidInASentence() {
        Backend on = new ReferenceBackend();
        LanguageModel model = Tiny.model(on, 1, Tiny.mixture(new ProductKeyRouter.Spec()), Tiny.mixture(new TopKRouter.Spec()));
        List<RoutingStatistics> loads = Tiny.ask(on, model, 0).loads();
        assertThatThrownBy(() -> new Pruning(0).apply(on, model, loads)).isInstanceOf(InputException.class)
            .hasMessage("layer 0 has a product-key router, which has no row for each expert, so that none can be removed");
        assertThatThrownBy(() -> new Pruning(0).apply(on, model, loads.subList(0, 1))).isInstanceOf(InputException.class)
            .hasMessage("the loads are of 1 mixture layers, the model has 2");
        assertThatThrownBy(() -> new Pruning(1)).isInstanceOf(InputException.class);
    }
}
