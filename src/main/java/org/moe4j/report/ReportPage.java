package org.moe4j.report;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.moe4j.analysis.Ranking;

/**
 * The page: answer, table, charts, how to read them, spec, provenance. One file that loads nothing else, so that it can be
 * mailed, archived and opened offline.
 *
 * @param drawings SVG by the name of the chart, in the order to show
 */
record ReportPage(String title, Headline headline, List<String> warnings, ResultTable table, Map<String, String> drawings,
                  String spec, Map<String, String> provenance) {
    private static final Map<String, String> CAPTIONS = Map.of(
            "loss-by-granularity", "Each point is one way of cutting the same experts; lower is better. With several seeds, error "
                    + "bars are standard errors, without what a seed does to all arms alike. The lines across are the arms that are not a cut of it.",
            "loss-by-compute", "How the loss came down as compute was spent. Lines that cross say that the answer depends on the budget.",
            "load-per-expert", "Share of the tokens by expert, busiest first; a flat line at 1 is perfect balance. Sorted in each seed, then averaged.");

    String html() {
        StringBuilder page = new StringBuilder();
        page.append("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n")
                .append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n")
                .append("<title>").append(escape(title)).append("</title>\n<style>\n").append(css()).append("</style>\n</head>\n<body>\n")
                .append("<h1>").append(escape(title)).append("</h1>\n");
        page.append("<div class=\"answer\">\n<p>").append(escape(headline.answer())).append("</p>\n");
        headline.details().forEach(detail -> page.append("<p>").append(escape(detail)).append("</p>\n"));
        page.append("</div>\n");
        if (!warnings.isEmpty()) {
            page.append("<div class=\"warnings\"><ul>\n");
            warnings.forEach(warning -> page.append("<li>").append(escape(warning)).append("</li>\n"));
            page.append("</ul></div>\n");
        }
        page.append("<h2>Results</h2>\n");
        rows(page);
        drawings.forEach((name, svg) -> page.append("<figure id=\"").append(name).append("\">\n").append(inline(svg, name))
                .append("\n<figcaption>").append(escape(CAPTIONS.get(name))).append("</figcaption>\n</figure>\n"));
        page.append(HOW_TO_READ);
        page.append("<h2>Where this came from</h2>\n<dl>\n");
        provenance.forEach((key, value) -> page.append("<dt>").append(escape(key)).append("</dt><dd class=\"code\">")
                .append(escape(value)).append("</dd>\n"));
        page.append("</dl>\n<h2>Spec</h2>\n<pre><code>").append(escape(spec)).append("</code></pre>\n</body>\n</html>\n");
        return page.toString();
    }

    private void rows(StringBuilder page) {
        page.append("<div class=\"wide\"><table>\n<thead><tr>");
        ResultTable.READINGS.forEach(reading -> page.append("<th>").append(escape(reading.heading())).append("</th>"));
        page.append("</tr></thead>\n<tbody>\n");
        for (Ranking.Row row : table.rows()) {
            page.append(row.gap() == 0 ? "<tr class=\"best\">" : "<tr>");
            ResultTable.READINGS.forEach(reading -> page.append("<td>").append(escape(reading.cell().apply(row))).append("</td>"));
            page.append("</tr>\n");
        }
        page.append("</tbody>\n</table></div>\n");
    }

    /** An SVG file without what only a file has, scaling with the page, and named for those who cannot see it. */
    private static String inline(String svg, String name) {
        return svg.substring(svg.indexOf("<svg")).strip()
                .replaceFirst(" height=\"[^\"]*\"", "").replaceFirst(" width=\"[^\"]*\"", "")
                .replaceFirst("<svg", "<svg role=\"img\" aria-label=\"" + name.replace('-', ' ') + "\"");
    }

    private static String css() {
        try (InputStream css = ReportPage.class.getResourceAsStream("report.css")) {
            return new String(css.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String escape(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\"", "&quot;");
    }

    private static final String HOW_TO_READ = """
            <h2>How to read this</h2>
            <dl>
            <dt>equal compute</dt><dd>Every arm was trained for the same number of floating-point operations, router and retrieval included,
            on the same text. A cheaper arm saw more tokens.</dd>
            <dt>G</dt><dd>Granularity, d_ff / d_expert: how many experts one dense feed-forward layer is cut into. At G there are G times as
            many experts, each 1/G as wide, and G times as many of them serve a token.</dd>
            <dt>active, total</dt><dd>Parameters that one token uses, and all that were trained.</dd>
            <dt>loss</dt><dd>Mean negative log-likelihood on held-out text, in nats per token, ± its standard error over seeds.
            Bits per byte is the same divided by the text's bytes, which does not depend on the tokenizer.</dd>
            <dt>best in</dt><dd>Share of bootstrap resamples of the noise between seeds in which this arm is the best of all.</dd>
            <dt>usage, imbal.</dt><dd>Share of experts that any token used, and the load of the busiest expert over the mean load (1 is even).</dd>
            </dl>
            """;
}
