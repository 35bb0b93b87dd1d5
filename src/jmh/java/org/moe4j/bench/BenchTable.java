package org.moe4j.bench;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.moe4j.backend.Backend;
import org.moe4j.backend.Backends;
import org.moe4j.io.AtomicFile;
import org.moe4j.io.InputException;
import org.openjdk.jmh.runner.RunnerException;

/** Measures the machine's peaks, then each work, and prints a line for each as it comes; bench.csv and bench.png hold the same. */
public final class BenchTable {
    private static final String COLUMNS = "work,size,threads,median_s,rate,unit,peak_share,peer,peer_median_s,ratio";
    private static final String LINE = "%-44s %3s %11s %9s %-8s %8s of %-14s %9s  %s%n";

    private final Forks forks;
    private final List<String> csv = new ArrayList<>(List.of(COLUMNS));
    private final List<Measured> rows = new ArrayList<>();
    private final Map<Integer, Peaks> peaks = new HashMap<>();
    private boolean failed;
    private boolean written;
    private String undrawn; // why there is no chart, once writing has found out

    private BenchTable(Forks forks) {
        this.forks = forks;
    }

    private static final Map<String, String> USUAL = Map.of("device", "simd", "only", "", "curves", "", "threads", "1", "out", "", "peers", "false", "quick", "false", "rounds", "5", "minutes", "");

    /**
     * @param args {@code device=} the back end; {@code only=} names of works, memory, scaling, profile or kernels, empty for all works; {@code curves=} of scaling, empty for all; {@code threads=} one or more numbers; {@code out=} the folder of
     *     the files, empty for none; {@code peers=} and {@code quick=} true or not; {@code rounds=}; {@code minutes=} empty for no limit
     */
    public static void main(String... args) {
        Map<String, String> options = new HashMap<>(USUAL);
        Stream.of(args).forEach(a -> options.put(a.substring(0, a.indexOf('=')), a.substring(a.indexOf('=') + 1)));
        List<String> only = options.get("only").isEmpty() ? List.of() : List.of(options.get("only").split(","));
        int[] threads = Arrays.stream(options.get("threads").split(",")).mapToInt(Integer::parseInt).toArray();
        Path out = options.get("out").isEmpty() ? null : Path.of(options.get("out"));
        String device = options.get("device");
        if (Catalog.isGpu(device)) {
            requireDevice(device);
        }
        List<Catalog> works = Catalog.of(device).stream().filter(each -> only.isEmpty() || only.contains(each.work())).toList();
        Budget budget = Budget.of(Integer.parseInt(options.get("rounds")), options.get("quick").equals("true"));
        if (!options.get("minutes").isEmpty()) {
            boolean peers = options.get("peers").equals("true");
            budget = budget.within(Double.parseDouble(options.get("minutes")), works, threads.length, peers);
            System.out.printf(Locale.ROOT, "About %.0f minutes: %d rounds of each after %.2f of the usual warm-up.%n", budget.seconds(works, threads.length, peers) / 60,
                budget.rounds(), budget.warmUpScale());
        }
        Forks forks = new Forks(device, budget);
        boolean failed = false;
        try {
            boolean memory = only.contains("memory");
            if (!works.isEmpty() || memory) {
                List<PeerKind> peers = options.get("peers").equals("true") ? PeerKind.installed(Catalog.torchDevice(device)) : List.of();
                BenchTable table = new BenchTable(forks);
                table.head(!peers.isEmpty());
                if (!works.isEmpty()) {
                    table.run(works, threads, peers, out);
                }
                if (memory) {
                    table.memory(threads, peers, budget.isQuick(), out);
                }
                table.sayWhere(out);
                failed = table.failed;
            }
            if (only.contains("scaling")) {
                List<String> curves = options.get("curves").isEmpty() ? List.of() : List.of(options.get("curves").split(","));
                new Scaling(forks, Arrays.stream(threads).max().orElseThrow()).run(curves, out);
            }
            if (only.contains("kernels")) {
                for (String step : Profile.WORKS) {
                    for (int n : threads) {
                        System.out.printf("threads %d, %s", n, forks.kernels(Catalog.named(step), n));
                    }
                }
            }
            if (only.contains("profile")) {
                new Profile(forks, Arrays.stream(threads).max().orElseThrow()).run(out);
            }
        } catch (RunnerException refused) { // such as: another run of JMH on this machine
            System.err.println(refused.getMessage());
            failed = true;
        }
        if (failed) {
            System.exit(1);
        }
    }

    /** Says which it is, or one sentence where there is none, instead of a fork's failure. */
    private static void requireDevice(String device) {
        try (Backend on = Backends.open(device, 1)) {
            System.out.println("On " + on.deviceName().orElse(on.name()) + ".");
        } catch (InputException absent) {
            System.err.println(absent.getMessage());
            System.exit(2);
        }
    }

    private void head(boolean peers) {
        System.out.printf(Locale.ROOT, LINE, "work", "thr", "median ms", "rate", "", "peak", "", "heap MB", peers ? "ratio to each peer" : "");
    }

    private void run(List<Catalog> works, int[] threads, List<PeerKind> peers, Path out) throws RunnerException {
        for (int n : threads) {
            Peaks here = forks.peaks(n);
            peaks.put(n, here);
            peak(Catalog.isGpu(forks.device()) ? "product" : "multiply-adds", n, Demand.Rate.ofFlops(here.flops()));
            peak("memory", n, bytes(here.copy()));
            peak("cache", n, bytes(here.cacheCopy()));
            peak("random rows", n, bytes(here.rows()));
        }
        for (Catalog work : works) {
            for (String size : work.sizes()) {
                for (int n : threads) {
                    String refusal = Catalog.isGpu(forks.device()) ? null : Memory.refusal(work, Size.of(size), peers);
                    if (refusal != null) {
                        System.out.println(refusal);
                        continue;
                    }
                    try {
                        add(forks.measure(work, Size.of(size), n, peers), peaks.get(n));
                        write(out);
                    } catch (RunnerException failure) { // one work that fails, or a peer beside it, does not take the others with it
                        failed = true;
                        System.out.println(work.label(Size.of(size)) + ", threads " + n + ": failed, see above; left out.");
                    }
                }
            }
        }
    }

    private void memory(int[] threads, List<PeerKind> peers, boolean quick, Path out) {
        if (StepMemory.peak("self").isEmpty()) {
            System.out.println("memory is not measured: this system does not say how much of it a process has (VmHWM in /proc/self/status).");
            return;
        }
        for (Size size : ResidentMemory.sizes()) {
            for (int n : threads) {
                String refusal = ResidentMemory.refusal(size, !peers.isEmpty());
                if (refusal != null) {
                    System.out.println(refusal);
                    continue;
                }
                try {
                    ResidentMemory row = ResidentMemory.of(size, n, peers, quick);
                    System.out.printf(Locale.ROOT, LINE, row.label(), n, "", number(1e-6 * row.resident()), "MB", String.format(Locale.ROOT, "%.0f %%", 100 * row.shareOfTables()),
                        "tables", "", row.words());
                    csv.addAll(row.lines());
                    write(out);
                } catch (IllegalStateException failure) {
                    failed = true;
                    System.err.println(failure.getMessage());
                    System.out.println("memory, " + size + ", threads " + n + ": failed, see above; left out.");
                }
            }
        }
    }

    private void sayWhere(Path out) {
        if (written) {
            System.out.println("Written: " + out.resolve("bench.csv") + (rows.isEmpty() ? "" : undrawn == null ? ", bench.png" : ". " + undrawn));
        }
    }

    /** After each row, so that a run that is stopped leaves what it had. */
    private void write(Path out) {
        if (out != null) {
            AtomicFile.write(out.resolve("bench.csv"), String.join("\n", csv) + "\n");
            written = true;
            try {
                if (!rows.isEmpty()) {
                    AtomicFile.write(out.resolve("bench.png"), BenchChart.png(rows, peaks));
                }
            } catch (LinkageError | InternalError noFonts) {
                undrawn = "The chart could not be drawn (" + noFonts + "): fontconfig or a font is missing.";
            }
        }
    }

    private static Demand.Rate bytes(double aSecond) {
        return new Demand.Rate(1e-9 * aSecond, "GB/s");
    }

    private void peak(String name, int threads, Demand.Rate rate) {
        System.out.printf(Locale.ROOT, LINE, "peak: " + name, threads, "", number(rate.value()), rate.unit(), "100 %", name, "", "");
        csv.add(String.join(",", "peak", name, Integer.toString(threads), "", number(rate.value()), rate.unit(), "1", "", "", ""));
    }

    private void add(Measured row, Peaks here) {
        rows.add(row);
        double median = row.median();
        Demand demand = row.demand();
        Demand.Rate rate = demand.rate(median);
        String against = row.peers().stream().map(p -> String.format(Locale.ROOT, "%.2f %s", p.ratio(), p.peer())).collect(Collectors.joining(", "));
        System.out.printf(Locale.ROOT, LINE, row.entry().label(row.size()), row.threads(), String.format(Locale.ROOT, "%.4g", 1e3 * median),
            number(rate.value()), rate.unit(), String.format(Locale.ROOT, "%.0f %%", 100 * row.peakShare(here)), demand.bound(here),
            row.heap() >> 20, against);
        String ours = String.join(",", row.entry().work(), row.size().toString(), Integer.toString(row.threads()), precise(median),
            number(rate.value()), rate.unit(), String.format(Locale.ROOT, "%.4f", row.peakShare(here)));
        if (row.peers().isEmpty()) {
            csv.add(ours + ",,,");
        }
        row.peers().forEach(p -> csv.add(String.join(",", ours, p.peer(), precise(p.median()), String.format(Locale.ROOT, "%.3f", p.ratio()))));
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.2f", value);
    }

    private static String precise(double seconds) {
        return String.format(Locale.ROOT, "%.4e", seconds);
    }
}
