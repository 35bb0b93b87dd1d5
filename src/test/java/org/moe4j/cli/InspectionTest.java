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
import org.moe4j.experts.SpecModule;
import org.moe4j.io.DType;
import org.moe4j.io.SafetensorsFile;
import org.moe4j.io.SpecReader;
import org.moe4j.model.LanguageModel;
import org.moe4j.model.ModelSpec;
import org.moe4j.model.Size;
import org.moe4j.model.zoo.Architecture;
import org.moe4j.nn.Init;
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
        assertThat(said.out()).contains("of width 8, 256 tokens", "made by: a test", "feed-forward 0: {\"type\":", "nats/token", "max/mean load").containsPattern("(?m)^0 +\\d+ +[\\d.]+ %");
        model.parameters().forEach(p -> assertThat(said.out()).contains("  " + p.name() + " F32 " + p.shape()));

        Path file = folder.resolve("model.safetensors");
        assertThat(Ran.of(() -> WeightsExport.run(run, "--out", file.toString())).exit()).isZero();
        try (SafetensorsFile exported = SafetensorsFile.open(file)) {
            assertThat(exported.names()).containsExactlyInAnyOrderElementsOf(model.parameters().stream().map(Parameter::name).toList());
            model.parameters().forEach(p -> assertThat(exported.doubles(p.name())).isEqualTo(p.value().toDoubles()));
            assertThat(exported.metadata()).containsKey("model");
        }
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
        refused("give the folder of a checkpoint", Ran.of(() -> Inspection.run()));
        saved("pkm", folder.resolve("pkm"));
        String pkm = folder.resolve("pkm").toString();
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
