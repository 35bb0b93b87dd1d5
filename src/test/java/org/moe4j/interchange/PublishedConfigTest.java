package org.moe4j.interchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.moe4j.autodiff.Parameter;
import org.moe4j.backend.dry.DryBackend;
import org.moe4j.cost.Ledger;
import org.moe4j.experts.Balance;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.experts.TopKRouter;
import org.moe4j.model.Transformer;
import org.moe4j.nn.CausalSelfAttention.QueryKeyNorm;
import org.moe4j.nn.Init;

/** The fields of published configs, and what follows from them. */
class PublishedConfigTest {
    private static final String OLMOE = """
        {"model_type": "olmoe", "hidden_size": 2048, "intermediate_size": 1024, "num_hidden_layers": 16, "num_attention_heads": 16,
         "num_key_value_heads": 16, "num_experts": 64, "num_experts_per_tok": 8, "norm_topk_prob": false, "clip_qkv": null, "vocab_size": 50304,
         "max_position_embeddings": 4096, "rope_theta": 10000.0, "rope_scaling": null, "router_aux_loss_coef": 0.01, "attention_bias": false,
         "hidden_act": "silu", "tie_word_embeddings": false, "eos_token_id": 50279}""";
    private static final String MIXTRAL = """
        {"model_type": "mixtral", "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32,
         "num_key_value_heads": 8, "num_local_experts": 8, "num_experts_per_tok": 2, "vocab_size": 32000, "max_position_embeddings": 32768,
         "rope_theta": 1000000.0, "rms_norm_eps": 1e-05, "router_aux_loss_coef": 0.02, "sliding_window": null, "hidden_act": "silu",
         "tie_word_embeddings": false, "bos_token_id": 1, "eos_token_id": [2, 7]}""";

    @TempDir
    private Path folder;

    @Test
    void olmoesConfigGivesTheParametersOfItsCheckpoint() {
        Transformer.Spec spec = spec(OLMOE);
        assertThat(Ledger.of(spec).parameters()).isEqualTo(6_919_161_856L);
        assertThat(Ledger.of(spec).activeParameters()).isEqualTo(1_282_017_280L);
        assertThat(spec.attention().norm()).isEqualTo(QueryKeyNorm.ALL_HEADS);
        assertThat(spec.attention().clip()).isNull();
        assertThat(router(spec).norm()).isZero();
        assertThat(router(spec).balance()).isEqualTo(Balance.ALL_CHOICES);
        assertThat(router(spec).balanceWeight()).as("of one layer of 16").isEqualTo(0.01 / 16);
        assertCovered(spec, new OlmoeLayout(), 16 * (9 + 3 * 64) + 3);
    }

    @Test
    void mixtralsConfigGivesItsParameters() {
        Transformer.Spec spec = spec(MIXTRAL);
        assertThat(Ledger.of(spec).parameters()).isEqualTo(46_702_792_704L);
        assertThat(Ledger.of(spec).activeParameters()).isEqualTo(12_879_925_248L);
        assertThat(spec.attention().rotaryBase()).isEqualTo(1e6);
        assertThat(router(spec).norm()).isEqualTo(1);
        assertThat(config(MIXTRAL).endOfText()).isEqualTo(2);
        assertCovered(spec, new MixtralLayout(), 32 * (7 + 3 * 8) + 3);
    }

    @Test
    void whatIsLeftOutIsTheClasssDefault() {
        Transformer.Spec spec = spec(MIXTRAL.replace("\"rope_theta\": 1000000.0,", "").replace("\"router_aux_loss_coef\": 0.02,", "").replace("\"num_key_value_heads\": 8,", ""));
        assertThat(spec.attention().rotaryBase()).isEqualTo(1e6);
        assertThat(spec.attention().keyHeads()).isEqualTo(8);
        assertThat(router(spec).balanceWeight()).isCloseTo(0.001 / 32, within(1e-15));
        Transformer.Spec olmoe = spec(OLMOE.replace("\"num_key_value_heads\": 16,", "").replace("\"rope_theta\": 10000.0,", "\"rope_parameters\": {\"rope_type\": \"default\", \"rope_theta\": 2e4},"));
        assertThat(olmoe.attention().keyHeads()).isEqualTo(16);
        assertThat(olmoe.attention().rotaryBase()).isEqualTo(2e4);
    }

    @Test
    void headsMayBeWiderThanTheirShare() {
        assertThat(spec(MIXTRAL.replace("\"vocab_size\"", "\"head_dim\": 256, \"vocab_size\"")).attention().headDim(4096)).isEqualTo(256);
        assertThat(spec(MIXTRAL.replace("\"vocab_size\"", "\"head_dim\": 128, \"vocab_size\"")).attention().headDim()).as("the usual one").isNull();
    }

    /** Every value of every parameter is exactly one tensor's. */
    private static void assertCovered(Transformer.Spec spec, ModelLayout layout, int tensors) {
        Map<String, Parameter> parameters = HuggingFaceImport.byName(spec.build(new Init(new DryBackend(), 0)));
        Set<String> names = new HashSet<>();
        long values = 0;
        for (Place place : layout.places(spec)) {
            assertThat(names.add(place.theirs())).as(place.theirs()).isTrue();
            long size = 1;
            for (long extent : place.shape(parameters.get(place.ours()))) {
                size *= extent;
            }
            assertThat(place.values(parameters.get(place.ours())).size()).isEqualTo(size);
            values += size;
        }
        assertThat(values).isEqualTo(Ledger.of(spec).parameters());
        assertThat(names).hasSize(tensors);
    }

    private static TopKRouter.Spec router(Transformer.Spec spec) {
        return (TopKRouter.Spec) ((MixtureOfExperts.Spec) spec.feedForwards().getFirst()).router();
    }

    private Config config(String json) {
        Path file = folder.resolve("config.json");
        TinyCheckpoint.write(file, json);
        return Config.read(file);
    }

    private Transformer.Spec spec(String json) {
        Config config = config(json);
        return ModelLayout.named(config.text("model_type", "")).spec(config);
    }
}
