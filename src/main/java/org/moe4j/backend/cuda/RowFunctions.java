package org.moe4j.backend.cuda;

import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.Storage;

/** Functions of whole rows, softmax, cross-entropy and norms: row_functions.cu and norms.cu. */
final class RowFunctions {
    private static final int BLOCK = 256;
    private static final int WARPS = 8;
    /** Rows up to so many values are a warp's, 32 a lane; longer ones a block's. */
    private static final int SHORT = 1024;
    private static final int MOST_GRID_ROWS = 65_535;
    /** Columns of a block that sums them, and the fewest rows that are worth a block. */
    private static final int COLUMNS = 32;
    private static final int COLUMN_ROWS = 128;
    private static final int MOST_CHUNKS = 64;

    private final Device device;

    RowFunctions(Device device) {
        this.device = device;
    }

    /** A warp or a block for each row; {@code arguments} follow their number. */
    private void byRows(String kernel, int rows, int cols, Object... arguments) {
        int warps = cols <= SHORT ? 1 : WARPS;
        Object[] all = new Object[arguments.length + 1];
        all[0] = warps;
        System.arraycopy(arguments, 0, all, 1, arguments.length);
        device.launch(kernel, warps == 1 ? Math.ceilDiv(rows, WARPS) : rows, 1, 1, BLOCK, 0, all);
    }

    void softmax(Storage x, int rows, int cols, Storage y) {
        byRows("softmax", rows, cols, x, rows, cols, y);
    }

    void softmaxGrad(Storage y, Storage dy, int rows, int cols, Storage dx) {
        byRows("softmaxGrad", rows, cols, y, dy, rows, cols, dx);
    }

    void logSumExp(Storage x, int rows, int cols, Storage y) {
        byRows("logSumExp", rows, cols, x, rows, cols, y);
    }

    void crossEntropy(Storage x, int rows, int cols, IntStorage targets, double smoothing, Storage loss, Storage lse) {
        byRows("crossEntropy", rows, cols, x, rows, cols, targets, (float) smoothing, loss, lse);
    }

    void crossEntropyGrad(Storage x, Storage lse, int rows, int cols, IntStorage targets, double smoothing, Storage dloss, Storage dx, boolean add) {
        device.launch("crossEntropyGrad", Math.ceilDiv(cols, 4 * BLOCK), Math.min(rows, MOST_GRID_ROWS), 1, BLOCK, 0, x, lse, rows, cols, targets,
                (float) smoothing, dloss, dx, add);
    }

    /** @param mean null for the root mean square */
    void norm(Storage x, Storage gain, Storage bias, double eps, int rows, int cols, Storage y, Storage mean, Storage rstd) {
        byRows("rowNorm", rows, cols, x, gain, bias, (float) eps, rows, cols, y, mean, rstd);
    }

    /** @param mean null for the root mean square */
    void normGrad(Storage x, Storage gain, Storage mean, Storage rstd, Storage dy, int rows, int cols, Storage dx, Storage dgain, Storage dbias) {
        if (dx != null) {
            byRows("normGrad", rows, cols, x, gain, mean, rstd, dy, rows, cols, dx);
        }
        if (rows > 0 && (dgain != null || dbias != null)) {
            int chunks = Math.min(Math.ceilDiv(rows, COLUMN_ROWS), MOST_CHUNKS);
            try (Scratch scratch = device.scratch()) {
                DeviceStorage parts = scratch.floats(2L * chunks * cols);
                device.launch("normColumns", Math.ceilDiv(cols, COLUMNS), chunks, 1, BLOCK, 0, x, mean, rstd, dy, rows, cols, Math.ceilDiv(rows, chunks), parts);
                device.launch("normColumnSums", Math.ceilDiv(cols, BLOCK), 1, 1, BLOCK, 0, parts, chunks, cols, dgain, dbias);
            }
        }
    }
}
