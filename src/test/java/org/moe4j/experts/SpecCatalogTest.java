package org.moe4j.experts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;

import org.junit.jupiter.api.Test;
import org.moe4j.io.InputException;
import org.moe4j.io.SpecReader;
import org.moe4j.nn.Activation;
import org.moe4j.nn.TableValues;

class SpecCatalogTest {
    private final SpecReader reader = new SpecReader(new SpecModule());

    record Layer(FeedForwardSpec layer) {}

    @Test
    void findsEveryRouterAlsoOneThatStandsInTheTests() {
        assertThat(SpecCatalog.ROUTERS.names())
            .contains("top-k", "noisy-top-k", "hierarchical", "strictly-balanced", "capacity", "switch", "expert-choice", "product-key", "round-robin");
        assertThat(SpecCatalog.EXPERTS.names()).contains("mlp", "single-neuron", "value");
        assertThat(SpecCatalog.FEED_FORWARDS.names()).contains("dense", "mixture-of-experts", "memory-plus");
    }

    @Test
    void namesASpecAndMakesOneFromAName() {
        assertThat(SpecCatalog.ROUTERS.nameOf(new TopKRouter.Spec(4, 1))).isEqualTo("top-k");
        assertThat(SpecCatalog.ROUTERS.example("round-robin")).isEqualTo(new RoundRobinRouter.Spec(3));
        assertThatThrownBy(() -> SpecCatalog.ROUTERS.example("topk")).isInstanceOf(InputException.class)
            .hasMessageStartingWith("unknown router 'topk': did you mean 'top-k'?");
    }

    @Test
    void everySpecIsReadBackAsItWasWritten() {
        for (RouterSpec router : SpecCatalog.ROUTERS.examples()) {
            for (ExpertsSpec experts : SpecCatalog.EXPERTS.examples()) {
                List<FeedForwardSpec> shared = SpecCatalog.FEED_FORWARDS.examples();
                Layer layer = new Layer(new MixtureOfExperts.Spec(router, experts, shared, true));
                assertThat(reader.parse(reader.toYaml(layer), Layer.class)).isEqualTo(layer);
            }
        }
    }

    @Test
    void whatIsLeftOutHasTheDefaults() {
        String text = """
            layer:
              type: mixture-of-experts
              router: {type: top-k, experts: 64, balance: all_choices}
              experts: {type: single-neuron}
            """;
        assertThat(reader.parse(text, Layer.class)).isEqualTo(new Layer(new MixtureOfExperts.Spec(
            new TopKRouter.Spec(64, 2, 1, Balance.ALL_CHOICES, 0.01, 0), new SingleNeuronExperts.Spec())));
    }

    @Test
    void tablesOfHalvesAreAWord() {
        String text = "layer: {type: mixture-of-experts, router: {type: product-key}, experts: {type: single-neuron, table: bfloat16}}";
        assertThat(reader.parse(text, Layer.class).layer()).isInstanceOfSatisfying(MixtureOfExperts.Spec.class,
            layer -> assertThat(layer.experts()).isEqualTo(new SingleNeuronExperts.Spec(Activation.GELU, TableValues.BFLOAT16)));
        assertThatThrownBy(() -> reader.parse(text.replace("bfloat16", "float8"), Layer.class)).isInstanceOf(InputException.class).hasMessageContaining("float8");
    }

    @Test
    void mistakesAreSaidWithTheirPlace() {
        assertThatThrownBy(() -> reader.parse("layer: {type: dence, hidden: 4}", Layer.class)).isInstanceOf(InputException.class)
            .hasMessageContaining("'dence'").hasMessageContaining("did you mean 'dense'");
        assertThatThrownBy(() -> reader.parse("layer: {type: dense, hiden: 4}", Layer.class)).isInstanceOf(InputException.class)
            .hasMessageContaining("layer").hasMessageContaining("'hiden'").hasMessageContaining("did you mean 'hidden'");
        assertThatThrownBy(() -> reader.parse("layer: {type: mixture-of-experts, router: {type: top-k, experts: 4, topK: 5}}", Layer.class))
            .isInstanceOf(InputException.class)
            .hasMessageContaining("layer.router: topK is 5, more than the number of experts 4");
        assertThatThrownBy(() -> reader.parse("layer: {hidden: 4}", Layer.class)).isInstanceOf(InputException.class)
            .hasMessageContaining("missing field 'type' of layer");
    }
}
