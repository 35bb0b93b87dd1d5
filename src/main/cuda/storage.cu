// Whole storages.
#include "common.cuh"

const int SUM_BLOCK = 256;

// y += alpha x
extern "C" __global__ void axpy(float alpha, const float* x, float* y, int64 n) {
    bool wholeX = aligned(x);
    bool wholeY = aligned(y);
    for (int64 i = 4 * globalThread(); i < n; i += 4 * globalThreads()) {
        Pack a = loadPack(x, i, n, wholeX);
        Pack b = loadPack(y, i, n, wholeY);
        for (int j = 0; j < 4; j++) b.v[j] += alpha * a.v[j];
        storePack(y, i, n, wholeY, b);
    }
}

// x *= alpha
extern "C" __global__ void scale(float alpha, float* x, int64 n) {
    bool whole = aligned(x);
    for (int64 i = 4 * globalThread(); i < n; i += 4 * globalThreads()) {
        Pack a = loadPack(x, i, n, whole);
        for (int j = 0; j < 4; j++) a.v[j] *= alpha;
        storePack(x, i, n, whole, a);
    }
}

// sums[b] = the part of sum x² that block b finds, in float64. The number of blocks fixes the order of the sum.
extern "C" __global__ void __launch_bounds__(SUM_BLOCK) squares(const float* x, int64 n, double* sums) {
    __shared__ double work[SUM_BLOCK / WARP];
    bool whole = aligned(x);
    double sum = 0;
    for (int64 i = 4 * globalThread(); i < n; i += 4 * globalThreads()) {
        Pack a = loadPack(x, i, n, whole);
        for (int j = 0; j < 4; j++) sum += double(a.v[j]) * a.v[j];
    }
    sum = blockSum(sum, work);
    if (threadIdx.x == 0) sums[blockIdx.x] = sum;
}

// sum[0] = sum over i of parts[i]; one block
extern "C" __global__ void __launch_bounds__(SUM_BLOCK) sumOfParts(const double* parts, int n, double* sum) {
    __shared__ double work[SUM_BLOCK / WARP];
    double mine = 0;
    for (int i = threadIdx.x; i < n; i += SUM_BLOCK) mine += parts[i];
    mine = blockSum(mine, work);
    if (threadIdx.x == 0) sum[0] = mine;
}
