package org.moe4j.sweep;

import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;

import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/**
 * How far each running trial is: a live bar on a terminal, a line now and then in a log. Safe for trials side by side.
 */
public final class ProgressBars {
    private static final Duration BETWEEN_LINES = Duration.ofSeconds(15);

    private final PrintStream out;
    private final boolean live;

    private ProgressBars(PrintStream out, boolean live) {
        this.out = out;
        this.live = live;
    }

    /** Bars if standard output is a terminal, else lines. */
    public static ProgressBars onConsole() {
        return new ProgressBars(System.out, System.console() != null && System.console().isTerminal());
    }

    /** Lines to {@code out}. */
    public static ProgressBars lines(PrintStream out) {
        return new ProgressBars(out, false);
    }

    /** Says something between the bars. */
    public void say(String line) {
        out.println(line);
    }

    /** Begins to show a trial. */
    public Bar start(String label, long steps, long done) {
        return new Bar(label, steps, done);
    }

    /** One trial's progress; closed when the trial ends, however it ends. */
    public final class Bar implements AutoCloseable {
        private final String label;
        private final long steps;
        private final long startStep;
        private final long start = System.nanoTime();
        private final ProgressBar bar;
        private long lastLine = start;

        private Bar(String label, long steps, long done) {
            this.label = label;
            this.steps = steps;
            this.startStep = done;
            bar = !live ? null : new ProgressBarBuilder().setTaskName(String.format("%-10s", label)).setInitialMax(steps)
                .startsFrom(done, Duration.ZERO).setStyle(ProgressBarStyle.ASCII).setUpdateIntervalMillis(250)
                .hideEta().build();
        }

        /** @param imbalance largest over mean expert load, NaN where there are no experts */
        public void step(long step, double loss, double tokensPerSecond, double imbalance) {
            String state = String.format(Locale.ROOT, "loss %.3f  %,.0f tok/s%s  left %s", loss, tokensPerSecond,
                Double.isNaN(imbalance) ? "" : String.format(Locale.ROOT, "  load %.2fx", imbalance), left(step));
            if (bar != null) {
                bar.stepTo(step);
                bar.setExtraMessage(" " + state);
            } else if (System.nanoTime() - lastLine > BETWEEN_LINES.toNanos()) {
                lastLine = System.nanoTime();
                out.printf(Locale.ROOT, "%-10s  step %,d of %,d  %s%n", label, step, steps, state);
            }
        }

        private String left(long step) {
            if (step == startStep) {
                return "?";
            }
            double seconds = (System.nanoTime() - start) * 1e-9 * (steps - step) / (step - startStep);
            return seconds < 90 ? String.format(Locale.ROOT, "%.0f s", seconds)
                : seconds < 5400 ? String.format(Locale.ROOT, "%.0f min", seconds / 60) : String.format(Locale.ROOT, "%.1f h", seconds / 3600);
        }

        @Override
        public void close() {
            if (bar != null) {
                bar.close();
            }
        }
    }
}
