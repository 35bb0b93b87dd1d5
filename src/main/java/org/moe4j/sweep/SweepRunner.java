package org.moe4j.sweep;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

import org.moe4j.backend.Backend;
import org.moe4j.backend.Backends;
import org.moe4j.io.AtomicFile;
import org.moe4j.io.InputException;
import org.moe4j.train.DivergedException;

/**
 * Runs the trials of a sweep that have no result yet, some side by side, each with a back end of its own; on a GPU each in a
 * process of its own ({@link TrialProcess}), since one that fails is lost to its process. A trial that fails is noted and the
 * others go on.
 *
 * <p>One single-threaded trial on each core is the default: on two cores six trials of 2e11 FLOPs (dense, MoE G=8, PEER) took
 * 49 and 52 s so, 60 and 64 s one after the other with two threads each, start-up included.
 */
public final class SweepRunner {
    private static final int ATTEMPTS = 3;

    private final Sweep sweep;
    private final ResultStore store;
    private final ProgressBars bars;
    private final String command;
    private final Environment environment = Environment.here();
    private final Set<Trial> running = ConcurrentHashMap.newKeySet();
    private final Set<TrialProcess> apart = ConcurrentHashMap.newKeySet();
    private volatile boolean stopping;

    /** @param command what was typed, kept with every result */
    public SweepRunner(Sweep sweep, ResultStore store, ProgressBars bars, String command) {
        this.sweep = sweep;
        this.store = store;
        this.bars = bars;
        this.command = command;
    }

    /** How a sweep ended: trials done, also by earlier starts; trials that failed, with the reason; whether it was stopped. */
    public record Outcome(List<TrialResult> results, List<String> failures, boolean stopped) {}

    /** Runs what is left to run. */
    public Outcome run() {
        List<TrialSpec> left = sweep.trials().stream().filter(trial -> store.result(trial).isEmpty()).toList();
        int processors = Runtime.getRuntime().availableProcessors();
        int parallel = Math.min(sweep.sideBySide(), Math.max(1, left.size()));
        int threads = sweep.spec().threads() == 0 ? Math.max(1, processors / parallel) : sweep.spec().threads();
        List<String> failures = new ArrayList<>();
        try (ExecutorService pool = Executors.newFixedThreadPool(parallel)) {
            List<Future<Optional<String>>> ends = left.stream().map(trial -> pool.submit(() -> run(trial, threads))).toList();
            for (Future<Optional<String>> end : ends) {
                end.get().ifPresent(failures::add);
            }
        } catch (InterruptedException interrupted) {
            stop();
            Thread.currentThread().interrupt();
        } catch (java.util.concurrent.ExecutionException failed) {
            throw new IllegalStateException("a trial ended without a word", failed.getCause());
        }
        return new Outcome(store.results(sweep.trials()), failures, stopping);
    }

    /** Ends every running trial after the step it is in, with a checkpoint, and begins no other; may be called from any thread. */
    public void stop() {
        stopping = true;
        running.forEach(Trial::stop);
        apart.forEach(TrialProcess::stop);
    }

    /** Runs one trial; the reason if it failed. */
    private Optional<String> run(TrialSpec spec, int threads) {
        if (stopping) {
            return Optional.empty();
        }
        try {
            if (Backends.isDevice(sweep.spec().device())) {
                return runApart(spec, threads);
            }
            runHere(spec, threads);
            return Optional.empty();
        } catch (InputException | DivergedException said) {
            return failed(spec, said.getMessage());
        } catch (RuntimeException | OutOfMemoryError failure) {
            return failed(spec, failure.toString());
        }
    }

    /** Runs one trial in this process, to its end or until stopped. */
    void runHere(TrialSpec spec, int threads) {
        try (Backend on = Backends.open(sweep.spec().device(), threads)) {
            store.begin(spec);
            Trial trial = new Trial(spec, sweep.text(), on, store.trialFolder(spec));
            running.add(trial);
            if (stopping) {
                trial.stop();
            }
            try {
                trial.run(bars).ifPresent(summary -> {
                    store.keep(new TrialResult(spec, summary, trial.skippedSteps(), command, environment.on(on), on.name(), threads));
                    trial.discardCheckpoint();
                });
            } finally {
                running.remove(trial);
            }
        }
    }

    /** Runs one trial in a process of its own, and again from its checkpoint where its device was lost; the reason if it failed. */
    private Optional<String> runApart(TrialSpec spec, int threads) {
        for (int attempt = 1; ; attempt++) {
            TrialProcess process = TrialProcess.start(store, sweep.trials().indexOf(spec), threads, command);
            apart.add(process);
            if (stopping) {
                process.stop();
            }
            int code = process.await();
            apart.remove(process);
            if (code == 0 || stopping) {
                return Optional.empty();
            }
            if (code != TrialProcess.AGAIN || attempt == ATTEMPTS) {
                return failed(spec, process.reason(code));
            }
            bars.say(spec.label() + " with seed " + spec.seed() + ": " + process.reason(code));
        }
    }

    private Optional<String> failed(TrialSpec spec, String reason) {
        String line = spec.label() + " with seed " + spec.seed() + " failed: " + reason;
        try {
            AtomicFile.write(store.trialFolder(spec).resolve("failed.txt"), line + "\n");
        } catch (InputException unwritable) {
            line += " (and its reason could not be kept: " + unwritable.getMessage() + ")";
        }
        return Optional.of(line);
    }
}
