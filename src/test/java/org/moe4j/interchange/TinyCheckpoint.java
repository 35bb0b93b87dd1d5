package org.moe4j.interchange;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.LongStream;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.moe4j.io.DType;
import org.moe4j.io.SafetensorsFile;
import org.moe4j.io.SafetensorsWriter;
import org.moe4j.io.TensorData;

/** A Hugging Face folder written by hand: its config, its tensors by their own names, and how they lie in files. */
public final class TinyCheckpoint {
    public final ObjectNode config;
    public final Map<String, TensorData> tensors = new LinkedHashMap<>();

    TinyCheckpoint(String config) {
        try {
            this.config = (ObjectNode) JsonFile.JSON.readTree(config);
        } catch (IOException wrong) {
            throw new UncheckedIOException(wrong);
        }
    }

    /** The golden Mixtral of Hugging Face's own code, with the names that its state dictionary has. */
    public static TinyCheckpoint goldenMixtral() {
        TinyCheckpoint checkpoint = new TinyCheckpoint("""
            {"architectures": ["MixtralForCausalLM"], "model_type": "mixtral", "vocab_size": 23, "hidden_size": 16, "intermediate_size": 20,
             "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "num_local_experts": 4, "num_experts_per_tok": 2,
             "hidden_act": "silu", "max_position_embeddings": 32, "rms_norm_eps": 1e-05, "rope_theta": 10000.0, "router_aux_loss_coef": 0.02,
             "sliding_window": null, "tie_word_embeddings": false, "torch_dtype": "float32", "bos_token_id": 1, "eos_token_id": 2}""");
        try (SafetensorsFile golden = SafetensorsFile.open(Path.of("src/test/resources/golden/e2e/mixtral_lm.safetensors"))) {
            for (String name : golden.names()) {
                if (name.startsWith("w.")) {
                    String theirs = name.equals("w.lm_head.weight") ? "lm_head.weight" : "model." + name.substring(2);
                    checkpoint.add(TensorData.of(theirs, golden.doubles(name), golden.shape(name)));
                }
            }
        }
        return checkpoint;
    }

    /** An OLMoE of random weights, with fewer key heads than heads. */
    public static TinyCheckpoint olmoe(long seed) {
        return olmoe(seed, 19);
    }

    /** The same with another vocabulary. */
    public static TinyCheckpoint olmoe(long seed, int vocabulary) {
        TinyCheckpoint checkpoint = new TinyCheckpoint("""
            {"architectures": ["OlmoeForCausalLM"], "model_type": "olmoe", "vocab_size": 19, "hidden_size": 16, "intermediate_size": 6,
             "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "num_experts": 6, "num_experts_per_tok": 3,
             "norm_topk_prob": false, "clip_qkv": 0.9, "hidden_act": "silu", "max_position_embeddings": 64, "rope_theta": 10000.0,
             "router_aux_loss_coef": 0.01, "attention_bias": false, "attention_dropout": 0.0, "rope_scaling": null, "tie_word_embeddings": false,
             "torch_dtype": "bfloat16", "eos_token_id": 0, "pad_token_id": 1}""");
        checkpoint.config.put("vocab_size", vocabulary);
        Random random = new Random(seed);
        checkpoint.add(random, "model.embed_tokens.weight", 1, vocabulary, 16);
        for (int layer = 0; layer < 2; layer++) {
            String at = "model.layers." + layer + ".";
            checkpoint.add(random, at + "self_attn.q_proj.weight", 0.3, 16, 16);
            checkpoint.add(random, at + "self_attn.k_proj.weight", 0.3, 8, 16);
            checkpoint.add(random, at + "self_attn.v_proj.weight", 0.3, 8, 16);
            checkpoint.add(random, at + "self_attn.o_proj.weight", 0.3, 16, 16);
            checkpoint.add(random, at + "self_attn.q_norm.weight", 1, 16);
            checkpoint.add(random, at + "self_attn.k_norm.weight", 1, 8);
            checkpoint.add(random, at + "mlp.gate.weight", 0.5, 6, 16);
            for (int expert = 0; expert < 6; expert++) {
                checkpoint.add(random, at + "mlp.experts." + expert + ".gate_proj.weight", 0.4, 6, 16);
                checkpoint.add(random, at + "mlp.experts." + expert + ".up_proj.weight", 0.4, 6, 16);
                checkpoint.add(random, at + "mlp.experts." + expert + ".down_proj.weight", 0.4, 16, 6);
            }
            checkpoint.add(random, at + "input_layernorm.weight", 1, 16);
            checkpoint.add(random, at + "post_attention_layernorm.weight", 1, 16);
        }
        checkpoint.add(random, "model.norm.weight", 1, 16);
        checkpoint.add(random, "lm_head.weight", 0.3, vocabulary, 16);
        return checkpoint;
    }

    void add(TensorData tensor) {
        tensors.put(tensor.name(), tensor);
    }

    private void add(Random random, String name, double deviation, long... shape) {
        double[] values = random.doubles(LongStream.of(shape).reduce(1, (a, b) -> a * b), -1.7 * deviation, 1.7 * deviation).toArray();
        add(TensorData.of(name, values, shape));
    }

    /** One file. */
    public Path write(Path folder, DType dtype) {
        writeConfig(folder);
        SafetensorsWriter.write(folder.resolve("model.safetensors"), as(dtype), Map.of("format", "pt"));
        return folder;
    }

    /** Several files and their index, tensors dealt out in turn. */
    public Path writeShards(Path folder, DType dtype, int shards) {
        writeConfig(folder);
        ObjectNode map = JsonFile.JSON.createObjectNode();
        List<TensorData> all = as(dtype);
        for (int s = 0; s < shards; s++) {
            String name = "model-%05d-of-%05d.safetensors".formatted(s + 1, shards);
            int shard = s;
            List<TensorData> part = all.stream().filter(t -> all.indexOf(t) % shards == shard).toList();
            SafetensorsWriter.write(folder.resolve(name), part, Map.of("format", "pt"));
            part.forEach(t -> map.put(t.name(), name));
        }
        write(folder.resolve("model.safetensors.index.json"), JsonFile.JSON.createObjectNode().set("weight_map", map).toString());
        return folder;
    }

    private List<TensorData> as(DType dtype) {
        return tensors.values().stream().map(t -> t.dtype().isFloat() ? t.as(dtype) : t).toList();
    }

    private void writeConfig(Path folder) {
        write(folder.resolve("config.json"), config.toPrettyString());
    }

    static void write(Path file, String text) {
        try {
            Files.createDirectories(file.getParent());
            Files.writeString(file, text);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }
}
