package org.moe4j.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;

import org.moe4j.golden.GoldenFolder;
import org.moe4j.golden.GoldenReport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Verifies a folder of reference cases: exit code 0, 1 if any case failed, 2 with one sentence for a mistake in the command. */
@Command(name = "experiments/run verify", sortOptions = false,
    description = "Computes reference cases of other people's code with this project's parts and compares every output and gradient.")
public final class Verify implements Callable<Integer> {
    @Parameters(paramLabel = "DIR", description = "the folder of the cases (*.safetensors, subfolders too)")
    private Path folder;

    @Option(names = "--device", paramLabel = "NAME", description = "reference (float64), simd (float32), both, the default: a case passes if it does on each; or cuda")
    private String device = "both";

    @Option(names = {"-h", "--help"}, usageHelp = true, description = "this text")
    private boolean help;

    @Override
    public Integer call() {
        GoldenReport report = GoldenFolder.verify(folder, GoldenFolder.devices(device));
        System.out.println(report);
        return report.exitCode();
    }

    /** Runs the command and gives its exit code. */
    public static int run(String... args) {
        return PlainCommand.run(new Verify(), missing -> "give the folder of the cases: experiments/run verify DIR [--device reference|simd|both|cuda]", args);
    }
}
