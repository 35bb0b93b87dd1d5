// Layer normalisation, y = (x - mean) rstd gain + bias, and root-mean-square normalisation, y = x rrms gain, of rows; x (rows, cols).
// RMS is the layer norm with mean 0: null stands for it. A warp a row where rows are short, else a block.
#include "common.cuh"

const int NORM_BLOCK = 256;
const int COLUMNS = 32;                        // of a block that sums columns: a warp reads 32 neighbours, 8 warps take rows in turn
const int COLUMN_ROWS = NORM_BLOCK / COLUMNS;

__device__ inline float sumOver(float x, int warps, float* work) { return warps > 1 ? blockSum(x, work) : warpSum(x); }

__device__ inline int rowOf(int warps) { return warps > 1 ? int(blockIdx.x) : int(blockIdx.x * (NORM_BLOCK / WARP)) + warpOf(); }

// mean null: root mean square. gain, bias may be null.
extern "C" __global__ void __launch_bounds__(NORM_BLOCK) rowNorm(int warps, const float* x, const float* gain, const float* bias, float eps, int rows, int cols, float* y, float* mean, float* rstd) {
    __shared__ float work[NORM_BLOCK / WARP];
    int r = rowOf(warps);
    if (r >= rows) return;
    int first = warps > 1 ? threadIdx.x : laneOf();
    int step = warps > 1 ? NORM_BLOCK : WARP;
    const float* from = x + int64(r) * cols;
    float* to = y + int64(r) * cols;
    float mu = 0;
    if (mean) {
        for (int c = first; c < cols; c += step) mu += from[c];
        mu = sumOver(mu, warps, work) / cols;
    }
    float squares = 0;
    for (int c = first; c < cols; c += step) squares += (from[c] - mu) * (from[c] - mu);
    float scale = 1 / sqrtf(sumOver(squares, warps, work) / cols + eps);
    for (int c = first; c < cols; c += step) {
        float value = (from[c] - mu) * scale;
        if (gain) value *= gain[c];
        to[c] = bias ? value + bias[c] : value;
    }
    if (first == 0) {
        if (mean) mean[r] = mu;
        rstd[r] = scale;
    }
}

// With n = (x - mean) rstd and g = dy gain:  dx += rstd (g - mean of g - n mean of g n), without the middle term for RMS
extern "C" __global__ void __launch_bounds__(NORM_BLOCK) normGrad(int warps, const float* x, const float* gain, const float* mean, const float* rstd, const float* dy, int rows, int cols, float* dx) {
    __shared__ float work[NORM_BLOCK / WARP];
    int r = rowOf(warps);
    if (r >= rows) return;
    int first = warps > 1 ? threadIdx.x : laneOf();
    int step = warps > 1 ? NORM_BLOCK : WARP;
    int64 row = int64(r) * cols;
    float mu = mean ? mean[r] : 0;
    float scale = rstd[r];
    float sum = 0;
    float withValue = 0;
    for (int c = first; c < cols; c += step) {
        float g = gain ? dy[row + c] * gain[c] : dy[row + c];
        sum += g;
        withValue += g * ((x[row + c] - mu) * scale);
    }
    sum = mean ? sumOver(sum, warps, work) / cols : 0;
    withValue = sumOver(withValue, warps, work) / cols;
    for (int c = first; c < cols; c += step) {
        float g = gain ? dy[row + c] * gain[c] : dy[row + c];
        dx[row + c] += scale * (g - sum - (x[row + c] - mu) * scale * withValue);
    }
}

// Sums over rows: dgain = sum dy n, dbias = sum dy, each block's share of `chunk` rows into parts (2, chunks, cols). Grid (cols / 32, chunks).
extern "C" __global__ void __launch_bounds__(NORM_BLOCK) normColumns(const float* x, const float* mean, const float* rstd, const float* dy, int rows, int cols, int chunk, float* parts) {
    __shared__ float work[2][COLUMN_ROWS][COLUMNS];
    int c = blockIdx.x * COLUMNS + laneOf();
    int from = blockIdx.y * chunk;
    int to = min(rows, from + chunk);
    float dgain = 0;
    float dbias = 0;
    for (int r = from + warpOf(); r < to && c < cols; r += COLUMN_ROWS) {
        float g = dy[int64(r) * cols + c];
        dgain += g * ((x[int64(r) * cols + c] - (mean ? mean[r] : 0)) * rstd[r]);
        dbias += g;
    }
    work[0][warpOf()][laneOf()] = dgain;
    work[1][warpOf()][laneOf()] = dbias;
    __syncthreads();
    if (warpOf() > 1 || c >= cols) return;     // the first warp sums dgain, the second dbias
    float sum = 0;
    for (int w = 0; w < COLUMN_ROWS; w++) sum += work[warpOf()][w][laneOf()];
    parts[(int64(warpOf()) * gridDim.y + blockIdx.y) * cols + c] = sum;
}

// dgain and dbias, either may be null, add the sums of parts (2, chunks, cols).
extern "C" __global__ void __launch_bounds__(NORM_BLOCK) normColumnSums(const float* parts, int chunks, int cols, float* dgain, float* dbias) {
    int c = globalThread();
    if (c >= cols) return;
    for (int which = 0; which < 2; which++) {
        float* to = which ? dbias : dgain;
        if (!to) continue;
        float sum = 0;
        for (int i = 0; i < chunks; i++) sum += parts[(int64(which) * chunks + i) * cols + c];
        to[c] += sum;
    }
}
