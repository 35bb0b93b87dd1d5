package org.moe4j.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

import org.moe4j.backend.Backend;
import org.moe4j.backend.Backends;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** {@link StepKernels} in a JVM of its own; what it says is left in a file. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SingleShotTime)
@Fork(1)
public class StepKernelsBench {
    @Param("lm-step")
    public String work;
    @Param("simd")
    public String device;
    @Param("1")
    public int threads;
    @Param("")
    public String notes;

    @Benchmark
    public void run() throws IOException {
        Catalog entry = Catalog.named(work);
        try (Backend on = Backends.open(device, threads)) {
            Files.writeString(Path.of(notes), StepKernels.measure(entry, entry.first(), on));
        }
    }
}
