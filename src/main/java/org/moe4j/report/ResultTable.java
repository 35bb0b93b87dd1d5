package org.moe4j.report;

import java.io.StringWriter;
import java.util.List;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;
import org.moe4j.analysis.Ranking;
import org.moe4j.analysis.SeedSummary;
import tech.tablesaw.api.DoubleColumn;
import tech.tablesaw.api.IntColumn;
import tech.tablesaw.api.LongColumn;
import tech.tablesaw.api.StringColumn;
import tech.tablesaw.api.Table;

/**
 * The result of a sweep, a row an arm in the order of the sweep: architecture, granularity, experts, parameters, tokens, FLOPs,
 * validation loss with its standard error over seeds, speed, expert usage and load imbalance.
 */
public final class ResultTable {
    /** One column as people read it. */
    record Reading(String heading, Function<Ranking.Row, String> cell) {}

    static final List<Reading> READINGS = List.of(
            new Reading("arm", row -> row.arm().label()),
            new Reading("G", row -> row.arm().granularity() == 0 ? Figures.UNKNOWN : "" + row.arm().granularity()),
            new Reading("experts", row -> row.arm().experts() == 0 ? Figures.UNKNOWN : "" + row.arm().experts()),
            new Reading("active", row -> Figures.count(row.arm().activeParameters())),
            new Reading("total", row -> Figures.count(row.arm().totalParameters())),
            new Reading("tokens", row -> Figures.count(row.arm().tokens())),
            new Reading("FLOPs", row -> Figures.power(row.arm().flops())),
            new Reading("seeds", row -> "" + row.arm().seeds()),
            new Reading("nats/token", row -> Figures.estimate(row.arm().validationLoss(), 4)),
            new Reading("bits/byte", row -> Figures.estimate(row.arm().bitsPerByte(), 4)),
            new Reading("best in", row -> Figures.percent(row.shareBest())),
            new Reading("tokens/s", row -> Figures.count(row.arm().tokensPerSecond())),
            new Reading("usage", row -> Figures.percent(row.arm().expertUsage())),
            new Reading("imbal.", row -> Figures.fixed(row.arm().loadImbalance(), 2)));

    private final List<Ranking.Row> rows;

    /** @param rows in the order in which to show them */
    public ResultTable(List<Ranking.Row> rows) {
        this.rows = List.copyOf(rows);
    }

    /** The arms of a ranking in the order of the sweep rather than of the ranks. */
    public static ResultTable inOrder(Ranking ranking, List<SeedSummary> order) {
        return new ResultTable(order.stream()
                .flatMap(arm -> ranking.rows().stream().filter(row -> row.arm().label().equals(arm.label())))
                .toList());
    }

    List<Ranking.Row> rows() {
        return rows;
    }

    /** Full precision, a type a column, units in the names; what is not known is missing. */
    public Table table() {
        return Table.create("sweep",
                StringColumn.create("arm", texts(SeedSummary::label)),
                StringColumn.create("architecture", texts(SeedSummary::architecture)),
                IntColumn.create("granularity", rows.stream().mapToInt(row -> row.arm().granularity()).toArray()),
                IntColumn.create("experts", rows.stream().mapToInt(row -> row.arm().experts()).toArray()),
                LongColumn.create("active_parameters", rows.stream().mapToLong(row -> row.arm().activeParameters()).toArray()),
                LongColumn.create("total_parameters", rows.stream().mapToLong(row -> row.arm().totalParameters()).toArray()),
                LongColumn.create("tokens", rows.stream().mapToLong(row -> row.arm().tokens()).toArray()),
                numbers("training_flops", row -> row.arm().flops()),
                IntColumn.create("seeds", rows.stream().mapToInt(row -> row.arm().seeds()).toArray()),
                numbers("validation_loss", row -> row.arm().validationLoss().mean()),
                numbers("validation_loss_error", row -> row.arm().validationLoss().standardError()),
                numbers("bits_per_byte", row -> row.arm().bitsPerByte().mean()),
                numbers("bits_per_byte_error", row -> row.arm().bitsPerByte().standardError()),
                numbers("share_best", Ranking.Row::shareBest),
                numbers("tokens_per_second", row -> row.arm().tokensPerSecond()),
                numbers("expert_usage", row -> row.arm().expertUsage()),
                numbers("load_imbalance", row -> row.arm().loadImbalance()));
    }

    /** The readings, aligned for a terminal. */
    public String text() {
        TextTable text = new TextTable(READINGS.stream().map(Reading::heading).toList());
        rows.forEach(row -> text.row(READINGS.stream().map(reading -> reading.cell().apply(row)).toList()));
        return text.toString();
    }

    /** The {@link #table} as comma-separated values with a header line. */
    public String csv() {
        StringWriter csv = new StringWriter();
        table().write().csv(csv);
        return csv.toString();
    }

    private Stream<String> texts(Function<SeedSummary, String> value) {
        return rows.stream().map(Ranking.Row::arm).map(value);
    }

    private DoubleColumn numbers(String name, ToDoubleFunction<Ranking.Row> value) {
        return DoubleColumn.create(name, rows.stream().mapToDouble(value).toArray());
    }
}
