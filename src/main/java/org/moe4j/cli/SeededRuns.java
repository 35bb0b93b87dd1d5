package org.moe4j.cli;

import java.util.function.ObjLongConsumer;
import java.util.stream.LongStream;

import org.moe4j.backend.Backend;
import org.moe4j.backend.Backends;
import picocli.CommandLine.Option;

/** Where and how often a study runs: with seeds 1, 2, .., on one back end. */
final class SeededRuns {
    @Option(names = "--seeds", paramLabel = "N", description = "how many seeds, 1 to N; 3 by default")
    private int seeds = 3;

    @Option(names = "--device", paramLabel = "NAME", description = "auto (default), simd, reference or cuda")
    private String device = "auto";

    @Option(names = "--threads", paramLabel = "N", description = "of the back end, all processors by default")
    private int threads = Runtime.getRuntime().availableProcessors();

    int seeds() {
        return seeds;
    }

    /** @throws org.moe4j.io.InputException if there would be no run */
    void requireOne() {
        PlainCommand.atLeastOne("--seeds", seeds);
    }

    Backend open() {
        return Backends.open(device, threads);
    }

    LongStream numbers() {
        return LongStream.rangeClosed(1, seeds);
    }

    void each(ObjLongConsumer<Backend> run) {
        try (Backend on = open()) {
            numbers().forEach(seed -> run.accept(on, seed));
        }
    }
}
