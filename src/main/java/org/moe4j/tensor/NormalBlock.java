package org.moe4j.tensor;

/**
 * {@link CounterRandom#normal} for many counters at once, to the same bits. It makes the same operations of every number, but block by
 * block, each a plain loop that the compiler turns into vector instructions (mul, add, div and sqrt round the same there, and Java
 * never contracts them); the tails of the distribution, 15 numbers in 100, are first put side by side.
 *
 * <p>The logarithm is fdlibm's, which {@link StrictMath#log} is specified to be: x = 2^k (1 + f) with 1 + f about within sqrt(1/2) ..
 * sqrt(2), and log(1 + f) from a polynomial in (f / (2 + f))². Not for use by several threads.
 */
public final class NormalBlock {
    /** The most numbers at once: all working memory stays in the first-level cache's neighbourhood. */
    public static final int SIZE = 512;

    private static final double LN2_HIGH = 6.93147180369123816490e-01;
    private static final double LN2_LOW = 1.90821492927058770002e-10;
    private static final double[] EVEN = {3.999999999940941908e-01, 2.222219843214978396e-01, 1.531383769920937332e-01};
    private static final double[] ODD = {6.666666666666735130e-01, 2.857142874366239149e-01, 1.818357216161805012e-01, 1.479819860511658591e-01};
    /** Above this root of -log p the far tail begins, one number in 10^11. */
    private static final double FAR = 5;

    private final double[] p = new double[SIZE];
    private final double[] q = new double[SIZE];
    private final double[] r = new double[SIZE];
    private final double[] above = new double[SIZE];
    private final double[] below = new double[SIZE];
    private final double[] z = new double[SIZE];
    private final int[] tail = new int[SIZE + 1];
    private final double[] x = new double[SIZE];
    private final double[] f = new double[SIZE];
    private final double[] k = new double[SIZE];
    private final double[] w = new double[SIZE];
    private final double[] even = new double[SIZE];
    private final double[] odd = new double[SIZE];
    private final boolean[] middle = new boolean[SIZE];

    /** The numbers at counters {@code from} and on, n of them, which the next call overwrites. */
    public double[] of(CounterRandom random, long from, int n) {
        for (int j = 0; j < n; j++) {
            p[j] = random.cell(from + j);
        }
        for (int j = 0; j < n; j++) {
            q[j] = p[j] - 0.5;
            r[j] = 0.180625 - q[j] * q[j];
        }
        polynomial(NormalQuantile.A, r, above, n);
        polynomial(NormalQuantile.B, r, below, n);
        for (int j = 0; j < n; j++) {
            z[j] = q[j] * above[j] / below[j];
        }
        tails(n);
        return z;
    }

    private void tails(int n) {
        int tails = 0;
        for (int j = 0; j < n; j++) { // a sign bit and no branch: which are in a tail is up to chance
            tail[tails] = j;
            tails += (int) (Double.doubleToRawLongBits(0.425 - Math.abs(q[j])) >>> 63);
        }
        for (int i = 0; i < tails; i++) {
            double at = p[tail[i]];
            x[i] = Math.min(at, 1 - at);
        }
        log(tails);
        for (int i = 0; i < tails; i++) {
            x[i] = Math.sqrt(-x[i]);
            r[i] = x[i] - 1.6;
        }
        polynomial(NormalQuantile.C, r, above, tails);
        polynomial(NormalQuantile.D, r, below, tails);
        for (int i = 0; i < tails; i++) {
            int j = tail[i];
            double far = x[i] <= FAR ? above[i] / below[i] : Math.abs(NormalQuantile.at(p[j]));
            z[j] = Math.copySign(far, q[j]);
        }
    }

    /** x = log x for n numbers below 1/2. */
    private void log(int n) {
        for (int i = 0; i < n; i++) {
            long bits = Double.doubleToRawLongBits(x[i]);
            int high = (int) (bits >>> 32);
            int mantissa = high & 0xfffff;
            int up = mantissa + 0x95f64 & 0x100000; // the upper mantissas are halved
            k[i] = (high >> 20) - 1023 + (up >> 20);
            f[i] = Double.longBitsToDouble((long) (mantissa | up ^ 0x3ff00000) << 32 | bits & 0xffffffffL) - 1;
            middle[i] = (mantissa - 0x6147a | 0x6b851 - mantissa) > 0;
        }
        for (int i = 0; i < n; i++) {
            double s = f[i] / (2 + f[i]);
            w[i] = s * s * (s * s);
        }
        polynomial(EVEN, w, even, n);
        polynomial(ODD, w, odd, n);
        for (int i = 0; i < n; i++) {
            double s = f[i] / (2 + f[i]);
            double rest = s * s * odd[i] + w[i] * even[i];
            double half = 0.5 * f[i] * f[i];
            double inner = half - (s * (half + rest) + k[i] * LN2_LOW);
            double outer = s * (f[i] - rest) - k[i] * LN2_LOW;
            even[i] = k[i] * LN2_HIGH - (inner - f[i]);
            odd[i] = k[i] * LN2_HIGH - (outer - f[i]);
        }
        for (int i = 0; i < n; i++) {
            if (Math.abs(f[i]) < 0x1p-18) x[i] = StrictMath.log(x[i]); // which has a shorter way next to powers of two
            else x[i] = middle[i] ? even[i] : odd[i];
        }
    }

    /** y = c[0] + x (c[1] + x (c[2] + ..)). */
    private static void polynomial(double[] c, double[] x, double[] y, int n) {
        double highest = c[c.length - 1];
        double next = c[c.length - 2];
        for (int j = 0; j < n; j++) {
            y[j] = highest * x[j] + next;
        }
        for (int i = c.length - 3; i >= 0; i--) {
            double term = c[i];
            for (int j = 0; j < n; j++) {
                y[j] = y[j] * x[j] + term;
            }
        }
    }
}
