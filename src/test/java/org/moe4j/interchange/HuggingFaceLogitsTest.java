package org.moe4j.interchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.moe4j.backend.Backend;
import org.moe4j.backend.Backends;
import org.moe4j.data.Batch;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.io.DType;
import org.moe4j.io.InputException;
import org.moe4j.io.SafetensorsFile;
import org.moe4j.io.SafetensorsWriter;
import org.moe4j.model.Repeat;
import org.moe4j.model.Transformer;
import org.moe4j.nn.Init;
import org.moe4j.train.Trainer;
import org.moe4j.train.TrainingSpec;

/** Checkpoints compute here what they compute where they come from, before and after fine-tuning and a way to the disk and back. */
class HuggingFaceLogitsTest {
    private static final Path GOLDEN = Path.of("src/test/resources/golden/e2e/mixtral_lm.safetensors");

    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource({"reference, F64, 1, 1e-9", "reference, F32, 1, 1e-5", "simd, F32, 3, 2e-5", "reference, BF16, 2, 0.05", "reference, F16, 5, 0.005"})
    void theGoldenMixtralReachesItsLogits(String backEnd, DType dtype, int shards, double tolerance) {
        TinyCheckpoint golden = TinyCheckpoint.goldenMixtral();
        Path written = shards == 1 ? golden.write(folder, dtype) : golden.writeShards(folder, dtype, shards);
        try (HuggingFaceImport mixtral = HuggingFaceImport.open(written); Backend on = Backends.open(backEnd, 2);
             SafetensorsFile expected = SafetensorsFile.open(GOLDEN)) {
            assertThat(mixtral.problems()).isEmpty();
            assertThat(mixtral.files()).isEqualTo(shards);
            int[] ids = Arrays.stream(expected.longs("in.ids")).mapToInt(Math::toIntExact).toArray();
            double[] logits = Logits.of(on, mixtral.load(on), 3, ids);
            assertThat(logits).containsExactly(expected.doubles("f64.out.logits0"), within(tolerance));
        }
    }

    @ParameterizedTest
    @CsvSource({"false, 0.9", "true, 0.9", "false, 0"})
    void anOlmoeComputesWhatItsDescriptionSays(boolean normalised, double clip) {
        TinyCheckpoint checkpoint = TinyCheckpoint.olmoe(7);
        checkpoint.config.put("norm_topk_prob", normalised);
        if (clip == 0) {
            checkpoint.config.putNull("clip_qkv");
        }
        int[] tokens = {3, 1, 4, 1, 5, 9, 2, 6, 18, 0};
        try (HuggingFaceImport olmoe = HuggingFaceImport.open(checkpoint.writeShards(folder, DType.F64, 2)); Backend on = Backends.open("reference", 1)) {
            double[] expected = new PlainOlmoe(checkpoint).logits(tokens);
            assertThat(Logits.of(on, olmoe.load(on), 1, tokens)).containsExactly(expected, within(1e-10));
        }
    }

    @ParameterizedTest
    @CsvSource({"mixtral, reference", "mixtral, simd", "olmoe, simd"})
    void fineTunedSavedAndLoadedAgainTheLogitsAreTheSame(String layout, String backEnd) throws Exception {
        TinyCheckpoint checkpoint = layout.equals("mixtral") ? TinyCheckpoint.goldenMixtral() : TinyCheckpoint.olmoe(3);
        Path source = checkpoint.write(folder.resolve("source"), DType.F32);
        Files.writeString(source.resolve("tokenizer.json"), "kept as it is");
        Path tuned = folder.resolve("deep/tuned");
        int[] probe = {1, 2, 3, 4, 5, 6, 7, 8};
        try (Backend on = Backends.open(backEnd, 2)) {
            double[] after;
            try (HuggingFaceImport origin = HuggingFaceImport.open(source)) {
                Transformer model = origin.load(on);
                double[] before = Logits.of(on, model, 1, probe);
                Batch batch = new Batch(2, 4, new int[] {5, 6, 7, 8, 9, 10, 11, 12}, new int[] {6, 7, 8, 9, 10, 11, 12, 13}, new int[2]);
                double[] losses = new double[12];
                new Trainer(on, model, TrainingSpec.of(2, losses.length, 1e-2), step -> batch, null).run(m -> losses[(int) m.step() - 1] = m.loss());
                assertThat(losses[losses.length - 1]).isLessThan(losses[0]);
                new HuggingFaceExport(DType.F32, 3000).write(tuned, model, origin);
                after = Logits.of(on, model, 1, probe);
                assertThat(after).isNotEqualTo(before);
            }
            try (HuggingFaceImport again = HuggingFaceImport.open(tuned)) {
                assertThat(again.files()).isGreaterThan(2);
                assertThat(Files.readString(tuned.resolve("tokenizer.json"))).isEqualTo("kept as it is");
                double[] loaded = Logits.of(on, again.load(on), 1, probe);
                if (on.bytesPerValue() == Float.BYTES) {
                    assertThat(loaded).isEqualTo(after);
                } else {
                    assertThat(loaded).containsExactly(after, within(1e-5));
                }
            }
        }
        try (Stream<Path> beside = Files.list(folder.resolve("deep"))) {
            assertThat(beside).containsExactly(tuned);
        }
    }

    @Test
    void aModelThatChangedSinceKeepsItsTokenizerAndChangesItsConfig() throws IOException {
        Path source = TinyCheckpoint.olmoe(3).write(folder.resolve("source"), DType.F32);
        Files.writeString(source.resolve("tokenizer.json"), "kept");
        Path changed = folder.resolve("changed");
        try (Backend on = Backends.open("reference", 1); HuggingFaceImport origin = HuggingFaceImport.open(source)) {
            Transformer.Spec spec = origin.spec();
            MixtureOfExperts.Spec mixture = (MixtureOfExperts.Spec) spec.feedForwards().getFirst();
            MixtureOfExperts.Spec grown = new MixtureOfExperts.Spec(mixture.router().withExperts(7, 3), mixture.experts());
            Transformer model = new Transformer.Spec(spec.vocabulary(), spec.dim(), spec.sequence(), spec.attention(), spec.tied(), Repeat.everyBlock(2, grown))
                .build(new Init(on, 1));
            new HuggingFaceExport(DType.F32, HuggingFaceExport.USUAL_SHARD).write(changed, model, origin);
            Transformer other = new Transformer.Spec().build(new Init(on, 1));
            assertThatThrownBy(() -> new HuggingFaceExport(DType.F32, 1000).write(folder.resolve("other"), other, origin)).isInstanceOf(InputException.class)
                .hasMessageContaining("model_type olmoe means");
        }
        assertThat(Files.readString(changed.resolve("config.json"))).contains("\"num_experts\" : 7", "\"pad_token_id\" : 1");
        assertThat(Files.readString(changed.resolve("tokenizer.json"))).isEqualTo("kept");
        try (HuggingFaceImport again = HuggingFaceImport.open(changed)) {
            assertThat(again.problems()).isEmpty();
        }
        assertThat(folder.resolve("other")).doesNotExist();
    }

    @Test
    void typesMayBeMixed() {
        TinyCheckpoint checkpoint = TinyCheckpoint.olmoe(1);
        checkpoint.tensors.replaceAll((name, tensor) -> name.contains("norm") ? tensor.as(DType.F32) : tensor.as(DType.BF16));
        SafetensorsWriter.write(folder.resolve("model.safetensors"), List.copyOf(checkpoint.tensors.values()), Map.of());
        TinyCheckpoint.write(folder.resolve("config.json"), checkpoint.config.toString());
        try (HuggingFaceImport olmoe = HuggingFaceImport.open(folder); Backend on = Backends.open("reference", 1)) {
            assertThat(olmoe.elements()).containsOnlyKeys(DType.F32, DType.BF16);
            assertThat(olmoe.elements().values().stream().mapToLong(n -> n).sum())
                .isEqualTo(olmoe.load(on).parameters().stream().mapToLong(p -> p.shape().size()).sum());
        }
    }
}
