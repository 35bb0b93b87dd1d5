// One step of Adam (Kingma and Ba 2015, algorithm 1) in the form of org.moe4j.backend.AdamStep.
#include "common.cuh"

struct Step {
    float rate, beta1, rest1, beta2, rest2, eps, vScale, keep, l2;
};

__device__ inline void update(const Step& s, float& p, float g, float& m, float& v) {
    g += s.l2 * p;
    m = s.beta1 * m + s.rest1 * g;
    v = s.beta2 * v + s.rest2 * g * g;
    p = s.keep * p - s.rate * m / (sqrtf(v) * s.vScale + s.eps);
}

extern "C" __global__ void adam(float rate, float beta1, float rest1, float beta2, float rest2, float eps, float vScale, float keep, float l2, float* p, const float* g, float* m, float* v, int64 n) {
    Step s = {rate, beta1, rest1, beta2, rest2, eps, vScale, keep, l2};
    bool whole = aligned(p) && aligned(g) && aligned(m) && aligned(v);
    for (int64 i = 4 * globalThread(); i < n; i += 4 * globalThreads()) {
        Pack a = loadPack(p, i, n, whole);
        Pack b = loadPack(g, i, n, whole);
        Pack c = loadPack(m, i, n, whole);
        Pack d = loadPack(v, i, n, whole);
        for (int j = 0; j < 4; j++) update(s, a.v[j], b.v[j], c.v[j], d.v[j]);
        storePack(p, i, n, whole, a);
        storePack(m, i, n, whole, c);
        storePack(v, i, n, whole, d);
    }
}

// The same for row rows[u] of p, m, v with row u of g (count, width): a warp for each row; negative rows are left out.
extern "C" __global__ void adamRows(float rate, float beta1, float rest1, float beta2, float rest2, float eps, float vScale, float keep, float l2, const int* rows, int count, int width, float* p, const float* g, float* m, float* v) {
    Step s = {rate, beta1, rest1, beta2, rest2, eps, vScale, keep, l2};
    int64 u = globalThread() / WARP;
    if (u >= count || rows[u] < 0) return;
    int64 at = int64(rows[u]) * width;
    bool whole = width % 4 == 0 && aligned(p) && aligned(g) && aligned(m) && aligned(v);
    for (int64 i = 4 * laneOf(); i < width; i += 4 * WARP) {
        Pack a = loadPack(p + at, i, width, whole);
        Pack b = loadPack(g + u * width, i, width, whole);
        Pack c = loadPack(m + at, i, width, whole);
        Pack d = loadPack(v + at, i, width, whole);
        for (int j = 0; j < 4; j++) update(s, a.v[j], b.v[j], c.v[j], d.v[j]);
        storePack(p + at, i, width, whole, a);
        storePack(m + at, i, width, whole, c);
        storePack(v + at, i, width, whole, d);
    }
}
