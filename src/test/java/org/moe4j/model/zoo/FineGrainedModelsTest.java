package org.moe4j.model.zoo;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.moe4j.experts.ExpertChoiceRouter;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.experts.MlpExperts;
import org.moe4j.model.Transformer;

/** Krajewski et al. 2024, appendix A: granularity changes the number of experts and their width, and not what a token uses. */
class FineGrainedModelsTest {
    @ParameterizedTest
    @CsvSource({"finegrained-64x3m-g1, 256, 4", "finegrained-64x7m-g2, 384, 4", "finegrained-64x13m-g16, 512, 4", "finegrained-64x25m-g8, 512, 8",
        "finegrained-64x49m-g4, 640, 10", "finegrained-64x85m-g8, 768, 12", "finegrained-64x100m-g8, 832, 13", "finegrained-64x1t-g64, 17472, 273"})
    void theShapeRules(String name, int dim, int blocks) {
        Transformer.Spec spec = (Transformer.Spec) Architecture.named(name).spec();
        int granularity = Integer.parseInt(name.substring(name.indexOf("-g") + 2));
        assertThat(spec.dim()).isEqualTo(dim);
        assertThat(spec.feedForwards()).hasSize(blocks);
        MixtureOfExperts.Spec layer = (MixtureOfExperts.Spec) spec.feedForwards().getFirst();
        MlpExperts.Spec experts = (MlpExperts.Spec) layer.experts();
        ExpertChoiceRouter.Spec router = (ExpertChoiceRouter.Spec) layer.router();
        assertThat(router.experts()).isEqualTo(64 * granularity);
        assertThat(experts.hidden() * granularity).isEqualTo(4 * dim);
        assertThat(layer.outputNorm()).isTrue();
        assertThat(router.capacity(256)).as("tokens of an expert in a group of 256").isEqualTo(4);
        long experts2 = (long) router.experts() * experts.parametersPerExpert(dim);
        long attention = 4L * dim * dim;
        assertThat((experts2 + attention) * blocks).as("N = 43 N_act at E = 64").isEqualTo(43L * 12 * dim * dim * blocks);
        assertThat(layer.activeParameters(dim) - router.parameters(dim) - 2L * dim).as("8 D² a token").isEqualTo(8L * dim * dim);
        assertThat(router.parameters(dim)).as("E G D").isEqualTo(64L * granularity * dim);
    }

    @Test
    void fiveGranularitiesOfSixSizesAndSevenOptima() {
        assertThat(FineGrainedModels.all()).hasSize(6 * 5 + 7).allSatisfy(a -> assertThat(a.published()).hasSize(1));
        assertThat(Architecture.named("finegrained-64x25m-g16").published().getFirst().exception()).as("the sizes leave out routers").isEmpty();
        assertThat(Architecture.named("finegrained-64x100m-g8").published().getFirst().exception()).contains("whole blocks");
    }
}
