package org.moe4j.bench;

import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

import org.moe4j.backend.Backend;
import org.moe4j.backend.Backends;
import org.moe4j.tensor.Storage;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.infra.IterationParams;
import org.openjdk.jmh.runner.IterationType;

/**
 * Any one work in a JVM of its own. After each of its iterations every peer does the same for as long, so that a slow phase of the machine
 * meets both. What JMH does not carry back from the fork is left in a file, see {@link ForkNotes}.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(1)
public class WorkBench {
    private static final long REST = 50; // ms after a peer's turn: OpenBLAS's threads spin for 25 ms before they sleep

    @Param("sgemm")
    public String work;
    @Param("m=128 n=128 k=128")
    public String size;
    /** The back end, by the name it is opened with. */
    @Param("simd")
    public String device;
    @Param("1")
    public int threads;
    /** Which peers to run beside it: a comma between their names, or nothing. */
    @Param("")
    public String peers;
    /** The file for the notes. */
    @Param("")
    public String notes;

    private Backend on;
    private Storage last;
    private Work it;
    private final List<Peer> beside = new ArrayList<>();
    private final List<ForkNotes.PeerTime> peerTimes = new ArrayList<>();

    @Setup
    public void open() {
        on = Backends.open(device, threads);
        last = on.allocate(1);
        it = Catalog.named(work).opening().open(Size.of(size), on);
        for (String name : peers.isEmpty() ? new String[0] : peers.split(",")) {
            beside.addAll(PeerKind.valueOf(name).open(work, Size.of(size), Catalog.torchDevice(device), threads));
        }
    }

    /** A value that is read at the end waits for all that a device has been told to do. */
    @Benchmark
    public Object run() {
        Object result = it.run();
        last.get(0);
        return result;
    }

    @TearDown(Level.Iteration)
    public void peersTurn(IterationParams iteration) throws InterruptedException {
        boolean counts = iteration.getType() == IterationType.MEASUREMENT;
        double seconds = iteration.getTime().convertTo(TimeUnit.NANOSECONDS) * 1e-9;
        for (Peer peer : beside) {
            double time = peer.secondsPerRun(counts ? seconds : seconds / 4);
            Thread.sleep(REST);
            if (counts) {
                peerTimes.add(new ForkNotes.PeerTime(peer.name(), time));
            }
        }
    }

    @TearDown
    public void close() {
        System.gc();
        long heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
        new ForkNotes(it.demand(), heap, peerTimes).write(Path.of(notes));
        beside.forEach(Peer::close);
        on.close();
    }
}
