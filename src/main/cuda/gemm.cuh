// Matrix products by tiles: c (m,n) = op(a) (m,k) · op(b) (k,n), and the same for every expert over its own rows in one launch. Which
// tile of which product a block makes is said here; how, by a type with the side of a tile, SIZE, and
//   product(a, b, firstI, firstJ, c, n, add): c[i,j], i from firstI and j from firstJ, = or += the sum over l of a(i,l) b(j,l); c is row-major with n columns.
#pragma once
#include "common.cuh"

const int GEMM_BLOCK = 256;

// How an operand lies in memory: element (i, l) of op(x), i along the tile's side and l along K, at x[i · row + l · column]; column is 1
// if it is contiguous along K, else row. rows and depth bound i and l.
struct Operand {
    const float* x;
    int64 row;
    int64 column;
    int64 rows;
    int64 depth;
    bool alongK;
};

// Grid (tiles of n · tiles of m)
template <class Tiles> __device__ inline void gemmTile(int transposeA, int transposeB, int m, int n, int k, const float* a, const float* b, float* c, int add) {
    const int TILE = Tiles::SIZE;
    int across = (n + TILE - 1) / TILE;
    Operand left = {a, transposeA ? 1 : int64(k), transposeA ? int64(m) : 1, m, k, !transposeA};
    Operand right = {b, transposeB ? int64(k) : 1, transposeB ? 1 : int64(n), n, k, bool(transposeB)};
    Tiles::product(left, right, int64(blockIdx.x / across) * TILE, int64(blockIdx.x % across) * TILE, c, n, add);
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
template <class Tiles> __device__ inline void groupedTile(const int* starts, int experts, int transposeW, int n, int k, const float* x, const float* w, float* y, int add) {
    const int TILE = Tiles::SIZE;
    int across = (n + TILE - 1) / TILE;
    int64 slot = blockIdx.x / across;
    int e = expertOf(starts, experts, slot, TILE);
    int64 first = starts[e] + (slot - slotOf(starts, e, TILE)) * TILE;
    if (slot < slotOf(starts, e, TILE) || first >= starts[e + 1]) return;
    const float* expert = w + int64(e) * n * k;
    Operand left = {x, k, 1, starts[e + 1], k, true};
    Operand right = {expert, transposeW ? int64(k) : 1, transposeW ? 1 : int64(n), n, k, bool(transposeW)};
    Tiles::product(left, right, first, int64(blockIdx.x % across) * TILE, y, n, add);
}

// dw[e] (m,n) = a[rows of e]ᵀ · b[rows of e], or += ; a (R,m), b (R,n); grid (tiles of n · tiles of m · experts)
template <class Tiles> __device__ inline void groupedWeightsTile(const int* starts, int m, int n, const float* a, const float* b, float* dw, int add) {
    const int TILE = Tiles::SIZE;
    int across = (n + TILE - 1) / TILE;
    int down = (m + TILE - 1) / TILE;
    int64 e = blockIdx.x / (int64(across) * down);
    int within = int(blockIdx.x % (int64(across) * down));
    int64 rows = starts[e + 1] - starts[e];
    if (add && rows == 0) return;
    Operand left = {a + int64(starts[e]) * m, 1, m, m, rows, false};
    Operand right = {b + int64(starts[e]) * n, 1, n, n, rows, false};
    Tiles::product(left, right, int64(within / across) * TILE, int64(within % across) * TILE, dw + e * m * n, n, add);
}

// The kernels of a kind of tiles; `BLOCKS`: of a multiprocessor, which bounds the registers.
#define GEMM_KERNELS(NAME, TILES, SIZE, BLOCKS) \
    extern "C" __global__ void __launch_bounds__(GEMM_BLOCK, BLOCKS) gemm##NAME##SIZE(int transposeA, int transposeB, int m, int n, int k, const float* a, const float* b, float* c, int add) { \
        gemmTile<TILES>(transposeA, transposeB, m, n, k, a, b, c, add); \
    } \
    extern "C" __global__ void __launch_bounds__(GEMM_BLOCK, BLOCKS) groupedGemm##NAME##SIZE(const int* starts, int experts, int transposeW, int n, int k, const float* x, const float* w, float* y, int add) { \
        groupedTile<TILES>(starts, experts, transposeW, n, k, x, w, y, add); \
    } \
    extern "C" __global__ void __launch_bounds__(GEMM_BLOCK, BLOCKS) groupedWeights##NAME##SIZE(const int* starts, int m, int n, const float* a, const float* b, float* dw, int add) { \
        groupedWeightsTile<TILES>(starts, m, n, a, b, dw, add); \
    }
