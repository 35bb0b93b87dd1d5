// Random numbers as functions of (key, counter), to the bits of org.moe4j.tensor.CounterRandom: all in float64, every
// operation rounded by itself (a compiler may otherwise contract a·b + c, which rounds once).
#include "random.cuh"

// Wichura's AS 241, PPND16: numerators and denominators for the middle, the tails and the far tails of the distribution.
__constant__ double A[8] = {3.3871328727963666080, 133.14166789178437745, 1971.5909503065514427, 13731.693765509461125,
    45921.953931549871457, 67265.770927008700853, 33430.575583588128105, 2509.0809287301226727};
__constant__ double B[8] = {1, 42.313330701600911252, 687.18700749205790830, 5394.1960214247511077,
    21213.794301586595867, 39307.895800092710610, 28729.085735721942674, 5226.4952788528545610};
__constant__ double C[8] = {1.42343711074968357734, 4.63033784615654529590, 5.76949722146069140550, 3.64784832476320460504,
    1.27045825245236838258, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4};
__constant__ double D[8] = {1, 2.05319162663775882187, 1.67638483018380384940, 6.89767334985100004550e-1,
    1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4, 1.05075007164441684324e-9};
__constant__ double E[8] = {6.65790464350110377720, 5.46378491116411436990, 1.78482653991729133580, 2.96560571828504891230e-1,
    2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7};
__constant__ double F[8] = {1, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
    7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15};
// fdlibm's polynomial of log(1 + f) in (f / (2 + f))², the even and the odd powers
__constant__ double EVEN[3] = {3.999999999940941908e-01, 2.222219843214978396e-01, 1.531383769920937332e-01};
__constant__ double ODD[4] = {6.666666666666735130e-01, 2.857142874366239149e-01, 1.818357216161805012e-01, 1.479819860511658591e-01};

__device__ inline double mul(double a, double b) { return __dmul_rn(a, b); }
__device__ inline double add(double a, double b) { return __dadd_rn(a, b); }
__device__ inline double sub(double a, double b) { return __dsub_rn(a, b); }

template <int N> __device__ inline double polynomial(const double* c, double x) {
    double y = c[N - 1];
#pragma unroll
    for (int i = N - 2; i >= 0; i--) y = add(mul(y, x), c[i]);
    return y;
}

// The logarithm of StrictMath, which is fdlibm's, of a normal x in (0, 1): x = 2^k (1 + f) with 1 + f in sqrt(1/2) .. sqrt(2).
__device__ double strictLog(double x) {
    const double ln2High = 6.93147180369123816490e-01;
    const double ln2Low = 1.90821492927058770002e-10;
    int high = __double2hiint(x);
    int mantissa = high & 0xfffff;
    int up = (mantissa + 0x95f64) & 0x100000;                   // upper mantissas are halved
    double k = (high >> 20) - 1023 + (up >> 20);
    double f = sub(__hiloint2double(mantissa | (up ^ 0x3ff00000), __double2loint(x)), 1);
    if ((0xfffff & (2 + mantissa)) < 3) {                       // |f| < 2^-20
        if (f == 0) return add(mul(k, ln2High), mul(k, ln2Low));
        double r = mul(mul(f, f), sub(0.5, mul(0.33333333333333333, f)));
        return k == 0 ? sub(f, r) : sub(mul(k, ln2High), sub(sub(r, mul(k, ln2Low)), f));
    }
    double s = __ddiv_rn(f, add(2, f));
    double z = mul(s, s);
    double w = mul(z, z);
    double rest = add(mul(z, polynomial<4>(ODD, w)), mul(w, polynomial<3>(EVEN, w)));
    if (((mantissa - 0x6147a) | (0x6b851 - mantissa)) > 0) {
        double half = mul(mul(0.5, f), f);
        if (k == 0) return sub(f, sub(half, mul(s, add(half, rest))));
        return sub(mul(k, ln2High), sub(sub(half, add(mul(s, add(half, rest)), mul(k, ln2Low))), f));
    }
    if (k == 0) return sub(f, mul(s, sub(f, rest)));
    return sub(mul(k, ln2High), sub(sub(mul(s, sub(f, rest)), mul(k, ln2Low)), f));
}

// The inverse of the standard normal distribution function.
__device__ double normalQuantile(double p) {
    double q = sub(p, 0.5);
    if (fabs(q) <= 0.425) {
        double r = sub(0.180625, mul(q, q));
        return __ddiv_rn(mul(q, polynomial<8>(A, r)), polynomial<8>(B, r));
    }
    double r = __dsqrt_rn(-strictLog(q < 0 ? p : sub(1, p)));
    double x = r <= 5 ? __ddiv_rn(polynomial<8>(C, sub(r, 1.6)), polynomial<8>(D, sub(r, 1.6)))
                      : __ddiv_rn(polynomial<8>(E, sub(r, 5)), polynomial<8>(F, sub(r, 5)));
    return q < 0 ? -x : x;
}

// x[i] = low + (high - low) u(i), u in [0, 1)
extern "C" __global__ void uniform(int64 key, double low, double high, float* x, int64 n) {
    for (int64 i = globalThread(); i < n; i += globalThreads()) {
        x[i] = float(add(low, mul(sub(high, low), uniformAt(key, i))));
    }
}

// x[i] = deviation z(i), z standard normal: the quantile of the middle of a uniform cell
extern "C" __global__ void normal(int64 key, double deviation, float* x, int64 n) {
    for (int64 i = globalThread(); i < n; i += globalThreads()) {
        double cell = mul(add(double(bits(key, i) >> 11), 0.5), 0x1.0p-53);
        x[i] = float(mul(deviation, normalQuantile(cell)));
    }
}
