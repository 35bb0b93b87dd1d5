// Functions of two strided operands, strided moves, and sums over axes of stride 0, which are the gradients of broadcasting.
#include "common.cuh"

const int MOST_AXES = 8;
const int REDUCE_BLOCK = 256;                  // 8 warps: a row each, or 256 neighbouring columns

// Axes, outermost first, and how far apart neighbours along each stand in up to four operands. Java's StridedAxes makes it.
struct Axes {
    int64 rank;
    int64 size[MOST_AXES];
    int64 stride[4][MOST_AXES];
};

// Adds to at[] where element i, counted row-major, stands in each operand.
template <int OPERANDS, class Index> __device__ inline void locate(const Axes& axes, Index i, int64* at) {
    for (int axis = int(axes.rank) - 1; axis > 0; axis--) {
        Index size = Index(axes.size[axis]);
        Index rest = i / size;
        int64 here = int64(i - rest * size);
#pragma unroll
        for (int o = 0; o < OPERANDS; o++) at[o] += here * axes.stride[o][axis];
        i = rest;
    }
#pragma unroll
    for (int o = 0; o < OPERANDS; o++) at[o] += int64(i) * axes.stride[o][0];
}

// 64-bit divisions take several times as long, so counts that fit use 32 bits.
template <int OPERANDS> __device__ inline void locate(const Axes& axes, int64 i, int64 n, int64* at) {
    if (n <= 0x7fffffff) locate<OPERANDS, unsigned>(axes, unsigned(i), at);
    else locate<OPERANDS, uint64>(axes, uint64(i), at);
}

enum Function { ADD, SUBTRACT, MULTIPLY, DIVIDE, MAX, MIN };    // org.moe4j.backend.Binary's order

__device__ inline float valueOf(int function, float a, float b) {
    switch (function) {
        case ADD: return a + b;
        case SUBTRACT: return a - b;
        case MULTIPLY: return a * b;
        case DIVIDE: return a / b;
        case MAX: return a > b || a != a ? a : b;
        case MIN: return a < b || a != a ? a : b;
    }
    return NAN;
}

// df/da, or df/db if `second`; operands that don't matter are not read
__device__ inline float slopeOf(int function, int second, const float* a, const float* b) {
    switch (function) {
        case ADD: return 1;
        case SUBTRACT: return second ? -1 : 1;
        case MULTIPLY: return second ? *a : *b;
        case DIVIDE: return second ? -*a / (*b * *b) : 1 / *b;
        case MAX: return *a == *b ? 0.5f : (*a > *b) != bool(second) ? 1 : 0;
        case MIN: return *a == *b ? 0.5f : (*a < *b) != bool(second) ? 1 : 0;
    }
    return NAN;
}

// y = f(a, b); strides of y, a, b
extern "C" __global__ void binary(int function, const __grid_constant__ Axes axes, int64 n, float* y, const float* a, const float* b) {
    for (int64 i = globalThread(); i < n; i += globalThreads()) {
        int64 at[3] = {0, 0, 0};
        locate<3>(axes, i, n, at);
        y[at[0]] = valueOf(function, a[at[1]], b[at[2]]);
    }
}

// y = x; strides of y, x
extern "C" __global__ void move(const __grid_constant__ Axes axes, int64 n, float* y, const float* x) {
    for (int64 i = globalThread(); i < n; i += globalThreads()) {
        int64 at[2] = {0, 0};
        locate<2>(axes, i, n, at);
        y[at[0]] = x[at[1]];
    }
}

// y = x where y is contiguous along one axis, `across`, and x along another, `down`: squares go through shared memory, so that both are
// read and written by neighbours. yStep: of y along `down`; xStep: of x along `across`. Strides of y, x along the axes that are left, n of them.
extern "C" __global__ void __launch_bounds__(REDUCE_BLOCK) transpose(const __grid_constant__ Axes rest, int64 n, int64 across, int64 down, int64 yStep, int64 xStep, float* y, const float* x) {
    __shared__ float square[WARP][WARP + 1];   // a column's values lie in different banks
    int64 squaresAcross = (across + WARP - 1) / WARP;
    int64 squaresDown = (down + WARP - 1) / WARP;
    for (int64 task = blockIdx.x; task < n * squaresAcross * squaresDown; task += gridDim.x) {
        int64 at[2] = {0, 0};
        locate<2>(rest, task / (squaresAcross * squaresDown), n, at);
        int64 firstAcross = task % squaresAcross * WARP;
        int64 firstDown = task / squaresAcross % squaresDown * WARP;
        for (int r = warpOf(); r < WARP; r += REDUCE_BLOCK / WARP) {
            int64 j = firstAcross + r;
            int64 i = firstDown + laneOf();
            if (j < across && i < down) square[r][laneOf()] = x[at[1] + j * xStep + i];
        }
        __syncthreads();
        for (int r = warpOf(); r < WARP; r += REDUCE_BLOCK / WARP) {
            int64 i = firstDown + r;
            int64 j = firstAcross + laneOf();
            if (j < across && i < down) y[at[0] + i * yStep + j] = square[laneOf()][r];
        }
        __syncthreads();
    }
}

// Sums of dy df/da (df/db if `second`) into dx, one for each place of dx. The axes along which dx moves are `kept`, n of them
// all together; along the others, m, the sum goes. With one chunk dx adds the sum; else parts (chunks, n) keeps what each
// chunk of the m finds, and addParts does the rest. ADD reads neither a nor b: the sum of dy itself. Strides of dx, dy, a, b.
struct Term {
    int function;
    int second;
    const float* dy;
    const float* a;
    const float* b;
    __device__ float at(const int64* at) const { return dy[at[1]] * slopeOf(function, second, a + at[2], b + at[3]); }
};

// Where the innermost axis is kept: a thread for each place, so that neighbours read neighbours. Grid (n / 256, chunks).
extern "C" __global__ void __launch_bounds__(REDUCE_BLOCK) reduceColumns(int function, int second, const __grid_constant__ Axes kept, const __grid_constant__ Axes summed, int64 n, int64 m, int64 chunk, float* dx, const float* dy, const float* a, const float* b, float* parts) {
    Term term = {function, second, dy, a, b};
    int64 i = globalThread();
    if (i >= n) return;
    int64 at[4] = {0, 0, 0, 0};
    locate<4>(kept, i, n, at);
    int64 from = blockIdx.y * chunk;
    int64 to = min(from + chunk, m);
    float sum = 0;
    for (int64 r = from; r < to; r++) {
        int64 here[4] = {at[0], at[1], at[2], at[3]};
        locate<4>(summed, r, m, here);
        sum += term.at(here);
    }
    if (parts) parts[blockIdx.y * n + i] = sum;
    else dx[at[0]] += sum;
}

// Where the innermost axis is summed over: a warp for each place. Grid (n / 8, chunks).
extern "C" __global__ void __launch_bounds__(REDUCE_BLOCK) reduceRows(int function, int second, const __grid_constant__ Axes kept, const __grid_constant__ Axes summed, int64 n, int64 m, int64 chunk, float* dx, const float* dy, const float* a, const float* b, float* parts) {
    Term term = {function, second, dy, a, b};
    int64 i = int64(blockIdx.x) * (REDUCE_BLOCK / WARP) + warpOf();
    if (i >= n) return;
    int64 at[4] = {0, 0, 0, 0};
    locate<4>(kept, i, n, at);
    int64 from = blockIdx.y * chunk;
    int64 to = min(from + chunk, m);
    float sum = 0;
    for (int64 r = from + laneOf(); r < to; r += WARP) {
        int64 here[4] = {at[0], at[1], at[2], at[3]};
        locate<4>(summed, r, m, here);
        sum += term.at(here);
    }
    sum = warpSum(sum);
    if (laneOf() > 0) return;
    if (parts) parts[blockIdx.y * n + i] = sum;
    else dx[at[0]] += sum;
}

// dx adds the sum over the chunks of parts (chunks, n), in float64: a warp for each place.
extern "C" __global__ void __launch_bounds__(REDUCE_BLOCK) addParts(const __grid_constant__ Axes kept, int64 n, int chunks, const float* parts, float* dx) {
    int64 i = int64(blockIdx.x) * (REDUCE_BLOCK / WARP) + warpOf();
    if (i >= n) return;
    double sum = 0;
    for (int c = laneOf(); c < chunks; c += WARP) sum += parts[c * n + i];
    sum = warpSum(sum);
    int64 at[1] = {0};
    locate<1>(kept, i, n, at);
    if (laneOf() == 0) dx[at[0]] += float(sum);
}

// y, row-major, = x, for lists of whole numbers; strides of x
extern "C" __global__ void copyInts(const __grid_constant__ Axes axes, int64 n, const int* x, int* y) {
    for (int64 i = globalThread(); i < n; i += globalThreads()) {
        int64 at[1] = {0};
        locate<1>(axes, i, n, at);
        y[i] = x[at[0]];
    }
}
