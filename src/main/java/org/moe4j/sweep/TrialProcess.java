package org.moe4j.sweep;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

import org.moe4j.backend.LostDeviceException;
import org.moe4j.experts.SpecModule;
import org.moe4j.io.InputException;
import org.moe4j.io.SpecReader;
import org.moe4j.model.ModelSpec;
import org.moe4j.train.DivergedException;

/**
 * One trial of a sweep in a JVM of its own, as this one was started: what breaks it, a driver or a GPU, ends there. It reads
 * the sweep from its folder and keeps its result in it.
 */
final class TrialProcess {
    /** The exit code of a process whose device was lost, for which another may go on from the checkpoint: EX_TEMPFAIL of sysexits.h. */
    static final int AGAIN = 75;

    private static final int FAILED = 1;
    private static final int REFUSED = 2;

    private final Process process;
    private final Path errors;

    private TrialProcess(Process process, Path errors) {
        this.process = process;
        this.errors = errors;
    }

    /** @param index of the trial among the sweep's */
    static TrialProcess start(ResultStore store, int index, int threads, String command) {
        List<String> words = new ArrayList<>();
        words.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        words.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        words.addAll(List.of("-cp", System.getProperty("java.class.path"), TrialProcess.class.getName(), store.folder().toString(),
                Integer.toString(index), Integer.toString(threads), command));
        try {
            Path errors = Files.createTempFile("moe4j-trial-", ".txt");
            return new TrialProcess(new ProcessBuilder(words).redirectOutput(ProcessBuilder.Redirect.INHERIT).redirectError(errors.toFile()).start(), errors);
        } catch (IOException failure) {
            throw new UncheckedIOException("a trial's process cannot be started", failure);
        }
    }

    /** Has it end after the step that it is in, with a checkpoint. */
    void stop() {
        process.destroy();
    }

    /** Its exit code, when it has ended. */
    int await() {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return process.waitFor();
                } catch (InterruptedException stopped) {
                    interrupted = true;
                    stop();
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** The last line that it wrote about it; asked for once. */
    String reason(int code) {
        try {
            List<String> lines = Files.readAllLines(errors).stream().filter(line -> !line.isBlank()).toList();
            Files.delete(errors);
            return lines.isEmpty() || code > REFUSED && code != AGAIN ? "its process ended with code " + code : lines.getLast();
        } catch (IOException unreadable) {
            return "its process ended with code " + code;
        }
    }

    /** @param arguments the sweep's folder, the trial's index, threads, and the command that was typed */
    public static void main(String[] arguments) {
        System.exit(run(Path.of(arguments[0]), Integer.parseInt(arguments[1]), Integer.parseInt(arguments[2]), arguments[3]));
    }

    private static int run(Path folder, int index, int threads, String command) {
        try {
            SpecReader reader = new SpecReader(new SpecModule(ModelSpec.CATALOG));
            Sweep sweep = Sweep.of(reader.read(folder.resolve("sweep.yaml"), SweepSpec.class));
            SweepRunner runner = new SweepRunner(sweep, ResultStore.open(folder, sweep.spec(), true, reader), ProgressBars.onConsole(), command);
            try (CtrlC _ = new CtrlC(runner::stop, "")) {
                runner.runHere(sweep.trials().get(index), threads);
            }
            return 0;
        } catch (LostDeviceException lost) {
            return said(lost.getMessage(), AGAIN);
        } catch (InputException mistake) {
            return said(mistake.getMessage(), REFUSED);
        } catch (DivergedException failed) {
            return said(failed.getMessage(), FAILED);
        } catch (RuntimeException | OutOfMemoryError failure) {
            return said(failure.toString(), FAILED);
        }
    }

    private static int said(String sentence, int code) {
        System.err.println(sentence.replace('\n', ' '));
        return code;
    }
}
