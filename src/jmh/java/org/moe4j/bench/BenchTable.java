package org.moe4j.bench;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.moe4j.backend.simd.PeakBench;
import org.moe4j.io.AtomicFile;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.BenchmarkList;
import org.openjdk.jmh.runner.BenchmarkListEntry;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * Measures the machine's peaks, then each benchmark, and prints a line for each as it comes. Figures are those of the best iteration, which
 * other work on the machine disturbs least; bench.csv has the mean time too.
 */
public final class BenchTable {
    private static final String PEAKS = PeakBench.class.getSimpleName();
    private static final String LINE = "%-58s %11s %10s %8s %9s %8s %10s%n";

    private final int threads;
    private final List<String> csv = new ArrayList<>();
    private double flopsPeak;
    private double copyPeak;
    private double gatherPeak;

    private BenchTable(int threads) {
        this.threads = threads;
        csv.add("benchmark,threads,ms,mean_ms,gflops,of_multiply_add,gbytes,of_memory,alloc_bytes");
    }

    /** @param args {@code only=} what benchmarks' names contain, empty for all; {@code threads=}; {@code out=} the folder of bench.csv, empty for none */
    public static void main(String... args) {
        List<String> values = Stream.of(args).map(arg -> arg.substring(arg.indexOf('=') + 1)).toList();
        String out = values.get(2);
        BenchTable table = new BenchTable(Integer.parseInt(values.get(1)));
        try {
            table.run(values.get(0));
        } catch (RunnerException refused) { // such as: another run of JMH on this machine
            System.err.println(refused.getMessage());
            System.exit(1);
        }
        if (!out.isEmpty()) {
            Path file = Path.of(out, "bench.csv");
            AtomicFile.write(file, String.join("\n", table.csv) + "\n");
            System.out.println("Written: " + file);
        }
    }

    private void run(String only) throws RunnerException {
        TreeSet<String> classes = BenchmarkList.defaultList().getAll(OutputFormatFactory.createFormatInstance(System.out, VerboseMode.SILENT), List.of())
            .stream().map(BenchmarkListEntry::getUserClassQName).filter(name -> !name.endsWith(PEAKS)).collect(Collectors.toCollection(TreeSet::new));
        System.out.printf(Locale.ROOT, LINE, "benchmark (" + threads + (threads == 1 ? " thread)" : " threads)"), "ms", "GFLOP/s", "of peak", "GB/s", "of peak", "alloc KB");
        Collection<RunResult> peaks = run(options("\\." + PEAKS + "\\.").threads(threads));
        for (RunResult peak : peaks) {
            var rates = rates(peak);
            switch (peak.getPrimaryResult().getLabel()) {
                case "fusedMultiplyAdd" -> flopsPeak = rate(rates, "flops");
                case "copy" -> copyPeak = rate(rates, "bytes");
                case "randomRows" -> gatherPeak = rate(rates, "bytes");
                default -> throw new AssertionError(peak.getPrimaryResult().getLabel());
            }
        }
        peaks.forEach(this::print);
        for (String name : classes) {
            if (matches(name, only)) {
                run(options(name.replace(".", "\\.") + "\\.").param("threads", Integer.toString(threads))).forEach(this::print);
            }
        }
    }

    private static boolean matches(String name, String only) {
        String simple = name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
        return only.isEmpty() || List.of(only.toLowerCase(Locale.ROOT).split(",")).stream().anyMatch(simple::contains);
    }

    private static ChainedOptionsBuilder options(String include) {
        return new OptionsBuilder().include(include).verbosity(VerboseMode.SILENT).addProfiler(GCProfiler.class);
    }

    private static Collection<RunResult> run(ChainedOptionsBuilder options) throws RunnerException {
        return new Runner(options.build()).run();
    }

    private void print(RunResult run) {
        Result<?> primary = run.getPrimaryResult();
        var rates = rates(run);
        int callers = run.getParams().getThreads();                               // peaks run on as many callers as there are threads
        double ms = 1e3 * callers / primary.getStatistics().getMax();
        double mean = 1e3 * callers / primary.getScore();
        double flops = rate(rates, "flops");
        double bytes = rate(rates, "bytes");
        double memory = primary.getLabel().matches("peer.*|randomRows") ? gatherPeak : copyPeak;
        double allocated = rates.get("gc.alloc.rate.norm").getStatistics().getMin(); // compiling ends somewhere in between
        System.out.printf(Locale.ROOT, LINE, name(run.getParams()), number("%.3f", ms), number("%.1f", flops * 1e-9), number("%.0f%%", 100 * flops / flopsPeak),
            number("%.1f", bytes * 1e-9), number("%.0f%%", 100 * bytes / memory), String.format(Locale.ROOT, "%,.1f", allocated / 1024));
        csv.add(String.join(",", name(run.getParams()).replace(',', ';'), Integer.toString(threads), number("%.6f", ms), number("%.6f", mean),
            number("%.3f", flops * 1e-9), number("%.4f", flops / flopsPeak), number("%.3f", bytes * 1e-9), number("%.4f", bytes / memory),
            String.format(Locale.ROOT, "%.0f", allocated)));
    }

    /** Class and method, and the parameters but the number of threads, which is the table's. */
    private static String name(BenchmarkParams params) {
        String[] path = params.getBenchmark().split("\\.");
        String values = params.getParamsKeys().stream().filter(key -> !key.equals("threads")).map(key -> key + "=" + params.getParam(key))
            .collect(Collectors.joining(" "));
        return path[path.length - 2].replaceAll("Bench$", "") + "." + path[path.length - 1] + (values.isEmpty() ? "" : " " + values);
    }

    @SuppressWarnings("rawtypes") // JMH's own type
    private static Map<String, Result> rates(RunResult run) {
        return run.getSecondaryResults();
    }

    @SuppressWarnings("rawtypes")
    private static double rate(Map<String, Result> rates, String name) {
        Result<?> rate = rates.get(name);
        return rate == null ? 0 : rate.getStatistics().getMax();
    }

    private static String number(String format, double value) {
        return value > 0 && Double.isFinite(value) ? String.format(Locale.ROOT, format, value) : "";
    }
}
