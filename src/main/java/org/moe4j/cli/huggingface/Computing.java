package org.moe4j.cli.huggingface;

import org.moe4j.backend.Backend;
import org.moe4j.backend.Backends;
import picocli.CommandLine.Option;

/** On what is computed. */
final class Computing {
    @Option(names = "--device", paramLabel = "NAME", description = "reference (float64), simd (float32) or cuda (a GPU); auto by default")
    private String device = "auto";

    @Option(names = "--threads", paramLabel = "N", description = "threads of the back end, all cores by default")
    private int threads = Runtime.getRuntime().availableProcessors();

    @Option(names = {"-h", "--help"}, usageHelp = true, description = "this text")
    private boolean help;

    Backend open() {
        return Backends.open(device, threads);
    }
}
