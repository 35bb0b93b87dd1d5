package org.moe4j.surgery;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.moe4j.backend.Backend;
import org.moe4j.backend.reference.ReferenceBackend;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.experts.MlpExperts;
import org.moe4j.experts.TopKRouter;
import org.moe4j.model.AnyLayer;
import org.moe4j.model.LanguageModel;
import org.moe4j.nn.Activation;

/** What surgery leaves as it was, for models of any weights and sizes. */
class SurgeryProperties {
    private final Backend on = new ReferenceBackend();

    private LanguageModel mixture(int experts, int topK, Activation activation, boolean bias, long seed) {
        MixtureOfExperts.Spec layer = new MixtureOfExperts.Spec(new TopKRouter.Spec(experts, topK), new MlpExperts.Spec(4, activation, bias));
        return AnyLayer.awake(on, Tiny.model(on, seed, Tiny.dense(activation, bias), layer).spec(), seed);
    }

    @Property(tries = 40)
    void upcyclingIsAnIdentity(@ForAll @IntRange(min = 1, max = 9) int copies, @ForAll @IntRange(min = 1, max = 4) int topK, @ForAll("divisors") int granularity,
                               @ForAll Activation activation, @ForAll boolean bias, @ForAll long seed) {
        LanguageModel dense = AnyLayer.awake(on, Tiny.model(on, seed, Tiny.dense(activation, bias), Tiny.dense(activation, bias)).spec(), seed);
        LanguageModel mixture = new Upcycling(List.of(0, 1), new TopKRouter.Spec(copies, Math.min(topK, copies)), granularity, 0, seed).apply(on, dense);
        assertThat(Tiny.ask(on, mixture, 0).difference(Tiny.ask(on, dense, 0))).isLessThan(1e-8);
    }

    @Provide
    Arbitrary<Integer> divisors() {
        return Arbitraries.of(1, 2, 3, 4, 6, 8, 12, 24);
    }

    @Property(tries = 40)
    void growthForADomainChangesNoBitOfTheOthers(@ForAll @IntRange(min = 2, max = 9) int experts, @ForAll @IntRange(min = 1, max = 9) int added,
                                                 @ForAll Activation activation, @ForAll boolean copied, @ForAll long seed) {
        LanguageModel model = mixture(experts, 2, activation, true, seed);
        LanguageModel grown = new Growth(added, 1, copied, 0.5, seed).apply(on, model);
        assertThat(Tiny.ask(on, grown, 0).logits()).isEqualTo(Tiny.ask(on, model, 0).logits());
        assertThat(Tiny.ask(on, grown, 1).loads().getFirst().experts()).isEqualTo(experts + added);
    }

    @Property(tries = 40)
    void pruningWhatIsUnusedIsAnIdentity(@ForAll @IntRange(min = 2, max = 80) int experts, @ForAll @IntRange(min = 1, max = 2) int topK,
                                         @ForAll Activation activation, @ForAll long seed) {
        LanguageModel model = mixture(experts, topK, activation, false, seed);
        Tiny.Answer before = Tiny.ask(on, model, 0);
        Tiny.Answer after = Tiny.ask(on, new Pruning(0).apply(on, model, before.loads()), 0);
        assertThat(after.difference(before)).isLessThan(1e-8);
        assertThat(after.loads().getFirst().load()).isEqualTo(Arrays.stream(before.loads().getFirst().load()).filter(n -> n > 0).toArray());
    }
}
