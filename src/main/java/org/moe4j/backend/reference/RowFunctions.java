package org.moe4j.backend.reference;

import static org.moe4j.backend.reference.Doubles.add;

import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.Storage;

/** Softmax and its kin: functions of a whole row. */
final class RowFunctions {
    private RowFunctions() {}

    static void softmax(Storage x, int rows, int cols, Storage y) {
        for (int r = 0; r < rows; r++) {
            double lse = logSumExp(x, r, cols);
            for (int c = 0; c < cols; c++) {
                y.set((long) r * cols + c, Math.exp(x.get((long) r * cols + c) - lse));
            }
        }
    }

    static void softmaxGrad(Storage y, Storage dy, int rows, int cols, Storage dx) {
        for (int r = 0; r < rows; r++) {
            long row = (long) r * cols;
            double dot = 0;
            for (int c = 0; c < cols; c++) {
                dot += y.get(row + c) * dy.get(row + c);
            }
            for (int c = 0; c < cols; c++) {
                add(dx, row + c, y.get(row + c) * (dy.get(row + c) - dot));
            }
        }
    }

    static void logSumExp(Storage x, int rows, int cols, Storage y) {
        for (int r = 0; r < rows; r++) {
            y.set(r, logSumExp(x, r, cols));
        }
    }

    static void crossEntropy(Storage x, int rows, int cols, IntStorage targets, double smoothing, Storage loss, Storage lse) {
        for (int r = 0; r < rows; r++) {
            long row = (long) r * cols;
            lse.set(r, logSumExp(x, r, cols));
            if (targets.get(r) < 0) {
                loss.set(r, 0);
                continue;
            }
            double value = (1 - smoothing) * (lse.get(r) - x.get(row + targets.get(r)));
            for (int c = 0; c < cols && smoothing > 0; c++) {
                value += smoothing * (lse.get(r) - x.get(row + c)) / cols;
            }
            loss.set(r, value);
        }
    }

    static void crossEntropyGrad(Storage x, Storage lse, int rows, int cols, IntStorage targets, double smoothing, Storage dloss, Storage dx, boolean add) {
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < cols; c++) {
                double wanted = (c == targets.get(r) ? 1 - smoothing : 0) + smoothing / cols;
                long at = (long) r * cols + c;
                double slope = targets.get(r) < 0 ? 0 : dloss.get(r) * (Math.exp(x.get(at) - lse.get(r)) - wanted);
                dx.set(at, (add ? dx.get(at) : 0) + slope);
            }
        }
    }

    /** log sum exp of row r, with the largest value taken out so that no exponential overflows. */
    private static double logSumExp(Storage x, int r, int cols) {
        double max = Double.NEGATIVE_INFINITY;
        for (int c = 0; c < cols; c++) {
            max = Math.max(max, x.get((long) r * cols + c));
        }
        if (max == Double.NEGATIVE_INFINITY) {
            return max;
        }
        double sum = 0;
        for (int c = 0; c < cols; c++) {
            sum += Math.exp(x.get((long) r * cols + c) - max);
        }
        return max + Math.log(sum);
    }
}
