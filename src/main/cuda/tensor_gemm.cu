// Matrix products of float32 operands rounded to TF32 or bfloat16, on tensor cores, with sums in float32. As in gemm.cu a block makes one
// tile of c, and each step of K brings a slice of a and b to shared memory, rounded, while the slice before is multiplied; here a slice has
// 16 words for each row of the tile, and each of 8 warps makes a part of half the tile's rows and a quarter of its columns.
#include "gemm.cuh"
#include "tensor_cores.cuh"

const int WORDS = 16;                          // of a row of a slice: 16 TF32 numbers or 32 bfloat16
const int STRIDE = WORDS + 4;                  // between rows: the 8 rows of a fragment lie in different banks, and at multiples of 16 bytes

// A thread's part of the slices of an operand, on its way from memory: units of 4 words, which are one row's where the operand is
// contiguous along K, and 4 rows' where it is along the tile's side, so that 16 bytes are read at once either way.
template <class Format, int TILE> struct Units {
    static const int COUNT = TILE * WORDS / 4 / GEMM_BLOCK;
    static const int STEP = WORDS * Format::VALUES;
    static const int APART = 64;               // rows between a thread's units, of the same words
    bool alongK, whole;
    const float* next;                         // this thread's first value of the slice to come
    int64 row, column;
    int i, word;                               // where its first unit begins within the slice
    int rows;                                  // of the operand from the tile's first on
    float v[COUNT][4 * Format::VALUES];

    __device__ Units(const Operand& o, int64 first) {
        alongK = o.alongK;
        row = o.row;
        column = o.column;
        whole = (alongK ? row : column) % 4 == 0 && aligned(o.x) && (alongK || first % 4 == 0);
        rows = int(min(o.rows - first, int64(TILE)));
        i = alongK ? warpOf() * 8 + laneOf() / 4 : 4 * (warpOf() / 2 * 4 + laneOf() % 4);
        word = alongK ? laneOf() % 4 * 4 : warpOf() % 2 * 8 + laneOf() / 4;
        next = o.x + (first + i) * row + word * Format::VALUES * column;
    }

    // `depth`: how much of K is left
    __device__ void load(int64 depth) {
        int left = int(min(depth, int64(STEP))) - word * Format::VALUES;
#pragma unroll
        for (int u = 0; u < COUNT; u++) {
            int below = rows - i - u * APART;
#pragma unroll
            for (int j = 0; j < Format::VALUES; j++) {
                int n = alongK ? (below > 0 ? left - 4 * j : 0) : (j < left ? below : 0);
                Pack p = {{0, 0, 0, 0}};
                if (n > 0) p = loadPack(next + u * APART * row + (alongK ? 4 * j : j * column), 0, n, whole);
#pragma unroll
                for (int r = 0; r < 4; r++) v[u][4 * j + r] = p.v[r];
            }
        }
        next += STEP * column;
    }

    __device__ void store(unsigned* slice) const {
#pragma unroll
        for (int u = 0; u < COUNT; u++) {
            unsigned* to = slice + (i + u * APART) * STRIDE + word;
            if (alongK) {
                uint4 w;
                w.x = Format::word(v[u], 1);
                w.y = Format::word(v[u] + Format::VALUES, 1);
                w.z = Format::word(v[u] + 2 * Format::VALUES, 1);
                w.w = Format::word(v[u] + 3 * Format::VALUES, 1);
                *reinterpret_cast<uint4*>(to) = w;
            } else {
#pragma unroll
                for (int r = 0; r < 4; r++) to[r * STRIDE] = Format::word(v[u] + r, 4);
            }
        }
    }
};

template <class Format, int TILE> struct Tensor {
    static const int SIZE = TILE;
    static const int DOWN = TILE / 2 / 16;     // products of 16 by 8 in a warp's part
    static const int ACROSS = TILE / 4 / 8;

    static __device__ void product(const Operand& a, const Operand& b, int64 firstI, int64 firstJ, float* c, int64 n, int add) {
        __align__(16) __shared__ unsigned slices[2][2][TILE * STRIDE];
        int g = laneOf() / 4;
        int t = laneOf() % 4;
        int down = warpOf() / 4 * (TILE / 2);
        int across = warpOf() % 4 * (TILE / 4);
        float sum[DOWN][ACROSS][4];
#pragma unroll
        for (int i = 0; i < DOWN; i++) {
#pragma unroll
            for (int j = 0; j < ACROSS; j++) {
#pragma unroll
                for (int v = 0; v < 4; v++) sum[i][j][v] = 0;
            }
        }
        Units<Format, TILE> unitsA(a, firstI);
        Units<Format, TILE> unitsB(b, firstJ);
        unitsA.load(a.depth);
        unitsB.load(a.depth);
        unitsA.store(slices[0][0]);
        unitsB.store(slices[0][1]);
        __syncthreads();
        int now = 0;
        for (int64 at = 0; at < a.depth; at += unitsA.STEP) {
            bool more = at + unitsA.STEP < a.depth;
            if (more) {
                unitsA.load(a.depth - at - unitsA.STEP);
                unitsB.load(a.depth - at - unitsA.STEP);
            }
            const unsigned* rowsA = slices[now][0] + (down + g) * STRIDE + t;
            const unsigned* rowsB = slices[now][1] + (across + g) * STRIDE + t;
#pragma unroll
            for (int word = 0; word < WORDS; word += 8) {
                unsigned right[ACROSS][2];
#pragma unroll
                for (int j = 0; j < ACROSS; j++) {
                    right[j][0] = rowsB[j * 8 * STRIDE + word];
                    right[j][1] = rowsB[j * 8 * STRIDE + word + 4];
                }
#pragma unroll
                for (int i = 0; i < DOWN; i++) {
                    const unsigned* row = rowsA + i * 16 * STRIDE + word;
                    unsigned left[4] = {row[0], row[8 * STRIDE], row[4], row[8 * STRIDE + 4]};
#pragma unroll
                    for (int j = 0; j < ACROSS; j++) Format::multiply(sum[i][j], left, right[j]);
                }
            }
            if (more) {
                unitsA.store(slices[1 - now][0]);
                unitsB.store(slices[1 - now][1]);
            }
            __syncthreads();
            now = 1 - now;
        }
#pragma unroll
        for (int i = 0; i < DOWN; i++) {
#pragma unroll
            for (int half = 0; half < 2; half++) {
                int64 row = firstI + down + i * 16 + half * 8 + g;
                if (row >= a.rows) continue;
#pragma unroll
                for (int j = 0; j < ACROSS; j++) {
                    int64 column = firstJ + across + j * 8 + 2 * t;
#pragma unroll
                    for (int v = 0; v < 2; v++) {
                        if (column + v < b.rows) {
                            float& to = c[row * n + column + v];
                            to = add ? to + sum[i][j][2 * half + v] : sum[i][j][2 * half + v];
                        }
                    }
                }
            }
        }
    }
};

typedef Tensor<Tf32, 128> Tf32Large;
typedef Tensor<Tf32, 64> Tf32Small;
typedef Tensor<Bf16, 128> Bf16Large;
typedef Tensor<Bf16, 64> Bf16Small;

GEMM_KERNELS(Tf32_, Tf32Large, 128, 2)
GEMM_KERNELS(Tf32_, Tf32Small, 64, 2)
GEMM_KERNELS(Bf16_, Bf16Large, 128, 2)
GEMM_KERNELS(Bf16_, Bf16Small, 64, 2)
