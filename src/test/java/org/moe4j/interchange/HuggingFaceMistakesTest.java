package org.moe4j.interchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.moe4j.backend.Backend;
import org.moe4j.backend.Backends;
import org.moe4j.experts.DenseFeedForward;
import org.moe4j.io.DType;
import org.moe4j.io.InputException;
import org.moe4j.io.TensorData;
import org.moe4j.model.Repeat;
import org.moe4j.model.Transformer;
import org.moe4j.nn.CausalSelfAttention;
import org.moe4j.nn.Init;

/** Each mistake is one sentence that names the file, the thing and what would do. */
class HuggingFaceMistakesTest {
    private static final String GATE = "model.layers.1.block_sparse_moe.gate.weight";
    private static final String INDEX = "model.safetensors.index.json";

    @TempDir
    private Path folder;

    @Test
    void folders() throws IOException {
        refused("there is no folder");
        Files.createDirectory(folder.resolve("c"));
        refused("is not a Hugging Face checkpoint: it has no config.json");
        TinyCheckpoint.write(folder.resolve("c/config.json"), "[1]");
        refused("config.json is not a JSON object");
        TinyCheckpoint.write(folder.resolve("c/config.json"), "{\"model_type\": \"mixtral\"");
        refused("config.json is not JSON, line 1");
        TinyCheckpoint.write(folder.resolve("c/config.json"), "{\"model_type\": \"mixtral\"}");
        refused("has neither model.safetensors nor " + INDEX);
        Files.createFile(folder.resolve("c/pytorch_model.bin"));
        refused("pytorch_model.bin is not read, save the model as safetensors");
        TinyCheckpoint.write(folder.resolve("c/model.safetensors"), "x".repeat(0x61) + "\0".repeat(7) + "x".repeat(500));
        refused("model.safetensors is not a sound safetensors file");
    }

    @Test
    void brokenTextIsNotRepeatedAtLength() {
        TinyCheckpoint.write(folder.resolve("c/config.json"), "nonsense".repeat(500));
        assertThatThrownBy(() -> HuggingFaceImport.open(folder.resolve("c"))).isInstanceOf(InputException.class)
            .hasMessageContaining("config.json is not JSON, line 1: Unrecognized token 'nonsense").message().hasSizeLessThan(400);
    }

    @Test
    void configs() {
        config("\"llama\"", "model_type", "config.json: unknown model_type 'llama'; known are mixtral, olmoe");
        config("\"mixtrall\"", "model_type", "did you mean 'mixtral'?");
        config("null", "model_type", "config.json has no field 'model_type'");
        config("null", "hidden_size", "config.json has no field 'hidden_size', a whole number of at least 1");
        config("\"16\"", "hidden_size", "config.json: hidden_size is \"16\", want a whole number of at least 1");
        config("2.5", "num_hidden_layers", "num_hidden_layers is 2.5, want a whole number");
        config("0", "num_local_experts", "num_local_experts is 0");
        config("\"small\"", "rms_norm_eps", "rms_norm_eps is \"small\", want a number");
        config("1", "tie_word_embeddings", "tie_word_embeddings is 1, want true or false");
        config("\"gelu\"", "hidden_act", "hidden_act is \"gelu\", only \"silu\" is supported");
        config("{\"type\": \"yarn\", \"factor\": 4}", "rope_scaling", "rope_scaling wants rotary positions of the kind 'yarn'");
        config("9", "num_experts_per_tok", "config.json: topK is 9");
        config("3", "num_key_value_heads", "config.json: keyHeads is 3, which does not divide heads 4");
        config("{\"rope_theta\": 10000.0, \"partial_rotary_factor\": 0.5}", "rope_parameters", "partial_rotary_factor is 0.5, only 1 is supported");
        config("0.25", "partial_rotary_factor", "partial_rotary_factor is 0.25");
        config("{\"quant_method\": \"gptq\"}", "quantization_config", "config.json has a quantization_config: quantised weights are not read");
        TinyCheckpoint olmoe = TinyCheckpoint.olmoe(1);
        olmoe.config.put("rms_norm_eps", 1e-6);
        olmoe.write(folder.resolve("c"), DType.F32);
        refused("rms_norm_eps is 1.0E-6; the norms of queries and keys here have 1.0E-5");
    }

    @Test
    void tensors() {
        tensor(c -> c.tensors.remove(GATE), "it has no tensor '" + GATE + "' (4,16)");
        tensor(c -> c.add(TensorData.of(GATE, new double[5 * 16], 5, 16)), "tensor '" + GATE + "' is (5,16), config.json wants (4,16)");
        tensor(c -> c.add(TensorData.of("model.extra", new double[6], 2, 3)), "it has a tensor 'model.extra' (2,3), which a mixtral of this config.json has not");
        tensor(c -> c.add(TensorData.of(GATE, new long[4 * 16], 4, 16)), "tensor '" + GATE + "' (4,16) is I64, want F32, F16 or BF16");
        tensor(c -> c.config.put("num_local_experts", 5), "; 7 more tensors are wrong");
        tensor(c -> c.config.put("tie_word_embeddings", true), "it has a tensor 'lm_head.weight' (23,16)");
        tensor(c -> c.add(TensorData.of("model.layers.0.mlp.experts.gate_up_proj", new double[4 * 40 * 16], 4, 40, 16)),
            "its experts are packed, as in 'model.layers.0.mlp.experts.gate_up_proj' (4,40,16); save_pretrained with save_original_format=True writes a tensor for each");
    }

    @Test
    void aTiedHeadThatRepeatsTheEmbeddingIsNoMistake() {
        TinyCheckpoint checkpoint = TinyCheckpoint.goldenMixtral();
        checkpoint.config.put("tie_word_embeddings", true);
        TensorData embedding = checkpoint.tensors.get("model.embed_tokens.weight");
        checkpoint.add(new TensorData("lm_head.weight", embedding.dtype(), embedding.shape(), embedding.data(), embedding.stored()));
        try (HuggingFaceImport opened = HuggingFaceImport.open(checkpoint.write(folder.resolve("c"), DType.BF16))) {
            assertThat(opened.problems()).isEmpty();
        }
    }

    @Test
    void noKeyHeadsOfTheirOwnAreAsManyAsHeads() {
        TinyCheckpoint checkpoint = TinyCheckpoint.goldenMixtral();
        checkpoint.config.putNull("num_key_value_heads");
        try (HuggingFaceImport opened = HuggingFaceImport.open(checkpoint.write(folder.resolve("c"), DType.F32))) {
            assertThat(opened.spec().attention().keyHeads()).isEqualTo(4);
        }
        checkpoint.config.remove("num_key_value_heads");
        assertThatThrownBy(() -> HuggingFaceImport.open(checkpoint.write(folder.resolve("d"), DType.F32))).hasMessageContaining("keyHeads is 8");
    }

    @Test
    void aBufferOfOldVersionsIsNoMistake() {
        TinyCheckpoint checkpoint = TinyCheckpoint.goldenMixtral();
        checkpoint.add(TensorData.of("model.layers.0.self_attn.rotary_emb.inv_freq", new double[2], 2));
        try (HuggingFaceImport opened = HuggingFaceImport.open(checkpoint.write(folder, DType.F64))) {
            assertThat(opened.problems()).isEmpty();
        }
    }

    @Test
    void shards() throws IOException {
        Path c = folder.resolve("c");
        TinyCheckpoint checkpoint = TinyCheckpoint.goldenMixtral();
        checkpoint.writeShards(c, DType.F32, 3);
        String index = Files.readString(c.resolve(INDEX));
        Path second = c.resolve("model-00002-of-00003.safetensors");

        try (RandomAccessFile file = new RandomAccessFile(second.toFile(), "rw")) {
            file.setLength(file.length() - 5);
        }
        refused("model-00002-of-00003.safetensors is not a sound safetensors file: it is truncated");
        Files.delete(second);
        refused(INDEX + " names the shard 'model-00002-of-00003.safetensors', which is not in the folder");

        checkpoint.writeShards(c, DType.F32, 3);
        Files.writeString(c.resolve(INDEX), index.replace("\"lm_head.weight\"", "\"lm_foot.weight\""));
        refused("places tensor 'lm_foot.weight' in model-");
        Files.writeString(c.resolve(INDEX), index.replaceFirst("\"lm_head.weight\":\"[^\"]*\",?", "").replace(",}", "}"));
        refused("has a tensor 'lm_head.weight', which " + INDEX + " does not name");
        Files.writeString(c.resolve(INDEX), index.replace("model-00002", "../model-00002"));
        refused("want the name of a file in the folder");
        Files.writeString(c.resolve(INDEX), "{}");
        refused("has no weight_map");
    }

    @Test
    void whatDoesNotGoIntoAConfigOrAFolder() throws IOException {
        try (Backend on = Backends.open("reference", 1)) {
            Transformer dense = new Transformer.Spec(32, 16, 16, CausalSelfAttention.Spec.rotary(2, 1, 1e4), true,
                Repeat.everyBlock(2, new DenseFeedForward.Spec())).build(new Init(on, 1));
            HuggingFaceExport export = new HuggingFaceExport(DType.F32, HuggingFaceExport.USUAL_SHARD);
            assertThatThrownBy(() -> export.write(folder.resolve("out"), dense, (Integer) null)).isInstanceOf(InputException.class)
                .hasMessageContaining("model_type mixtral means the same mixture in every block").hasMessageContaining("model_type olmoe means");

            Transformer fine;
            try (HuggingFaceImport opened = HuggingFaceImport.open(TinyCheckpoint.goldenMixtral().write(folder.resolve("c"), DType.F32))) {
                fine = opened.load(on);
            }
            TinyCheckpoint.write(folder.resolve("full/mine.txt"), "mine");
            assertThatThrownBy(() -> export.write(folder.resolve("full"), fine, 2)).isInstanceOf(InputException.class)
                .hasMessageContaining("full is there already, with files in it: remove it or name another folder");
            assertThatThrownBy(() -> export.write(folder.resolve("full/mine.txt"), fine, 2)).hasMessageContaining("mine.txt is a file; a checkpoint is a folder");
            assertThatThrownBy(() -> export.write(folder.resolve("full/mine.txt/out"), fine, 2)).isInstanceOf(InputException.class).hasMessageContaining("cannot write");
            Files.createDirectory(folder.resolve("empty"));
            export.write(folder.resolve("empty"), fine, 2);
            assertThat(folder.resolve("empty/config.json")).exists();
        }
        assertThat(folder.resolve("out")).doesNotExist();
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left.map(p -> p.getFileName().toString())).containsExactlyInAnyOrder("c", "full", "empty");
        }
        assertThatThrownBy(() -> new HuggingFaceExport(DType.F64, 1)).hasMessageContaining("F32, F16 or BF16");
        assertThatThrownBy(() -> new HuggingFaceExport(DType.F16, 0)).hasMessageContaining("a shard of 0 bytes");
    }

    @Test
    void whatIsNotComputedIsSaid() {
        TinyCheckpoint checkpoint = TinyCheckpoint.goldenMixtral();
        checkpoint.config.put("sliding_window", 8).put("router_jitter_noise", 0.1);
        try (HuggingFaceImport opened = HuggingFaceImport.open(checkpoint.write(folder, DType.F32))) {
            assertThat(opened.spec().sequence()).isEqualTo(8);
            assertThat(opened.remarks()).hasSize(2).anyMatch(r -> r.contains("sliding_window is 8")).anyMatch(r -> r.contains("router_jitter_noise is 0.1"));
        }
    }

    private void config(String value, String field, String sentence) {
        TinyCheckpoint checkpoint = TinyCheckpoint.goldenMixtral();
        try {
            checkpoint.config.set(field, JsonFile.JSON.readTree(value));
        } catch (IOException impossible) {
            throw new AssertionError(impossible);
        }
        checkpoint.write(folder.resolve("c"), DType.F32);
        refused(sentence);
    }

    /** The folder opens, for inspection, and the model does not load. */
    private void tensor(Consumer<TinyCheckpoint> change, String sentence) {
        TinyCheckpoint checkpoint = TinyCheckpoint.goldenMixtral();
        change.accept(checkpoint);
        Path c = checkpoint.write(folder.resolve("c"), DType.F64);
        try (HuggingFaceImport opened = HuggingFaceImport.open(c); Backend on = Backends.open("reference", 1)) {
            List<String> problems = opened.problems();
            assertThat(problems).isNotEmpty();
            assertThatThrownBy(() -> opened.load(on)).isInstanceOf(InputException.class).hasMessageStartingWith(c + ": ").hasMessageContaining(sentence);
        }
    }

    private void refused(String sentence) {
        assertThatThrownBy(() -> HuggingFaceImport.open(folder.resolve("c")).close()).isInstanceOf(InputException.class)
            .hasMessageContaining(sentence).hasMessageContaining(folder.toString()).message().doesNotContain("\n");
    }
}
