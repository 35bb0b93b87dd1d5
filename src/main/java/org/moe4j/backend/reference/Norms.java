package org.moe4j.backend.reference;

import static org.moe4j.backend.reference.Doubles.add;

import org.moe4j.tensor.Storage;

/** Layer normalisation (Ba, Kiros and Hinton 2016) and root-mean-square normalisation (Zhang and Sennrich 2019). */
final class Norms {
    private Norms() {}

    static void layerNorm(Storage x, Storage gain, Storage bias, double eps, int rows, int cols, Storage y, Storage mean, Storage rstd) {
        for (int r = 0; r < rows; r++) {
            long row = (long) r * cols;
            double sum = 0;
            for (int c = 0; c < cols; c++) {
                sum += x.get(row + c);
            }
            double mu = sum / cols;
            double squares = 0;
            for (int c = 0; c < cols; c++) {
                squares += (x.get(row + c) - mu) * (x.get(row + c) - mu);
            }
            double scale = 1 / Math.sqrt(squares / cols + eps);
            for (int c = 0; c < cols; c++) {
                y.set(row + c, (x.get(row + c) - mu) * scale * gain(gain, c) + (bias == null ? 0 : bias.get(c)));
            }
            mean.set(r, mu);
            rstd.set(r, scale);
        }
    }

    static void layerNormGrad(
            Storage x, Storage gain, Storage mean, Storage rstd, Storage dy, int rows, int cols, Storage dx, Storage dgain, Storage dbias) {
        for (int r = 0; r < rows; r++) {
            double mu = mean.get(r);
            double scale = rstd.get(r);
            gainGrad(x, mu, scale, dy, r, cols, dgain);
            double meanOfGrad = 0;
            double meanWithValue = 0;
            for (int c = 0; c < cols; c++) {
                long at = (long) r * cols + c;
                meanOfGrad += dy.get(at) * gain(gain, c) / cols;
                meanWithValue += dy.get(at) * gain(gain, c) * (x.get(at) - mu) * scale / cols;
            }
            for (int c = 0; c < cols; c++) {
                long at = (long) r * cols + c;
                if (dx != null) {
                    add(dx, at, scale * (dy.get(at) * gain(gain, c) - meanOfGrad - (x.get(at) - mu) * scale * meanWithValue));
                }
                if (dbias != null) {
                    add(dbias, c, dy.get(at));
                }
            }
        }
    }

    static void rmsNorm(Storage x, Storage gain, double eps, int rows, int cols, Storage y, Storage rrms) {
        for (int r = 0; r < rows; r++) {
            long row = (long) r * cols;
            double squares = 0;
            for (int c = 0; c < cols; c++) {
                squares += x.get(row + c) * x.get(row + c);
            }
            double scale = 1 / Math.sqrt(squares / cols + eps);
            for (int c = 0; c < cols; c++) {
                y.set(row + c, x.get(row + c) * scale * gain(gain, c));
            }
            rrms.set(r, scale);
        }
    }

    static void rmsNormGrad(Storage x, Storage gain, Storage rrms, Storage dy, int rows, int cols, Storage dx, Storage dgain) {
        for (int r = 0; r < rows; r++) {
            double scale = rrms.get(r);
            gainGrad(x, 0, scale, dy, r, cols, dgain);
            double meanWithValue = 0;
            for (int c = 0; c < cols; c++) {
                long at = (long) r * cols + c;
                meanWithValue += dy.get(at) * gain(gain, c) * x.get(at) * scale / cols;
            }
            for (int c = 0; c < cols && dx != null; c++) {
                long at = (long) r * cols + c;
                add(dx, at, scale * (dy.get(at) * gain(gain, c) - x.get(at) * scale * meanWithValue));
            }
        }
    }

    /** dgain adds dy times the normalised value of row r. */
    private static void gainGrad(Storage x, double mu, double scale, Storage dy, int r, int cols, Storage dgain) {
        for (int c = 0; c < cols && dgain != null; c++) {
            long at = (long) r * cols + c;
            add(dgain, c, dy.get(at) * (x.get(at) - mu) * scale);
        }
    }

    private static double gain(Storage gain, int c) {
        return gain == null ? 1 : gain.get(c);
    }
}
