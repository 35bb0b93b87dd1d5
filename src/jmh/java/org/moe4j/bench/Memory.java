package org.moe4j.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

import org.moe4j.autodiff.Cost;

/** Whether there is room for the tables of a work; those of a million PEER experts with Adam's moments are 6.4 GB, and a peer has its own. */
final class Memory {
    private static final Path LINUX = Path.of("/proc/meminfo");
    private static final long SPARE = 2L << 30;

    private Memory() {}

    /** A sentence if the work does not fit in what the machine has free now, else null. */
    static String refusal(Catalog work, Size size, List<PeerKind> peers) {
        long own = tableBytes(work, size);
        long ofPeer = peers.contains(PeerKind.TORCH) && !work.work().startsWith("lm-") ? tableValues(work, size) * Float.BYTES : 0;
        long needed = SPARE + own + ofPeer;
        long free = free();
        return needed <= free ? null : "%s is not run: it needs %.1f GB of memory, and %.1f GB are free".formatted(work.label(size), needed * 1e-9, free * 1e-9);
    }

    /** Bytes of PEER's two tables as they are kept, with two moments each where they are updated. */
    static long tableBytes(Catalog work, Size size) {
        return tableValues(work, size) * Cost.bytesPerValue(LayerWork.table(size).type());
    }

    /** Values of PEER's two tables, with two moments each where they are updated. */
    private static long tableValues(Catalog work, Size size) {
        if (!work.work().contains("peer")) {
            return 0;
        }
        boolean updated = !size.values().containsKey("pass") || size.word("pass").equals("update");
        return 2L * size.number("experts") * size.number("dim") * (updated ? 3 : 1);
    }

    /** What can be had without swapping, or no bound where the system does not say. */
    private static long free() {
        try (Stream<String> lines = Files.lines(LINUX)) {
            return lines.filter(line -> line.startsWith("MemAvailable:")).mapToLong(line -> 1024 * Long.parseLong(line.replaceAll("\\D", ""))).findFirst()
                .orElse(Long.MAX_VALUE);
        } catch (IOException notLinux) {
            return Long.MAX_VALUE;
        }
    }
}
