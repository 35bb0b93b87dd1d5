// Softmax, log-sum-exp and cross-entropy of rows; x (rows, cols). A row's exponentials are summed in one pass, the largest
// value so far taken out; probabilities are never kept.
#include "common.cuh"

const int ROW_BLOCK = 256;

// Who works on a row: one warp of the block's eight for short rows, the whole block for long ones.
struct Team {
    int row;
    int member;                                // of `size`
    int size;
    bool whole;                                // block
};

__device__ inline Team team(int warps) {
    bool whole = warps > 1;
    Team t = {whole ? int(blockIdx.x) : int(blockIdx.x * (ROW_BLOCK / WARP)) + warpOf(), whole ? int(threadIdx.x) : laneOf(), whole ? ROW_BLOCK : WARP, whole};
    return t;
}

__device__ inline float teamSum(float x, Team t, float* work) { return t.whole ? blockSum(x, work) : warpSum(x); }

__device__ inline float teamMax(float x, Team t, float* work) {
    x = warpMax(x);
    if (!t.whole) return x;
    __syncthreads();
    if (laneOf() == 0) work[warpOf()] = x;
    __syncthreads();
    for (int w = 0; w < ROW_BLOCK / WARP; w++) x = fmaxf(x, work[w]);
    return x;
}

// log sum exp of a row: each member's largest value and sum of exponentials, brought together. NaN if any value is, -∞ if all are.
__device__ inline float logSumExpOf(const float* x, int cols, Team t, float* work) {
    float largest = MINUS_INFINITY;
    float sum = 0;
    for (int c = t.member; c < cols; c += t.size) {
        float v = x[c];
        if (v > largest) {
            sum = sum * expf(largest - v) + 1;
            largest = v == INFINITY ? NAN : v;
        } else if (v != MINUS_INFINITY) {
            sum += expf(v - largest);
        }
    }
    float all = teamMax(largest, t, work);
    if (largest != MINUS_INFINITY) sum *= expf(largest - all);
    sum = teamSum(sum, t, work);
    return sum == 0 ? MINUS_INFINITY : all + logf(sum);
}

// y[r] = log sum exp x[r,·]
extern "C" __global__ void __launch_bounds__(ROW_BLOCK) logSumExp(int warps, const float* x, int rows, int cols, float* y) {
    __shared__ float work[ROW_BLOCK / WARP];
    Team t = team(warps);
    if (t.row >= rows) return;
    float lse = logSumExpOf(x + int64(t.row) * cols, cols, t, work);
    if (t.member == 0) y[t.row] = lse;
}

// y = e^(x - lse)
extern "C" __global__ void __launch_bounds__(ROW_BLOCK) softmax(int warps, const float* x, int rows, int cols, float* y) {
    __shared__ float work[ROW_BLOCK / WARP];
    Team t = team(warps);
    if (t.row >= rows) return;
    const float* from = x + int64(t.row) * cols;
    float* to = y + int64(t.row) * cols;
    float largest = MINUS_INFINITY;
    for (int c = t.member; c < cols; c += t.size) largest = fmaxf(largest, from[c]);
    largest = teamMax(largest, t, work);
    float sum = 0;
    for (int c = t.member; c < cols; c += t.size) sum += expf(from[c] - largest);
    float share = 1 / teamSum(sum, t, work);
    for (int c = t.member; c < cols; c += t.size) to[c] = expf(from[c] - largest) * share;
}

// dx += y (dy - y·dy)
extern "C" __global__ void __launch_bounds__(ROW_BLOCK) softmaxGrad(int warps, const float* y, const float* dy, int rows, int cols, float* dx) {
    __shared__ float work[ROW_BLOCK / WARP];
    Team t = team(warps);
    if (t.row >= rows) return;
    int64 row = int64(t.row) * cols;
    float dot = 0;
    for (int c = t.member; c < cols; c += t.size) dot += y[row + c] * dy[row + c];
    dot = teamSum(dot, t, work);
    for (int c = t.member; c < cols; c += t.size) dx[row + c] += y[row + c] * (dy[row + c] - dot);
}

// loss[r] = (1-smoothing) (lse - x[target]) + smoothing (lse - mean x), 0 without a target; and lse[r]
extern "C" __global__ void __launch_bounds__(ROW_BLOCK) crossEntropy(int warps, const float* x, int rows, int cols, const int* targets, float smoothing, float* loss, float* lse) {
    __shared__ float work[ROW_BLOCK / WARP];
    Team t = team(warps);
    if (t.row >= rows) return;
    const float* from = x + int64(t.row) * cols;
    float rowLse = logSumExpOf(from, cols, t, work);
    float below = 0;                           // the sum of lse - x
    if (smoothing > 0) {
        for (int c = t.member; c < cols; c += t.size) below += rowLse - from[c];
        below = teamSum(below, t, work);
    }
    if (t.member > 0) return;
    int target = targets[t.row];
    lse[t.row] = rowLse;
    loss[t.row] = target < 0 ? 0 : (1 - smoothing) * (rowLse - from[target]) + (smoothing > 0 ? smoothing * below / cols : 0);
}

// dx = or += dloss[r] (e^(x - lse) - (1-smoothing) [c = target] - smoothing / cols), 0 without a target; dx may be x. A block's threads
// take columns; grid (cols / 1024, rows / rows of y)
extern "C" __global__ void __launch_bounds__(ROW_BLOCK) crossEntropyGrad(const float* x, const float* lse, int rows, int cols, const int* targets, float smoothing, const float* dloss, float* dx, int add) {
    for (int r = blockIdx.y; r < rows; r += gridDim.y) {
        int target = targets[r];
        if (target < 0 && add) continue;
        float rowLse = lse[r];
        float slope = dloss[r];
        for (int c = globalThread(); c < cols; c += globalThreads()) {
            int64 at = int64(r) * cols + c;
            float wanted = (c == target ? 1 - smoothing : 0) + smoothing / cols;
            float grad = target < 0 ? 0 : slope * (expf(x[at] - rowLse) - wanted);
            dx[at] = add ? dx[at] + grad : grad;
        }
    }
}
