// Whole storages.
#include "common.cuh"

// y += alpha x
extern "C" __global__ void axpy(float alpha, const float* x, float* y, int64 n) {
    for (int64 i = int64(blockIdx.x) * blockDim.x + threadIdx.x; i < n; i += int64(gridDim.x) * blockDim.x) {
        y[i] += alpha * x[i];
    }
}
