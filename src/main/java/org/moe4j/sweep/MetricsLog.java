package org.moe4j.sweep;

import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

import org.moe4j.io.AtomicFile;
import org.moe4j.io.InputException;
import org.moe4j.train.StepMetrics;

/** A trial's metrics by step, as CSV: written line by line, so that a killed trial keeps what it had. */
final class MetricsLog implements AutoCloseable {
    private static final String HEADER = "step,tokens,flops,loss,auxiliary,gradient_norm,learning_rate,tokens_per_second,skipped,load_imbalance,validation_loss";

    private final Path file;
    private final long flopsPerStep;
    private BufferedWriter out;
    private long last;

    /**
     * @param done steps whose lines stay; lines behind them are of steps that will be done again
     * @throws InputException if the file can't be read or written
     */
    MetricsLog(Path file, long done, long flopsPerStep) {
        this.file = file;
        this.flopsPerStep = flopsPerStep;
        out = behind(done);
    }

    /** Leaves out the lines behind the first steps. */
    private BufferedWriter behind(long done) {
        last = done;
        List<String> kept = lines(file).stream().filter(line -> step(line) <= done).toList();
        AtomicFile.write(file, HEADER + "\n" + kept.stream().map(line -> line + "\n").collect(Collectors.joining()));
        try {
            return Files.newBufferedWriter(file, java.nio.file.StandardOpenOption.APPEND);
        } catch (IOException unwritable) {
            throw InputException.writing(file, unwritable);
        }
    }

    /** Adds a step; after a restart the lines of the steps that were taken back go. */
    void add(StepMetrics m) {
        if (m.step() <= last) {
            close();
            out = behind(m.step() - 1);
        }
        last = m.step();
        double auxiliary = m.auxiliary().values().stream().mapToDouble(Double::doubleValue).sum();
        String line = String.format(Locale.ROOT, "%d,%d,%d,%.6f,%.6g,%.6g,%.6g,%.1f,%d,%s,%s%n", m.step(), m.progress().tokens(), m.step() * flopsPerStep,
            m.loss(), auxiliary, m.gradientNorm(), m.learningRate(), m.tokensPerSecond(), m.skipped() ? 1 : 0,
            m.loads().isEmpty() ? "" : String.format(Locale.ROOT, "%.4f", Loads.imbalance(m.loads())),
            m.evaluation() == null ? "" : String.format(Locale.ROOT, "%.6f", m.evaluation().natsPerToken()));
        try {
            out.write(line);
            out.flush();
        } catch (IOException unwritable) {
            throw InputException.writing(file, unwritable);
        }
    }

    @Override
    public void close() {
        try {
            out.close();
        } catch (IOException unwritable) {
            throw InputException.writing(file, unwritable);
        }
    }

    /** The steps at which the model was evaluated, as points of its curve. */
    static List<CurvePoint> curve(Path file) {
        List<CurvePoint> curve = new ArrayList<>();
        for (String line : lines(file)) {
            String[] f = line.split(",", -1);
            if (!f[10].isEmpty()) {
                curve.add(new CurvePoint(Long.parseLong(f[0]), Long.parseLong(f[1]), Double.parseDouble(f[2]), Double.parseDouble(f[3]), Double.parseDouble(f[10])));
            }
        }
        return curve;
    }

    /** Seconds spent in training steps, evaluations left out, over all starts of the trial. */
    static double seconds(Path file) {
        double seconds = 0;
        long before = 0;
        for (String line : lines(file)) {
            String[] f = line.split(",", -1);
            seconds += (Long.parseLong(f[1]) - before) / Double.parseDouble(f[7]);
            before = Long.parseLong(f[1]);
        }
        return seconds;
    }

    /** The whole lines behind the header; the last may be cut where the trial was killed. */
    private static List<String> lines(Path file) {
        if (!Files.exists(file)) {
            return List.of();
        }
        try {
            String text = Files.readString(file);
            return text.substring(0, text.lastIndexOf('\n') + 1).lines().skip(1).toList();
        } catch (IOException unreadable) {
            throw InputException.reading(file, unreadable);
        }
    }

    private static long step(String line) {
        return Long.parseLong(line.substring(0, line.indexOf(',')));
    }
}
