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
    private static final double EVEN_0 = 3.999999999940941908e-01;
    private static final double EVEN_1 = 2.222219843214978396e-01;
    private static final double EVEN_2 = 1.531383769920937332e-01;
    private static final double ODD_0 = 6.666666666666735130e-01;
    private static final double ODD_1 = 2.857142874366239149e-01;
    private static final double ODD_2 = 1.818357216161805012e-01;
    private static final double ODD_3 = 1.479819860511658591e-01;
    /** Above this root of -log p the far tail begins, one number in 10^11. */
    private static final double FAR = 5;

    private final double[] p = new double[SIZE];
    private final double[] z = new double[SIZE];
    private final double[] distance = new double[SIZE];
    private final double[] inside = new double[SIZE];
    private final int[] tail = new int[SIZE + 1];
    private final double[] x = new double[SIZE + 1];
    private final double[] f = new double[SIZE];
    private final double[] k = new double[SIZE];
    private final double[] outer = new double[SIZE];
    private final double[] inner = new double[SIZE];

    /** The numbers at counters {@code from} and on, n of them, which the next call overwrites. */
    public double[] of(CounterRandom random, long from, int n) {
        random.cells(from, p, n);
        middle(n);
        int tails = findTails(n);
        log(tails);
        farFromTheMiddle(tails);
        for (int i = 0; i < tails; i++) {
            int j = tail[i];
            double far = k[i] <= FAR ? f[i] : Math.abs(NormalQuantile.at(p[j]));
            z[j] = Math.copySign(far, p[j] - 0.5);
        }
        return z;
    }

    /** z = q A(r) / B(r). */
    private void middle(int n) {
        double[] a = NormalQuantile.A;
        double[] b = NormalQuantile.B;
        double a0 = a[0], a1 = a[1], a2 = a[2], a3 = a[3], a4 = a[4], a5 = a[5], a6 = a[6], a7 = a[7];
        double b0 = b[0], b1 = b[1], b2 = b[2], b3 = b[3], b4 = b[4], b5 = b[5], b6 = b[6], b7 = b[7];
        for (int j = 0; j < n; j++) {
            double q = p[j] - 0.5;
            double r = 0.180625 - q * q;
            z[j] = q * (((((((a7 * r + a6) * r + a5) * r + a4) * r + a3) * r + a2) * r + a1) * r + a0)
                / (((((((b7 * r + b6) * r + b5) * r + b4) * r + b3) * r + b2) * r + b1) * r + b0);
        }
    }

    /** Their places to {@code tail} and their distances from 0 or 1 to x. */
    private int findTails(int n) {
        for (int j = 0; j < n; j++) {
            distance[j] = Math.abs(Math.rint(p[j]) - p[j]); // p or 1 - p; a minimum takes three times as long
            inside[j] = 0.425 - Math.abs(p[j] - 0.5);
        }
        int tails = 0;
        for (int j = 0; j < n; j++) { // a sign bit and no branch: which are in a tail is up to chance
            tail[tails] = j;
            x[tails] = distance[j];
            tails += (int) (Double.doubleToRawLongBits(inside[j]) >>> 63);
        }
        return tails;
    }

    /** x = log x for n numbers below 1/2. */
    private void log(int n) {
        for (int i = 0; i < n; i++) {
            long bits = Double.doubleToRawLongBits(x[i]);
            long mantissa = bits & 0x000fffff_ffffffffL;
            long up = mantissa + 0x00095f64_00000000L & 0x00100000_00000000L; // the upper mantissas are halved
            k[i] = Double.longBitsToDouble(bits + up >>> 52 | 0x43300000_00000000L) - (0x1p52 + 1023); // which as low bits of 2^52 becomes a double
            f[i] = Double.longBitsToDouble(mantissa | up ^ 0x3ff00000_00000000L) - 1;
        }
        for (int i = 0; i < n; i++) {
            double s = f[i] / (2 + f[i]);
            double square = s * s;
            double w = square * square;
            double even = w * ((EVEN_2 * w + EVEN_1) * w + EVEN_0);
            double rest = square * (((ODD_3 * w + ODD_2) * w + ODD_1) * w + ODD_0) + even;
            double half = 0.5 * f[i] * f[i];
            double low = k[i] * LN2_LOW;
            inner[i] = k[i] * LN2_HIGH - (half - (s * (half + rest) + low) - f[i]);
            outer[i] = k[i] * LN2_HIGH - (s * (f[i] - rest) - low - f[i]);
        }
        for (int i = 0; i < n; i++) {
            if (Math.abs(f[i]) < 0x1p-18) {
                x[i] = StrictMath.log(x[i]); // which has a shorter way next to powers of two
            } else {
                long mantissa = Double.doubleToRawLongBits(x[i]) >>> 32 & 0xfffff;
                x[i] = (mantissa - 0x6147a | 0x6b851 - mantissa) > 0 ? inner[i] : outer[i];
            }
        }
    }

    /** f = C(r) / D(r), the numbers on the positive side, and k = the roots of -x. */
    private void farFromTheMiddle(int n) {
        double[] c = NormalQuantile.C;
        double[] d = NormalQuantile.D;
        double c0 = c[0], c1 = c[1], c2 = c[2], c3 = c[3], c4 = c[4], c5 = c[5], c6 = c[6], c7 = c[7];
        double d0 = d[0], d1 = d[1], d2 = d[2], d3 = d[3], d4 = d[4], d5 = d[5], d6 = d[6], d7 = d[7];
        for (int i = 0; i < n; i++) {
            double root = Math.sqrt(-x[i]);
            double r = root - 1.6;
            k[i] = root;
            f[i] = (((((((c7 * r + c6) * r + c5) * r + c4) * r + c3) * r + c2) * r + c1) * r + c0)
                / (((((((d7 * r + d6) * r + d5) * r + d4) * r + d3) * r + d2) * r + d1) * r + d0);
        }
    }
}
