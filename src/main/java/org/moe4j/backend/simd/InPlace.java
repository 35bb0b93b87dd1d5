package org.moe4j.backend.simd;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * The register tiles that read a left operand where it lies, in rows a certain distance apart, so that nothing packs it: 3 to 8 % of a product of 256
 * columns. The distance is a constant of theirs: rows at a variable one make 100 or 105 GFLOP/s, not 114, see {@link Tiles}. A transposed operand is packed: in its columns
 * each value is on another line, which the tiles wait for within a training step though not where a product is measured alone (see the notes).
 *
 * <p>So there is a class for each distance, and C2 has to compile it, which the first steps of a program have no time for. Tiles are made for a distance once
 * {@link #MUCH} has been multiplied with it, in a thread of their own, and used as soon as they are fast; before, products pack. Every value
 * is the same chain of multiply-adds either way, so that nobody sees when it happens.
 */
final class InPlace {
    /** Multiply-adds: a fifth of a second of one thread. */
    private static final long MUCH = 10_000_000_000L;
    /** Distances that there are tiles for; a model has about five. */
    private static final int MOST = 24;
    /**
     * Nanoseconds under which a tile of 16 products is compiled as a whole: it takes 150 then, in the interpreter 100,000 and more. With only its loop compiled, as it is
     * for a while before, it takes some 20,000, and a PEER step that was given such tiles 330 ms for 50.
     */
    private static final long FAST = 3_000;
    /** Calls of which one has to be as fast, as other threads may come between. */
    private static final int TRIES = 5;
    /** Looks at whether it is, 10 ms apart; then it is left. */
    private static final int LOOKS = 3_000;

    /** By distance; who comes to a taken place has it, unless tiles were begun there. The size is a prime, for distances are multiples of powers of two. */
    private static final InPlace[] ALL = new InPlace[1021];
    private static final AtomicInteger BEGUN = new AtomicInteger();

    private final int ld;
    /** Multiply-adds so far; threads that write over one another's sums only make it later. */
    private long work;
    private volatile boolean begun;
    private Tiles.Tile six;
    private Tiles.Tile four;
    private volatile boolean ready;

    private InPlace(int ld) {
        this.ld = ld;
    }

    /**
     * Tiles for an A that lies in rows {@code ld} apart.
     *
     * @param work multiply-adds that they are wanted for
     * @return null where there are none yet
     */
    static InPlace of(int ld, long work) {
        int place = place(ld);
        InPlace tiles = ALL[place];
        if (tiles == null || tiles.ld != ld) {
            if (tiles == null || !tiles.begun) ALL[place] = new InPlace(ld);
            return null;
        }
        if (tiles.ready) return tiles;
        tiles.work += work;
        if (tiles.work > MUCH && !tiles.begun) tiles.begin();
        return null;
    }

    private static int place(int ld) {
        return ld % ALL.length;
    }

    /** Makes the tiles at once, to be used whether or not they are fast by now. */
    static synchronized void now(int ld) {
        if (of(ld, 0) != null) return;
        InPlace tiles = new InPlace(ld);
        tiles.begun = true;
        tiles.make();
        tiles.ready = true;
        ALL[place(ld)] = tiles;
    }

    private synchronized void begin() {
        if (begun) return;
        begun = true;
        if (BEGUN.incrementAndGet() > MOST) return;
        Thread.ofPlatform().daemon().name("moe4j-tiles").start(() -> {
            make();
            ready = becomesFast(six, 6) && (four == null || becomesFast(four, 4));
        });
    }

    private void make() {
        four = Tiles.ACROSS == 4 ? TileCode.inRows(4, Tiles.ACROSS, ld) : null;
        six = TileCode.inRows(6, Tiles.ACROSS, ld);
    }

    /** Calls a tile until C2 has compiled it. */
    private boolean becomesFast(Tiles.Tile tile, int rows) {
        int k = 16;
        float[] a = new float[rows * ld + k];
        float[] b = new float[k * Tiles.PANEL];
        float[] c = new float[rows * Tiles.PANEL];
        for (int i = 0; i < Tiles.NOTICED; i++) tile.multiply(1, a, 0, b, 0, Tiles.PANEL, c, 0, Tiles.PANEL, c, 0, Tiles.PANEL);
        for (int look = 0; look < LOOKS; look++) {
            for (int i = 0; i < TRIES; i++) {
                long start = System.nanoTime();
                tile.multiply(k, a, 0, b, 0, Tiles.PANEL, c, 0, Tiles.PANEL, c, 0, Tiles.PANEL);
                if (System.nanoTime() - start < FAST) return true;
            }
            LockSupport.parkNanos(10_000_000);
        }
        return false;
    }

    /**
     * Packs the rows of a block that can't be read where they lie: the first ones, for the tile that packs B, and what is left for a last tile with fewer
     * rows than it has.
     */
    void pack(int first, int m, int k, float[] a, int ao, float[] rows) {
        Pack.copy(first, k, a, ao, ld, rows, 0, Tiles.ROW);
        int i = first;
        for (int h; (h = Sgemm.tileRows(m - i, Tiles.PANEL)) <= m - i; ) i += h;
        Pack.copy(m - i, k, a, ao + i * ld, ld, rows, i * Tiles.ROW, Tiles.ROW);
    }

    /** @param rows 6, or 4 where the largest tile is 4 vectors wide */
    Tiles.Tile tile(int rows) {
        return rows == 6 ? six : four;
    }

    /** Distance of two rows. */
    int apart() {
        return ld;
    }
}
