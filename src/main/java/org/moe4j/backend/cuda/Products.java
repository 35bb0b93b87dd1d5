package org.moe4j.backend.cuda;

import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.Storage;

/** Matrix products by kernels of our own, one and by groups of rows: gemm.cu, and on tensor cores tensor_gemm.cu. */
final class Products {
    private static final int BLOCK = 256;
    private static final int WARPS = 8;
    private static final int COLUMNS = 32;
    private static final int LARGE = 128;
    private static final int SMALL = 64;
    /** With so many large tiles every multiprocessor has one; fewer are cut into small ones. */
    private static final int ENOUGH_TILES = 128;

    private final Device device;
    private final Precision precision;

    Products(Device device, Precision precision) {
        this.device = device;
        this.precision = precision;
    }

    private static long tiles(long m, long n, int tile) {
        return Math.ceilDiv(m, (long) tile) * Math.ceilDiv(n, (long) tile);
    }

    private static int tile(long m, long n, long products) {
        return Math.min(m, n) > SMALL && products * tiles(m, n, LARGE) >= ENOUGH_TILES ? LARGE : SMALL;
    }

    private void launch(String kernel, int tile, long blocks, Object... arguments) {
        device.launch(kernel + precision.kernels + tile, Math.toIntExact(blocks), 1, 1, BLOCK, 0, arguments);
    }

    void gemm(boolean transposeA, boolean transposeB, int m, int n, int k, Storage a, Storage b, Storage c, boolean add) {
        int tile = tile(m, n, 1);
        launch("gemm", tile, tiles(m, n, tile), transposeA, transposeB, m, n, k, a, b, c, add);
    }

    /** Where the groups start is known on the device only: there are blocks for as many tiles as there can be. */
    void grouped(IntStorage starts, boolean transposeW, int n, int k, Storage x, Storage w, Storage y, boolean add) {
        int experts = starts.length() - 1;
        if (experts < 1 || y.size() == 0) {
            return;
        }
        long rows = y.size() / n;
        int tile = tile(rows / experts, n, experts);
        launch("groupedGemm", tile, (rows / tile + experts) * Math.ceilDiv(n, tile), starts, experts, transposeW, n, k, x, w, y, add);
    }

    void groupedWeights(IntStorage starts, int m, int n, Storage a, Storage b, Storage dw, boolean add) {
        int experts = starts.length() - 1;
        int tile = tile(m, n, experts);
        launch("groupedWeights", tile, experts * tiles(m, n, tile), starts, m, n, a, b, dw, add);
    }

    void groupedBias(IntStorage starts, int n, Storage bias, Storage y) {
        int experts = starts.length() - 1;
        if (experts < 1 || y.size() == 0) {
            return;
        }
        long rows = y.size() / n;
        device.launch("groupedBias", Math.toIntExact(Math.ceilDiv(rows, (long) WARPS)), 1, 1, BLOCK, 0, starts, experts, n, bias, y, rows);
    }

    void groupedBiasGrad(IntStorage starts, int n, Storage dy, Storage dbias) {
        int blocks = Math.toIntExact((starts.length() - 1L) * Math.ceilDiv(n, COLUMNS));
        device.launch("groupedBiasGrad", blocks, 1, 1, BLOCK, 0, starts, n, dy, dbias);
    }
}
