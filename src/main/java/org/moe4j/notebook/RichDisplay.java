package org.moe4j.notebook;

import io.github.spencerpark.jupyter.kernel.display.Renderer;
import io.github.spencerpark.jupyter.kernel.display.mime.MIMEType;
import java.util.Base64;
import java.util.Locale;
import org.knowm.xchart.XYChart;
import org.moe4j.report.Drawing;
import org.moe4j.tensor.Shape;
import org.moe4j.tensor.Tensor;
import tech.tablesaw.api.Table;

/** How the project's values look below a cell: a chart as a picture, a table and a tensor as text in columns. */
final class RichDisplay {
    private static final int SHOWN = 8; // rows and columns of a tensor

    private RichDisplay() {}

    static void register(Renderer renderer) {
        renderer.createRegistration(XYChart.class).preferring(MIMEType.IMAGE_PNG).register((chart, context) ->
                context.renderIfRequested(MIMEType.IMAGE_PNG, () -> Base64.getMimeEncoder().encodeToString(Drawing.png(chart))));
        renderer.createRegistration(Table.class).preferring(MIMEType.TEXT_PLAIN).register((table, context) ->
                context.renderIfRequested(MIMEType.TEXT_PLAIN, () -> table.print(40)));
        renderer.createRegistration(Tensor.class).preferring(MIMEType.TEXT_PLAIN).register((tensor, context) ->
                context.renderIfRequested(MIMEType.TEXT_PLAIN, () -> text(tensor)));
    }

    /** A matrix in rows and columns; other ranks on one line. */
    static String text(Tensor tensor) {
        Shape shape = tensor.shape();
        if (shape.rank() != 2) return tensor.toString();
        StringBuilder text = new StringBuilder("Tensor" + shape);
        for (int i = 0; i < Math.min(SHOWN, shape.dim(0)); i++) {
            text.append('\n');
            for (int j = 0; j < Math.min(SHOWN, shape.dim(1)); j++) {
                text.append(String.format(Locale.ROOT, "%10.4g", tensor.get(i, j)));
            }
            text.append(shape.dim(1) > SHOWN ? "  ..." : "");
        }
        return text.append(shape.dim(0) > SHOWN ? "\n  ..." : "").toString();
    }
}
