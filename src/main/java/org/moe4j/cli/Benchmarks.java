package org.moe4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;

import org.moe4j.io.InputException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Compiles and runs the benchmarks of src/jmh with Maven, which knows their libraries; 2 with one sentence for a mistake in the command. */
@Command(name = "experiments/run bench", sortOptions = false,
    description = "Times every kernel and training step beside the machine's measured peaks (multiply-adds, copying, gathering rows).")
public final class Benchmarks implements Callable<Integer> {
    @Option(names = "--only", paramLabel = "A,B,..", description = "benchmarks whose class name contains one of these, such as moe,train; all by default")
    private String only = "";

    @Option(names = "--threads", paramLabel = "N", description = "threads of the back end, 1 by default")
    private int threads = 1;

    @Option(names = "--out", paramLabel = "DIR", description = "a folder for the table as bench.csv")
    private Path out;

    @Option(names = {"-h", "--help"}, usageHelp = true, description = "this text")
    private boolean help;

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (threads < 1) {
            throw new InputException("--threads is " + threads + ", it has to be at least 1");
        }
        if (!only.matches("[\\w,]*")) {
            throw new InputException("--only is '" + only + "', want parts of class names with commas between them, such as moe,train");
        }
        Path root = projectRoot();
        if (out != null) {
            try {
                Files.createDirectories(out);
            } catch (IOException refused) {
                throw new InputException("--out is " + out + ", which cannot be made a folder: " + refused.getMessage());
            }
        }
        String folder = out == null ? "" : out.toAbsolutePath().toString();
        ProcessBuilder maven = new ProcessBuilder("mvn", "-q", "-B", "test-compile", "exec:exec@bench",
            "-Dbench.java=" + Path.of(System.getProperty("java.home"), "bin", "java"), "-Dbench.only=" + only, "-Dbench.threads=" + threads,
            "-Dbench.out=" + folder);
        maven.environment().put("JAVA_HOME", System.getProperty("java.home"));
        maven.environment().put("MAVEN_OPTS", "--sun-misc-unsafe-memory-access=allow"); // Maven's own libraries: no warning of ours
        return maven.directory(root.toFile()).inheritIO().start().waitFor();
    }

    /** Where the pom stands: above the classes. */
    private static Path projectRoot() {
        String classes = System.getProperty("java.class.path").split(java.io.File.pathSeparator)[0];
        return Path.of(classes).toAbsolutePath().normalize().getParent().getParent();
    }

    /** Runs the command and gives its exit code. */
    public static int run(String... args) {
        return PlainCommand.run(new Benchmarks(), CommandLine.MissingParameterException::getMessage, args);
    }
}
