package org.moe4j.cli;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;

import org.moe4j.backend.Backends;
import org.moe4j.io.InputException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Compiles and runs the benchmarks of src/jmh with Maven, which knows their libraries; 2 with one sentence for a mistake in the command. */
@Command(name = "experiments/run bench", sortOptions = false,
    description = "Times kernels and training steps beside the machine's measured peaks (multiply-adds, copying, random rows) and says which of them bounds each.",
    footer = {"", "Names: sgemm, skinny, grouped, elementwise, attention, peer-step, moe-step, stored-step, lm-step,",
        "lm-peer-step, lm-moe-step; memory, which says how much of it a PEER step takes beside its tables;",
        "scaling, which draws time and memory against experts, tokens, threads and sequence; profile, which says where the time of the three language models' steps goes, with flame graphs;",
        "and kernels, which compares these steps with the sum of their kernels, each measured alone."})
public final class Benchmarks implements Callable<Integer> {
    /** What {@code --only} takes. */
    public static final List<String> NAMES = List.of("sgemm", "skinny", "grouped", "elementwise", "attention", "peer-step", "moe-step", "stored-step", "lm-step",
        "lm-peer-step", "lm-moe-step", "memory", "scaling", "profile", "kernels");

    /** What {@code --curves} takes. */
    public static final List<String> CURVES = List.of("moe-experts", "peer-experts", "stored-experts", "moe-tokens", "peer-tokens", "moe-threads", "peer-threads", "lm-threads",
        "peer-memory", "lm-memory");

    /** Those of the benchmarks that a GPU's table has. */
    public static final List<String> DEVICE_NAMES = List.of("sgemm", "grouped", "elementwise", "attention", "peer-step", "moe-step", "lm-step");

    @Option(names = "--device", paramLabel = "NAME", description = "simd by default; cuda or cuda:N for the table of a GPU, at sizes of its own; +graphs behind it launches CUDA graphs")
    private String device = "simd";

    @Option(names = "--only", split = ",", hideParamSyntax = true, paramLabel = "NAME,..", description = "what to time; everything but memory, scaling, profile and kernels by default")
    private List<String> only = List.of();

    @Option(names = "--curves", split = ",", hideParamSyntax = true, paramLabel = "NAME,..", description = "which curves of scaling, all by default; --out keeps the others that it has: moe-experts, "
        + "peer-experts, stored-experts, moe-tokens, peer-tokens, moe-threads, peer-threads, lm-threads, peer-memory, lm-memory")
    private List<String> curves = List.of();

    @Option(names = "--threads", split = ",", hideParamSyntax = true, paramLabel = "N,..", description = "threads of the back end and of the peers, 1 by default; 1,2 for both")
    private List<Integer> threads = List.of(1);

    @Option(names = "--peers", description = "run OpenBLAS and PyTorch, where installed, turn about with ours and print ratios")
    private boolean peers;

    @Option(names = "--rounds", paramLabel = "N", description = "timed rounds of each, 5 by default; the figures are medians")
    private int rounds = 5;

    @Option(names = "--minutes", paramLabel = "N", description = "fewer rounds and a shorter warm-up, so that the table takes about so long; as long as it takes by default")
    private Double minutes;

    @Option(names = "--quick", description = "one short round of each: shows that all of it runs, the figures mean nothing")
    private boolean quick;

    @Option(names = "--out", paramLabel = "DIR", description = "a folder for the table as bench.csv and its chart")
    private Path out;

    @Option(names = {"-h", "--help"}, usageHelp = true, description = "this text")
    private boolean help;

    @Override
    public Integer call() throws IOException, InterruptedException {
        for (String name : only) {
            if (!NAMES.contains(name)) {
                throw InputException.unknown("benchmark", name, NAMES);
            }
        }
        for (String name : curves) {
            if (!CURVES.contains(name)) {
                throw InputException.unknown("curve", name, CURVES);
            }
        }
        if (!curves.isEmpty() && !only.contains("scaling")) {
            throw new InputException("--curves chooses curves of scaling, which is not timed; --only scaling would do");
        }
        if (!device.equals("simd")) {
            requireDevice();
        }
        for (int n : threads) {
            if (n < 1) {
                throw new InputException("--threads is " + n + ", it has to be at least 1");
            }
        }
        if (rounds < 1) {
            throw new InputException("--rounds is " + rounds + ", it has to be at least 1");
        }
        if (minutes != null && !(minutes > 0)) {
            throw new InputException("--minutes is " + minutes + ", it has to be above 0");
        }
        Path root = projectRoot();
        if (out != null) {
            try {
                Files.createDirectories(out);
            } catch (IOException refused) {
                throw InputException.writing(out, refused);
            }
        }
        ProcessBuilder maven = new ProcessBuilder("mvn", "-q", "-B", "test-compile", "exec:exec@bench",
            "-Dbench.device=" + device, "-Dbench.java=" + Path.of(System.getProperty("java.home"), "bin", "java"), "-Dbench.pages=" + pages(), "-Dbench.only=" + String.join(",", only),
            "-Dbench.curves=" + String.join(",", curves), "-Dbench.threads=" + threads.stream().map(String::valueOf).collect(Collectors.joining(",")), "-Dbench.peers=" + peers, "-Dbench.rounds=" + rounds,
            "-Dbench.quick=" + quick, "-Dbench.minutes=" + (minutes == null ? "" : minutes),
            "-Dbench.out=" + (out == null ? "" : out.toAbsolutePath()));
        maven.environment().put("JAVA_HOME", System.getProperty("java.home"));
        maven.environment().put("MAVEN_OPTS", "--sun-misc-unsafe-memory-access=allow"); // Maven's own libraries: no warning of ours
        return maven.directory(root.toFile()).inheritIO().start().waitFor();
    }

    /** That there is such a GPU is found out before anything is compiled. */
    private void requireDevice() {
        if (!device.matches("cuda(:\\d+)?(\\+graphs)?")) {
            throw new InputException("--device is " + device + ": what is timed is simd, or a GPU as cuda or cuda:N, with +graphs behind it for launches as CUDA graphs");
        }
        Backends.open(device, 1).close();
        for (String name : only) {
            if (!DEVICE_NAMES.contains(name)) {
                throw new InputException("--only has " + name + ", which is not timed on a GPU; " + String.join(", ", DEVICE_NAMES) + " are");
            }
        }
    }

    /** Large pages where this JVM was started with them, as tables want. */
    private static String pages() {
        String on = "-XX:+UseTransparentHugePages";
        return ManagementFactory.getRuntimeMXBean().getInputArguments().contains(on) ? on : on.replace('+', '-');
    }

    /** Where the pom stands: above the classes. */
    private static Path projectRoot() {
        String classes = System.getProperty("java.class.path").split(java.io.File.pathSeparator)[0];
        Path folder = Path.of(classes).toAbsolutePath().normalize().getParent();
        while (!Files.exists(folder.resolve("pom.xml")) && folder.getParent() != null) {
            folder = folder.getParent();
        }
        return folder;
    }

    /** Runs the command and gives its exit code. */
    public static int run(String... args) {
        return PlainCommand.run(new Benchmarks(), CommandLine.MissingParameterException::getMessage, args);
    }
}
