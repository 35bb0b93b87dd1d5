package org.moe4j.notebook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.spencerpark.jupyter.kernel.display.DisplayData;
import io.github.spencerpark.jupyter.kernel.display.mime.MIMEType;
import java.io.ByteArrayInputStream;
import java.util.Base64;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.moe4j.backend.reference.ReferenceBackend;
import org.moe4j.tensor.Shape;
import org.moe4j.tensor.Tensor;

class JShellKernelTest {
    private static final JShellKernel KERNEL = new JShellKernel(); // two seconds to start

    @AfterAll static void close() {
        KERNEL.onShutdown(false);
    }

    private static String text(String cell) throws Exception {
        DisplayData shown = KERNEL.eval(cell);
        return shown == null ? null : (String) shown.getData(MIMEType.TEXT_PLAIN);
    }

    @Test void showsTheValueOfTheLastExpression() throws Exception {
        assertThat(text("int x = 20;\nx + 1;\nx * 2 + 2")).isEqualTo("42");
        assertThat(text("int y = 4;")).as("a declaration has no value to show").isNull();
        assertThat(text("// only a comment")).isNull();
    }

    @Test void keepsDeclarationsFromCellToCell() throws Exception {
        KERNEL.eval("record Pair(int a, int b) {}\nint sum(Pair p) { return p.a() + p.b(); }\nvar pair = new Pair(3, 4);");
        assertThat(text("sum(pair)")).isEqualTo("7");
    }

    @Test void seesTheProjectAndTheVectorModule() throws Exception {
        KERNEL.eval("import org.moe4j.tensor.*;\nimport jdk.incubator.vector.*;");
        assertThat(text("Shape.of(2, 3).size()")).isEqualTo("6");
        assertThat(text("FloatVector.SPECIES_64.length()")).isEqualTo("2");
    }

    @Test void saysWhatIsWrongWithACell() {
        assertThatThrownBy(() -> KERNEL.eval("int z = \"text\";")).hasMessageContaining("incompatible types");
        assertThatThrownBy(() -> KERNEL.eval("int f() { return")).hasMessageContaining("stops in the middle");
        assertThatThrownBy(() -> KERNEL.eval("throw new IllegalStateException(\"no router\");")).hasMessageContaining("no router");
    }

    @Test void completesNames() {
        assertThat(KERNEL.complete("Math.sq", 7).getReplacements()).contains("sqrt(");
    }

    @Test void showsAChartAsAPicture() throws Exception {
        DisplayData shown = KERNEL.eval("org.knowm.xchart.QuickChart.getChart(\"loss\", \"step\", \"nats\", \"train\", "
                + "new double[] {1, 2}, new double[] {3, 2})");
        byte[] png = Base64.getMimeDecoder().decode((String) shown.getData(MIMEType.IMAGE_PNG));
        assertThat(ImageIO.read(new ByteArrayInputStream(png)).getWidth()).isGreaterThan(500);
    }

    @Test void showsATableAndATensorInColumns() throws Exception {
        assertThat(text("import tech.tablesaw.api.*;\nTable.create(\"runs\").addColumns(IntColumn.create(\"step\", 1, 2))"))
                .contains("step", "\n");
        try (var on = new ReferenceBackend()) {
            Tensor matrix = new Tensor(Shape.of(2, 9), on.allocate(18));
            matrix.set(0.5, 1, 0);
            assertThat(RichDisplay.text(matrix).lines()).hasSize(3).last().asString().startsWith("    0.5000").endsWith("...");
        }
    }
}
