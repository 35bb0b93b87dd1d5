package org.moe4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.moe4j.autodiff.Parameter;
import org.moe4j.backend.Backend;
import org.moe4j.backend.Backends;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.experts.ProductKeyRouter;
import org.moe4j.experts.SingleNeuronExperts;
import org.moe4j.experts.SpecModule;
import org.moe4j.io.DType;
import org.moe4j.io.SafetensorsFile;
import org.moe4j.io.SpecReader;
import org.moe4j.model.LanguageModel;
import org.moe4j.model.ModelSpec;
import org.moe4j.model.Repeat;
import org.moe4j.model.Size;
import org.moe4j.model.Transformer;
import org.moe4j.model.zoo.Architecture;
import org.moe4j.nn.Activation;
import org.moe4j.nn.CausalSelfAttention;
import org.moe4j.nn.Init;
import org.moe4j.nn.TableValues;
import org.moe4j.sweep.TinySweep;
import org.moe4j.train.Checkpoint;
import org.moe4j.train.SavedModel;

/** Models of every kind are inspected and exported by the commands of those names. */
class InspectionTest {
    private final Backend on = Backends.open("simd", 1);

    @TempDir
    Path folder;

    private LanguageModel saved(String architecture, Path to) {
        LanguageModel model = Architecture.named(architecture).resized(new Size(256, 8, 8, 2, 4)).build(new Init(on, 1));
        SavedModel.save(on, model, new Checkpoint(to), Map.of("surgery", "a test"));
        return model;
    }

    @ParameterizedTest
    @ValueSource(strings = {"moe2017-256-h", "glam-64b-64e", "switch-base", "pangu-sigma", "memory-plus", "peer-1m"})
    void saysWhatAModelIsAndExportsIt(String architecture) throws IOException {
        LanguageModel model = saved(architecture, folder.resolve("run/checkpoint"));
        String run = folder.resolve("run").toString();
        String text = TinySweep.text(folder).toString();
        Ran said = Ran.of(() -> Inspection.run(run, "--tensors", "--text", text, "--validation-tokens", "256", "--batch", "4"));
        assertThat(said.err()).isEmpty();
        assertThat(said.exit()).isZero();
        assertThat(said.out()).contains("of width 8, 256 tokens", "made by: a test", "what Adam would keep", "feed-forward 0: {\"type\":", "nats/token", "max/mean load").containsPattern("(?m)^0 +\\d+ +[\\d.]+ %");
        model.parameters().forEach(p -> assertThat(said.out()).contains("  " + p.name() + " F32 " + p.shape()));

        Path file = folder.resolve("model.safetensors");
        assertThat(Ran.of(() -> WeightsExport.run(run, "--out", file.toString())).exit()).isZero();
        try (SafetensorsFile exported = SafetensorsFile.open(file)) {
            assertThat(exported.names()).containsExactlyInAnyOrderElementsOf(model.parameters().stream().map(Parameter::name).toList());
            model.parameters().forEach(p -> assertThat(exported.doubles(p.name())).isEqualTo(p.value().toDoubles()));
            assertThat(exported.metadata()).containsKey("model");
        }
    }

    /** Of a trained model, tables and moments as the file has them: float32 or float64 by the back end it was trained on, bfloat16 where the spec says so. */
    @ParameterizedTest
    @ValueSource(strings = {"simd FLOAT32", "simd BFLOAT16", "simd BFLOAT16_NEAREST", "reference BFLOAT16", "reference FLOAT32"})
    void bytesAreThoseOfTheFile(String deviceAndTable) throws IOException {
        String[] words = deviceAndTable.split(" ");
        ModelSpec spec = new Transformer.Spec(256, 8, 8, CausalSelfAttention.Spec.rotary(1, 1, 10_000), true, Repeat.everyBlock(1, new MixtureOfExperts.Spec(
            new ProductKeyRouter.Spec(64, 2, 4, 8, true, ProductKeyRouter.Norm.NONE, ProductKeyRouter.Scores.SOFTMAX, false),
            new SingleNeuronExperts.Spec(Activation.GELU, TableValues.valueOf(words[1])))));
        Path model = Files.writeString(folder.resolve("mine.yaml"), new SpecReader(new SpecModule(ModelSpec.CATALOG)).toYaml((Record) spec));
        String run = folder.resolve("run").toString();
        String text = TinySweep.text(folder).toString();
        Ran trained = Ran.of(() -> Training.run("--model", model.toString(), "--out", run, "--device", words[0], "--text", text, "--tokenizer", "bytes",
            "--steps", "1", "--batch", "2", "--validation-tokens", "64"));
        assertThat(trained.err()).isEmpty();
        long[] bytes = new long[2];
        long[] ofExperts = new long[2];
        try (SafetensorsFile file = SafetensorsFile.open(Checkpoint.in(Path.of(run)).tensors())) {
            for (String name : file.names()) {
                int column = SavedModel.isOptimizers(name) ? 1 : 0;
                bytes[column] += file.segment(name).byteSize();
                ofExperts[column] += name.contains(".experts.") ? file.segment(name).byteSize() : 0;
            }
        }
        assertThat(bytes[1]).as("Adam's two moments").isEqualTo(2 * bytes[0]);
        assertThat(Ran.of(() -> Inspection.run(run)).out()).containsPattern("total .* " + LedgerTable.bytes(bytes[0]) + " +" + LedgerTable.bytes(bytes[1]) + "\\R")
            .containsPattern("experts .* " + LedgerTable.bytes(ofExperts[0]) + " +" + LedgerTable.bytes(ofExperts[1]) + "\\R").doesNotContain("what Adam would keep");
    }

    /** As the README asks of its own text. */
    @Test
    void measuresAllOfAShortText() throws IOException {
        saved("glam-64b-64e", folder.resolve("glam"));
        String glam = folder.resolve("glam").toString();
        String text = TinySweep.text(folder).toString();
        Ran said = Ran.of(() -> Inspection.run(glam, "--text", text));
        assertThat(said.err()).isEmpty();
        assertThat(said.out()).contains("nats/token", "max/mean load");
        Ran tooLong = Ran.of(() -> Inspection.run(glam, "--text", text, "--validation-tokens", "65536"));
        refused("or more text would do", tooLong);
        assertThat(tooLong.out()).isEmpty();
    }

    @Test
    void theSpecAloneTrainsAgain() {
        LanguageModel model = saved("dbrx", folder.resolve("dbrx"));
        Ran said = Ran.of(() -> Inspection.run(folder.resolve("dbrx").toString(), "--yaml"));
        assertThat(new SpecReader(new SpecModule(ModelSpec.CATALOG)).parse(said.out(), ModelSpec.class)).isEqualTo(model.spec());
    }

    @Test
    void weightsAreRounded() {
        LanguageModel model = saved("pkm", folder.resolve("pkm"));
        Path file = folder.resolve("half.safetensors");
        assertThat(Ran.of(() -> WeightsExport.run(folder.resolve("pkm").toString(), "--out", file.toString(), "--dtype", "bf16")).exit()).isZero();
        Parameter first = model.parameters().getFirst();
        try (SafetensorsFile exported = SafetensorsFile.open(file)) {
            assertThat(exported.dtype(first.name())).isEqualTo(DType.BF16);
            assertThat(exported.doubles(first.name())).containsExactly(first.value().toDoubles(), within(1e-3));
        }
    }

    @Test
    void mistakesAreOneSentence() throws IOException {
        String nowhere = folder.resolve("nowhere").toString();
        refused("nowhere/checkpoint.json: there is no such file or folder", Ran.of(() -> Inspection.run(nowhere)));
        Files.writeString(Files.createDirectory(folder.resolve("theirs")).resolve("config.json"), "{}");
        refused("experiments/run huggingface inspect", Ran.of(() -> Inspection.run(folder.resolve("theirs").toString())));
        Path file = Files.createFile(folder.resolve("notes.txt"));
        refused(file + " is a file, not a folder", Ran.of(() -> Inspection.run(file.toString())));
        refused("give the folder of a checkpoint", Ran.of(() -> Inspection.run()));
        saved("pkm", folder.resolve("pkm"));
        String pkm = folder.resolve("pkm").toString();
        refused("--text FILE would do", Ran.of(() -> Inspection.run(pkm, "--validation-tokens", "64")));
        Path out = folder.resolve("out.safetensors");
        refused("give the folder of a checkpoint and --out FILE", Ran.of(() -> WeightsExport.run(pkm)));
        refused("weights are f32, bf16, f16 or f64", Ran.of(() -> WeightsExport.run(pkm, "--out", out.toString(), "--dtype", "i8")));
        refused("unknown dtype 'F33': did you mean 'F32'?", Ran.of(() -> WeightsExport.run(pkm, "--out", out.toString(), "--dtype", "f33")));
        refused("there is no such file or folder", Ran.of(() -> WeightsExport.run(nowhere, "--out", out.toString())));
        assertThat(out).doesNotExist();
        Files.createFile(out);
        refused("is there already", Ran.of(() -> WeightsExport.run(pkm, "--out", out.toString())));
        assertThat(out).isEmptyFile();
    }

    private static void refused(String sentence, Ran ran) {
        assertThat(ran.err()).contains(sentence);
        assertThat(ran.err().strip().lines()).hasSize(1);
        assertThat(ran.exit()).isEqualTo(2);
    }
}
