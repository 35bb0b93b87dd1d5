// Matrix products in float32 on the ordinary units: c (m,n) = op(a) (m,k) · op(b) (k,n), and the same for every expert over its own
// rows in one launch. A block makes one tile of c; each step of K brings a slice of a and b to shared memory while the slice
// before is multiplied, each thread holding a square of the tile in registers. Sums go over k in order, so results are the same at every run.
#include "common.cuh"

const int GEMM_BLOCK = 256;                    // 16 by 16 threads
const int SIDE = 16;
const int STEP = 8;                            // of K: 2 slices of 128 · 8 values an operand are 16 KiB
const int PAD = 4;                             // so that the transposing stores of a slice go to different banks

// Tiles: 128 by 128 with 8 by 8 values a thread (16 loads for 64 products), and 64 by 64 with 4 by 4 for small operands.
template <int TILE> struct Slices {
    float a[2][STEP][TILE + PAD];
    float b[2][STEP][TILE + PAD];
};

// How an operand lies in memory: element (i, l) of op(x), i along the tile's side and l along K, at x[i · row + l · column]; one of the
// two is 1. rows and depth bound i and l.
struct Operand {
    const float* x;
    int64 row;
    int64 column;
    int64 rows;
    int64 depth;
};

// A thread's part of the slices of an operand, on its way from memory: neighbouring threads read neighbours there, along K or along
// the tile's side.
template <int TILE> struct Part {
    static const int COUNT = TILE * STEP / GEMM_BLOCK;
    const float* next;                         // this thread's first value of the slice to come
    int64 between;                             // its values
    int64 step;                                // the slices
    int i, l;                                  // of its first value within the slice
    int nextI, nextL;                          // from one of its values to the next
    int rows;                                  // of the operand from the tile's first on
    float v[COUNT];

    __device__ Part(const Operand& o, int64 first) {
        int t = threadIdx.x;
        bool alongK = o.column == 1;
        i = alongK ? t / STEP : t % TILE;
        l = alongK ? t % STEP : t / TILE;
        nextI = alongK ? GEMM_BLOCK / STEP : 0;
        nextL = alongK ? 0 : GEMM_BLOCK / TILE;
        next = o.x + (first + i) * o.row + l * o.column;
        between = nextI * o.row + nextL * o.column;
        step = STEP * o.column;
        rows = int(min(o.rows - first, int64(TILE)));
    }

    // `depth`: how much of K is left
    __device__ void load(int64 depth) {
#pragma unroll
        for (int j = 0; j < COUNT; j++) v[j] = i + j * nextI < rows && l + j * nextL < depth ? next[j * between] : 0;
        next += step;
    }

    __device__ void store(float (*slice)[TILE + PAD]) const {
#pragma unroll
        for (int j = 0; j < COUNT; j++) slice[l + j * nextL][i + j * nextI] = v[j];
    }
};

// c[i,j], i from firstI and j from firstJ, = or += the sum over l of a(i,l) b(j,l); c is row-major with n columns. A thread has the
// rows ty · 4 .. + 3 of each 64, and the columns tx · 4 .. + 3.
template <int TILE> __device__ inline void product(const Operand& a, const Operand& b, int64 firstI, int64 firstJ, float* c, int64 n, int add) {
    const int PER = TILE / SIDE;
    __shared__ Slices<TILE> s;
    int tx = threadIdx.x % SIDE;
    int ty = threadIdx.x / SIDE;
    float sum[PER][PER];
#pragma unroll
    for (int i = 0; i < PER; i++) {
#pragma unroll
        for (int j = 0; j < PER; j++) sum[i][j] = 0;
    }
    Part<TILE> partA(a, firstI);
    Part<TILE> partB(b, firstJ);
    partA.load(a.depth);
    partB.load(a.depth);
    partA.store(s.a[0]);
    partB.store(s.b[0]);
    __syncthreads();
    int now = 0;
    for (int64 at = 0; at < a.depth; at += STEP) {
        bool more = at + STEP < a.depth;
        if (more) {
            partA.load(a.depth - at - STEP);
            partB.load(a.depth - at - STEP);
        }
#pragma unroll
        for (int l = 0; l < STEP; l++) {
            float x[PER], y[PER];
#pragma unroll
            for (int i = 0; i < PER; i += 4) {
                Pack p = pack(*reinterpret_cast<const float4*>(&s.a[now][l][i * SIDE + ty * 4]));
                Pack q = pack(*reinterpret_cast<const float4*>(&s.b[now][l][i * SIDE + tx * 4]));
#pragma unroll
                for (int j = 0; j < 4; j++) {
                    x[i + j] = p.v[j];
                    y[i + j] = q.v[j];
                }
            }
#pragma unroll
            for (int i = 0; i < PER; i++) {
#pragma unroll
                for (int j = 0; j < PER; j++) sum[i][j] += x[i] * y[j];
            }
        }
        if (more) {
            partA.store(s.a[1 - now]);
            partB.store(s.b[1 - now]);
        }
        __syncthreads();
        now = 1 - now;
    }
    bool whole = n % 4 == 0 && aligned(c);
#pragma unroll
    for (int i = 0; i < PER; i++) {
        int64 row = firstI + i / 4 * 64 + ty * 4 + i % 4;
        if (row >= a.rows) continue;
#pragma unroll
        for (int j = 0; j < PER; j += 4) {
            int64 column = firstJ + j * SIDE + tx * 4;
            if (column >= b.rows) continue;
            Pack p = {{sum[i][j], sum[i][j + 1], sum[i][j + 2], sum[i][j + 3]}};
            if (add) {
                Pack old = loadPack(c + row * n, column, b.rows, whole);
                for (int v = 0; v < 4; v++) p.v[v] += old.v[v];
            }
            storePack(c + row * n, column, b.rows, whole, p);
        }
    }
}

// Grid (tiles of n · tiles of m)
template <int TILE> __device__ inline void gemmTile(int transposeA, int transposeB, int m, int n, int k, const float* a, const float* b, float* c, int add) {
    int across = (n + TILE - 1) / TILE;
    Operand left = {a, transposeA ? 1 : int64(k), transposeA ? int64(m) : 1, m, k};
    Operand right = {b, transposeB ? int64(k) : 1, transposeB ? 1 : int64(n), n, k};
    product<TILE>(left, right, int64(blockIdx.x / across) * TILE, int64(blockIdx.x % across) * TILE, c, n, add);
}

extern "C" __global__ void __launch_bounds__(GEMM_BLOCK, 2) gemm128(int transposeA, int transposeB, int m, int n, int k, const float* a, const float* b, float* c, int add) {
    gemmTile<128>(transposeA, transposeB, m, n, k, a, b, c, add);
}

extern "C" __global__ void __launch_bounds__(GEMM_BLOCK) gemm64(int transposeA, int transposeB, int m, int n, int k, const float* a, const float* b, float* c, int add) {
    gemmTile<64>(transposeA, transposeB, m, n, k, a, b, c, add);
}

// The first of an expert's slots for tiles, of which rows / TILE + experts are enough for all: an expert with r rows from s on has at
// most (s + r) / TILE - s / TILE + 1 tiles. So every block finds its tile by itself, with no list of tiles made before.
__device__ inline int64 slotOf(const int* starts, int e, int tile) { return starts[e] / tile + e; }

__device__ inline int expertOf(const int* starts, int experts, int64 slot, int tile) {
    int low = 0;
    int high = experts - 1;
    while (low < high) {                       // the last expert whose first slot is not beyond
        int middle = (low + high + 1) / 2;
        if (slotOf(starts, middle, tile) <= slot) low = middle;
        else high = middle - 1;
    }
    return low;
}

// y (R,n) = x (R,k) · op(w[e]) for the rows of each e, or y += ; grid (tiles of n · slots)
template <int TILE> __device__ inline void groupedTile(const int* starts, int experts, int transposeW, int n, int k, const float* x, const float* w, float* y, int add) {
    int across = (n + TILE - 1) / TILE;
    int64 slot = blockIdx.x / across;
    int e = expertOf(starts, experts, slot, TILE);
    int64 first = starts[e] + (slot - slotOf(starts, e, TILE)) * TILE;
    if (slot < slotOf(starts, e, TILE) || first >= starts[e + 1]) return;
    const float* expert = w + int64(e) * n * k;
    Operand left = {x, k, 1, starts[e + 1], k};
    Operand right = {expert, transposeW ? int64(k) : 1, transposeW ? 1 : int64(n), n, k};
    product<TILE>(left, right, first, int64(blockIdx.x % across) * TILE, y, n, add);
}

extern "C" __global__ void __launch_bounds__(GEMM_BLOCK, 2) groupedGemm128(const int* starts, int experts, int transposeW, int n, int k, const float* x, const float* w, float* y, int add) {
    groupedTile<128>(starts, experts, transposeW, n, k, x, w, y, add);
}

extern "C" __global__ void __launch_bounds__(GEMM_BLOCK) groupedGemm64(const int* starts, int experts, int transposeW, int n, int k, const float* x, const float* w, float* y, int add) {
    groupedTile<64>(starts, experts, transposeW, n, k, x, w, y, add);
}

// dw[e] (m,n) = a[rows of e]ᵀ · b[rows of e], or += ; a (R,m), b (R,n); grid (tiles of n · tiles of m · experts)
template <int TILE> __device__ inline void groupedWeightsTile(const int* starts, int m, int n, const float* a, const float* b, float* dw, int add) {
    int across = (n + TILE - 1) / TILE;
    int down = (m + TILE - 1) / TILE;
    int64 e = blockIdx.x / (int64(across) * down);
    int within = int(blockIdx.x % (int64(across) * down));
    int64 rows = starts[e + 1] - starts[e];
    if (add && rows == 0) return;
    Operand left = {a + int64(starts[e]) * m, 1, m, m, rows};
    Operand right = {b + int64(starts[e]) * n, 1, n, n, rows};
    product<TILE>(left, right, int64(within / across) * TILE, int64(within % across) * TILE, dw + e * m * n, n, add);
}

extern "C" __global__ void __launch_bounds__(GEMM_BLOCK, 2) groupedWeights128(const int* starts, int m, int n, const float* a, const float* b, float* dw, int add) {
    groupedWeightsTile<128>(starts, m, n, a, b, dw, add);
}

extern "C" __global__ void __launch_bounds__(GEMM_BLOCK) groupedWeights64(const int* starts, int m, int n, const float* a, const float* b, float* dw, int add) {
    groupedWeightsTile<64>(starts, m, n, a, b, dw, add);
}

// The expert of row r, or -1 if none has it.
__device__ inline int expertOfRow(const int* starts, int experts, int64 r) {
    if (r < starts[0] || r >= starts[experts]) return -1;
    int low = 0;
    int high = experts - 1;
    while (low < high) {
        int middle = (low + high + 1) / 2;
        if (starts[middle] <= r) low = middle;
        else high = middle - 1;
    }
    return low;
}

// y[r] = bias[e] for the rows r of each e; bias (E,n), y (R,n). A warp for each row; other rows are left alone.
extern "C" __global__ void groupedBias(const int* starts, int experts, int n, const float* bias, float* y, int64 rows) {
    int64 r = globalThread() / WARP;
    int e = r < rows ? expertOfRow(starts, experts, r) : -1;
    for (int j = laneOf(); j < n && e >= 0; j += WARP) y[r * n + j] = bias[int64(e) * n + j];
}

// dbias[e] += the sum of dy over the rows of e: a block for 32 columns of an expert, its 8 warps taking rows in turn. Grid (n / 32 · E)
extern "C" __global__ void __launch_bounds__(GEMM_BLOCK) groupedBiasGrad(const int* starts, int n, const float* dy, float* dbias) {
    __shared__ float work[GEMM_BLOCK / WARP][WARP];
    int across = (n + WARP - 1) / WARP;
    int64 e = blockIdx.x / across;
    int j = blockIdx.x % across * WARP + laneOf();
    float sum = 0;
    for (int64 r = starts[e] + warpOf(); r < starts[e + 1] && j < n; r += GEMM_BLOCK / WARP) sum += dy[r * n + j];
    work[warpOf()][laneOf()] = sum;
    __syncthreads();
    if (warpOf() > 0 || j >= n) return;
    sum = 0;
    for (int w = 0; w < GEMM_BLOCK / WARP; w++) sum += work[w][laneOf()];
    dbias[e * n + j] += sum;
}
