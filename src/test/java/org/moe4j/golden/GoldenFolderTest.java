package org.moe4j.golden;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.moe4j.backend.Backend;
import org.moe4j.io.InputException;
import org.moe4j.io.SafetensorsFile;
import org.moe4j.io.SafetensorsWriter;
import org.moe4j.io.TensorData;

/** The harness itself: it must fail where something is wrong, say what, and go on. */
class GoldenFolderTest {
    private static final Path LINEAR = Path.of("src/test/resources/golden/engine/linear_2d_bias.safetensors");

    @TempDir
    private Path folder;
    private final Backend[] on = GoldenFolder.devices("reference");

    @BeforeEach
    void aSoundCase() throws IOException {
        Files.createDirectories(folder.resolve("deep/er"));
        Files.copy(LINEAR, folder.resolve("deep/er/sound.safetensors"));
    }

    @Test
    void aSoundFolderPasses() {
        GoldenReport report = GoldenFolder.verify(folder, on);
        assertThat(report.summary()).isEqualTo("1 cases: 1 passed, 0 failed, 0 not covered");
        assertThat(report.toString()).endsWith("\n" + report.summary());
        assertThat(report.exitCode()).isZero();
    }

    @Test
    void aSingleFileWillDo() throws IOException {
        GoldenReport report = GoldenFolder.verify(LINEAR, on);
        assertThat(report.summary()).isEqualTo("1 cases: 1 passed, 0 failed, 0 not covered");
        Path text = Files.writeString(folder.resolve("text.safetensors"), "not a tensor at all");
        assertThat(GoldenFolder.verify(text, on).results().getFirst().name()).isEqualTo(text.toString());
    }

    @Test
    void aWrongOutputFails() {
        change(Map.of("f64.out.y", GoldenFolderTest::firstOffByATenMillionth), about -> about);
        assertFailure("f64.out.y[0,0] is", "expected", "1 of 15 entries differ");
    }

    @Test
    void aWrongGradientFails() {
        change(Map.of("f64.grad.w.weight", GoldenFolderTest::firstOffByATenMillionth), about -> about);
        assertFailure("f64.grad.w.weight[0,0] is", "expected");
    }

    @Test
    void aWrongObjectiveFails() {
        change(Map.of("f64.loss", GoldenFolderTest::firstOffByATenMillionth), about -> about);
        assertFailure("f64.loss is");
    }

    @Test
    void aNaNFails() {
        change(Map.of("in.x", x -> filled(x, Double.NaN)), about -> about);
        assertFailure("is NaN, expected");
    }

    @Test
    void aMissingInputFails() {
        change(Map.of("in.x", x -> null), about -> about);
        assertFailure("the case has no tensor 'in.x'");
    }

    @Test
    void shapesThatDoNotFitFail() {
        change(Map.of("w.bias", b -> new double[b.length + 1]), about -> about);
        assertFailure("linear: the bias is (4), wanted (3)");
    }

    @Test
    void aTruncatedFileFailsAndTheOthersAreVerified() throws IOException {
        byte[] bytes = Files.readAllBytes(LINEAR);
        Files.write(folder.resolve("cut.safetensors"), Arrays.copyOf(bytes, bytes.length / 2));
        Files.writeString(folder.resolve("text.safetensors"), "not a tensor at all");
        GoldenReport report = GoldenFolder.verify(folder, on);
        assertThat(report.summary()).isEqualTo("3 cases: 1 passed, 2 failed, 0 not covered");
        assertThat(report.results().getFirst().name()).isEqualTo("cut.safetensors");
        assertThat(report.exitCode()).isEqualTo(1);
    }

    @Test
    void whatNothingComputesIsNotCovered() {
        change(Map.of(), about -> with(about, "family", "astrology"));
        assertNotCovered("the family 'astrology' is not known");
        change(Map.of(), about -> with(about, "case", "engine/fourier"));
        assertNotCovered("there is no engine case of the kind 'fourier'");
    }

    @Test
    void anOutputThatNothingComputesIsNotCovered() {
        change(Map.of("f64.out.y", y -> y), about -> about, TensorData.of("f64.out.aura", new double[] {1}, 1));
        assertNotCovered("nothing computes f64.out.aura");
    }

    @Test
    void noiseThatNothingReadsIsNamed() {
        change(Map.of("f64.out.y", GoldenFolderTest::firstOffByATenMillionth), about -> about, TensorData.of("noise.uniform", new double[] {1}, 1));
        assertFailure("f64.out.y[0,0] is", "; nothing here reads noise.uniform, so the case may be of another kind");
    }

    @Test
    void anIndexIsOptionalAndItsAbsenteesAreRemarked() throws IOException {
        Files.writeString(folder.resolve("index.json"), "[{\"file\": \"gone.safetensors\"}, {\"file\": \"deep/er/sound.safetensors\"}]");
        GoldenReport report = GoldenFolder.verify(folder, on);
        assertThat(report.remarks()).containsExactly("index.json also lists files that are not here: gone.safetensors");
        assertThat(report.exitCode()).isZero();
        Files.writeString(folder.resolve("index.json"), "[{");
        assertThat(GoldenFolder.verify(folder, on).remarks()).singleElement().asString().startsWith("index.json could not be read");
    }

    @Test
    void aFolderWithoutCasesIsAMistake(@TempDir Path empty) {
        assertThatThrownBy(() -> GoldenFolder.verify(empty, on)).isInstanceOf(InputException.class).hasMessageContaining("holds no golden cases");
        assertThatThrownBy(() -> GoldenFolder.verify(empty.resolve("no"), on)).isInstanceOf(InputException.class).hasMessageContaining("there is no folder");
        assertThatThrownBy(() -> GoldenFolder.devices("smid")).isInstanceOf(InputException.class).hasMessageContaining("did you mean 'simd'?");
    }

    private void assertFailure(String... parts) {
        CaseResult result = changed();
        assertThat(result.outcome()).isEqualTo(Outcome.FAILED);
        assertThat(result.reason()).contains(parts);
    }

    private void assertNotCovered(String reason) {
        CaseResult result = changed();
        assertThat(result.outcome()).isEqualTo(Outcome.NOT_COVERED);
        assertThat(result.reason()).contains(reason);
    }

    private CaseResult changed() {
        GoldenReport report = GoldenFolder.verify(folder, on);
        assertThat(report.count(Outcome.PASSED)).as("the sound case beside it").isOne();
        return report.results().getFirst();
    }

    /** Writes the sound case again with some tensors changed, or left out where the change gives null. */
    private void change(Map<String, UnaryOperator<double[]>> tensors, UnaryOperator<Map<String, String>> about, TensorData... more) {
        try (SafetensorsFile in = SafetensorsFile.open(LINEAR)) {
            List<TensorData> out = new ArrayList<>(List.of(more));
            for (String name : in.names()) {
                double[] values = in.doubles(name);
                double[] changed = tensors.getOrDefault(name, UnaryOperator.identity()).apply(values);
                if (changed != null) {
                    long[] shape = changed.length == values.length ? in.shape(name) : new long[] {changed.length};
                    out.add(TensorData.of(name, changed, shape));
                }
            }
            SafetensorsWriter.write(folder.resolve("changed.safetensors"), out, about.apply(in.metadata()));
        }
    }

    private static double[] firstOffByATenMillionth(double[] values) {
        values[0] *= 1 + 1e-7;
        return values;
    }

    private static double[] filled(double[] values, double value) {
        Arrays.fill(values, value);
        return values;
    }

    private static Map<String, String> with(Map<String, String> about, String key, String value) {
        Map<String, String> changed = new TreeMap<>(about);
        changed.put(key, value);
        return changed;
    }
}
