package org.moe4j.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** Measures by JMH, a JVM for each work. */
final class Forks {
    private static final int WARM_UP_ROUNDS = 3;
    private static final int PEAK_ROUNDS = 8;
    private static final double HEAP_SHARE = 0.55; // of memory: the largest PEER step needs 7 GB, and a peer as much again beside it

    private final String device;
    private final Budget budget;

    /** @param device the back end, by the name it is opened with */
    Forks(String device, Budget budget) {
        this.device = device;
        this.budget = budget;
    }

    String device() {
        return device;
    }

    Peaks peaks(int threads) throws RunnerException {
        if (Catalog.isGpu(device)) {
            int rounds = Math.min(PEAK_ROUNDS, 2 * budget.rounds());
            return DevicePeakBench.peaks(run(options(DevicePeakBench.class).param("device", device).param("quick", Boolean.toString(budget.isQuick())).measurementIterations(rounds)));
        }
        ChainedOptionsBuilder options = options(PeakBench.class).threads(threads).measurementIterations(Math.min(PEAK_ROUNDS, 2 * budget.rounds()));
        return Peaks.of(run(options));
    }

    /** What it takes in a JVM of its own, beside these peers. */
    Measured measure(Catalog entry, Size size, int threads, List<PeerKind> peers) throws RunnerException {
        return measure(entry, size, threads, peers, budget.milliseconds() * entry.length());
    }

    /** One iteration after the other of so many milliseconds. */
    private Measured measure(Catalog entry, Size size, int threads, List<PeerKind> peers, int milliseconds, String... jvmArguments) throws RunnerException {
        Path notes;
        try {
            notes = Files.createTempFile("bench", ".notes");
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
        long warmUp = Math.max(1, Math.round(1e3 * budget.warmUpScale() * entry.warmUp() / WARM_UP_ROUNDS));
        var runs = run(options(WorkBench.class, jvmArguments)
            .param("device", device).param("work", entry.work()).param("size", size.toString()).param("threads", Integer.toString(threads)).param("notes", notes.toString())
            .param("peers", peers.stream().map(PeerKind::name).collect(Collectors.joining(",")))
            .warmupIterations(WARM_UP_ROUNDS).warmupTime(TimeValue.milliseconds(warmUp))
            .measurementIterations(budget.rounds()).measurementTime(TimeValue.milliseconds(milliseconds)));
        double[] seconds = runs.iterator().next().getBenchmarkResults().stream().flatMap(fork -> fork.getIterationResults().stream())
            .mapToDouble(Forks::seconds).toArray();
        ForkNotes left = ForkNotes.read(notes);
        try {
            Files.delete(notes);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
        return new Measured(entry, size, threads, seconds, left.demand(), left.heap(), against(left, seconds));
    }

    /** What a work does, sampled a hundred times a second through all of its run; iterations of a second. */
    Path record(Catalog entry, int threads) throws RunnerException {
        try {
            Path recording = Files.createTempFile("bench", ".jfr");
            measure(entry, entry.first(), threads, List.of(), 1000, "-XX:StartFlightRecording=settings=profile,filename=" + recording,
                "-XX:+UnlockDiagnosticVMOptions", "-XX:+DebugNonSafepoints", "-Xlog:jfr*=off");
            return recording;
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /** What {@link StepKernels} says of a work. */
    String kernels(Catalog entry, int threads) throws RunnerException {
        try {
            Path notes = Files.createTempFile("bench", ".notes");
            run(options(StepKernelsBench.class).param("device", device).param("work", entry.work()).param("threads", Integer.toString(threads))
                .param("notes", notes.toString()).warmupIterations(0).measurementIterations(1));
            String said = Files.readString(notes);
            Files.delete(notes);
            return said;
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /** JMH's own words go to a file, which is shown where it fails. */
    private static Collection<RunResult> run(ChainedOptionsBuilder options) throws RunnerException {
        try {
            Path log = Files.createTempFile("bench", ".log");
            try {
                return new Runner(options.output(log.toString()).build()).run();
            } catch (RunnerException failure) {
                System.err.print(Files.readString(log));
                throw failure;
            } finally {
                Files.delete(log);
            }
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    private static double seconds(IterationResult iteration) {
        return iteration.getPrimaryResult().getScore();
    }

    private static List<Measured.Against> against(ForkNotes notes, double[] ours) {
        Map<String, List<Double>> times = new LinkedHashMap<>();
        notes.peers().forEach(p -> times.computeIfAbsent(p.peer(), _ -> new ArrayList<>()).add(p.seconds()));
        List<Measured.Against> peers = new ArrayList<>();
        times.forEach((peer, each) -> {
            double[] theirs = each.stream().mapToDouble(Double::doubleValue).toArray();
            double[] ratios = new double[Math.min(ours.length, theirs.length)];
            Arrays.setAll(ratios, i -> theirs[i] / ours[i]);
            peers.add(new Measured.Against(peer, Measured.median(theirs), Measured.median(ratios)));
        });
        peers.sort(Comparator.comparingDouble(Measured.Against::median));
        return peers;
    }

    private static ChainedOptionsBuilder options(Class<?> benchmark, String... jvmArguments) {
        List<String> jvm = new ArrayList<>(List.of("-XX:MaxRAMPercentage=" + 100 * HEAP_SHARE, "-Xmn512m"));
        jvm.addAll(List.of(jvmArguments));
        return new OptionsBuilder().include("^" + benchmark.getName().replace(".", "\\.") + "\\.").verbosity(VerboseMode.NORMAL).shouldFailOnError(true)
            .jvmArgsAppend(jvm.toArray(String[]::new));
    }
}
