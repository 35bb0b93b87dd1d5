package org.moe4j.bench;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Set;

/** Products by OpenBLAS, called from Java on memory outside the heap; grouped ones in a loop. */
final class OpenBlasPeer implements Peer {
    private final OpenBlas blas;
    private final Arena arena = Arena.ofConfined();
    private final int groups;
    private final int m;
    private final int n;
    private final int k;
    private final MemorySegment a;
    private final MemorySegment b;
    private final MemorySegment c;

    OpenBlasPeer(String work, Size size, int threads) {
        blas = new OpenBlas(threads);
        groups = work.equals("grouped") ? size.number("experts") : 1;
        m = size.number("m");
        n = size.number("n");
        k = size.number("k");
        a = OpenBlas.normals(arena, (long) groups * m * k, 1);
        b = OpenBlas.normals(arena, (long) groups * k * n, 2);
        c = arena.allocate((long) Float.BYTES * groups * m * n, 64);
    }

    static boolean does(String work) {
        return Set.of("sgemm", "skinny", "grouped").contains(work);
    }

    @Override
    public String name() {
        return "OpenBLAS " + blas.version();
    }

    @Override
    public double secondsPerRun(double atLeast) {
        long start = System.nanoTime();
        long runs = 0;
        double seconds;
        do {
            for (int g = 0; g < groups; g++) {
                blas.multiply(m, n, k, part(a, g, m * k), part(b, g, k * n), part(c, g, m * n));
            }
            runs++;
            seconds = 1e-9 * (System.nanoTime() - start);
        } while (seconds < atLeast);
        return seconds / runs;
    }

    private static MemorySegment part(MemorySegment all, int g, int values) {
        return all.asSlice((long) Float.BYTES * g * values, (long) Float.BYTES * values);
    }

    @Override
    public void close() {
        arena.close();
    }
}
