package org.moe4j.backend.simd;

import static org.moe4j.backend.simd.Lanes.L;

/**
 * The register tiles of the matrix product: a tile of H x W computes H rows by W vectors of C from H packed rows of A, {@link #ROW}
 * values apart, and k rows of B, {@code ldb} apart: {@link #PANEL} where they are packed. It starts from rows that lie {@code ldf} apart: those of C to add to it, or for
 * a distance of 0 always the same row, of a bias or of {@link #ZEROS}. C itself isn't read then, for a tile waits for what it starts from (masked reads
 * of C, none of whose lanes were wanted, made 2048 x 256 x 256 take 6 % longer).
 *
 * <p>That the distance in A is a constant is worth 7 % of the speed: with one register for the place in A and one for that in B, and bounds that
 * can be checked before the loop, nothing is spilled in it, and it makes 114 GFLOP/s of 117 from anywhere. The distance in B may be any, as its
 * place moves on by it.
 *
 * <p>The largest shape fills the registers: 24 accumulators, 4 vectors of B and a broadcast of A of the 32 that AVX-512 has,
 * 12 + 2 + 1 of 16 otherwise. What a tile reads beyond the rows and columns that there are is whatever the packed operands hold, and
 * the caller keeps only what it wants of the tile. Each value of C is one chain of fused multiply-adds in the order of k, whatever the
 * shape and the blocks.
 *
 * <p>Each shape is a class of its own, written by {@link TileCode} when it is first wanted.
 */
final class Tiles {
    /** C (H, W L) = from (H, W L) + A (H, k) B (k, W L). */
    interface Tile {
        void multiply(int k, float[] a, int ao, float[] b, int bo, int ldb, float[] from, int fo, int ldf, float[] c, int co, int ldc);
    }

    /** The tile of the first rows, which packs B as it reads it: the panel's stores find room between the multiply-adds. */
    interface PackingTile {
        void multiply(int k, float[] a, int ao, float[] b, int bo, int ldb, float[] panel, int po, float[] from, int fo, int ldf, float[] c, int co, int ldc);
    }

    /** Vectors across the largest tile: 4 where there are 32 wide registers, else 2. */
    static final int ACROSS = L == 16 ? 4 : 2;
    /** Distance of packed rows of B: the width of the largest tile. */
    static final int PANEL = ACROSS * L;
    /** The longest row of A, and so the most k that a tile takes. */
    static final int DEPTH = 512;
    /** Distance of packed rows of A: not a multiple of 1 KiB, or they would compete for few cache sets. */
    static final int ROW = DEPTH + 16;

    /** Where tiles start that add to nothing. */
    static final float[] ZEROS = new float[PANEL];

    /** Calls after which the compiler has noticed a tile: 200 by its threshold, more while C1 is busy. */
    static final int NOTICED = 520;

    private static final boolean TOLD = Compilation.withoutC1(Tiles.class.getName().replace('.', '/') + "$*.multiply");
    private static final Tile[] SIX = new Tile[ACROSS + 1];
    /** Beside 6, as 4 + 6 i rows are what 16, 64, 256 and 1024 are; only as wide as the registers allow. */
    private static final Tile FOUR = ACROSS == 4 ? TileCode.tile(4, 4) : null;
    private static final PackingTile PACKING = ACROSS == 4 ? TileCode.packing(4, 4) : null;

    static {
        for (int across = 1; across <= ACROSS; across++) SIX[across] = TileCode.tile(6, across);
    }

    private Tiles() {}

    /** @param rows 6, or 4 where {@code across} is 4 */
    static Tile of(int rows, int across) {
        return rows == 6 ? SIX[across] : FOUR;
    }

    /** The packing tile of 4 rows by 4 vectors; there is none where the largest tile is narrower. */
    static PackingTile packing() {
        return PACKING;
    }

    /**
     * Sees to it that C2 compiles the tiles. They are too large for C1 to compile with profiling; and a method that was compiled by
     * C1 without profiling, because C2 had a backlog when it was first noticed, can't leave that level: it stays 50 times slower (measured
     * on an idle machine: 2 GFLOP/s instead of 98). So C1 is told to leave them alone. Where it can't be told, they are called often enough
     * for the compiler to notice them while it has nothing else to do, which helps, not always.
     */
    static void prepare() {
        if (TOLD) return;
        float[] a = new float[6 * ROW];
        float[] b = new float[PANEL];
        float[] c = new float[6 * PANEL];
        for (int i = 0; i < NOTICED; i++) {
            SIX[ACROSS].multiply(1, a, 0, b, 0, PANEL, c, 0, PANEL, c, 0, PANEL);
            SIX[2].multiply(1, a, 0, b, 0, PANEL, c, 0, PANEL, c, 0, PANEL);
            if (ACROSS == 4) {
                FOUR.multiply(1, a, 0, b, 0, PANEL, c, 0, PANEL, c, 0, PANEL);
                PACKING.multiply(1, a, 0, b, 0, 0, b, 0, c, 0, PANEL, c, 0, PANEL);
            }
        }
    }
}
