// Functions of one value: y = f(x), and dx += dy f'(x).
#include "unary.cuh"

extern "C" __global__ void unary(int function, float p, float q, const float* x, float* y, int64 n) {
    bool wholeX = aligned(x);
    bool wholeY = aligned(y);
    for (int64 i = 4 * globalThread(); i < n; i += 4 * globalThreads()) {
        Pack a = loadPack(x, i, n, wholeX);
        for (int j = 0; j < 4; j++) a.v[j] = valueOf(function, p, q, a.v[j]);
        storePack(y, i, n, wholeY, a);
    }
}

extern "C" __global__ void unaryGrad(int function, float p, float q, const float* x, const float* y, const float* dy, float* dx, int64 n) {
    bool whole = aligned(x) && aligned(y) && aligned(dy) && aligned(dx);
    for (int64 i = 4 * globalThread(); i < n; i += 4 * globalThreads()) {
        Pack a = loadPack(x, i, n, whole);
        Pack b = loadPack(y, i, n, whole);
        Pack g = loadPack(dy, i, n, whole);
        Pack d = loadPack(dx, i, n, whole);
        for (int j = 0; j < 4; j++) d.v[j] += g.v[j] * slopeOf(function, p, q, a.v[j], b.v[j]);
        storePack(dx, i, n, whole, d);
    }
}
