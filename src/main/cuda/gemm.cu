// Matrix products in float32 on the ordinary units. Each step of K brings a slice of a and b to shared memory while the slice before is
// multiplied, each thread holding a square of the tile in registers. Sums go over k in order, so results are the same at every run.
#include "gemm.cuh"

const int SIDE = 16;                           // 16 by 16 threads
const int STEP = 8;                            // of K: 2 slices of 128 · 8 values an operand are 16 KiB
const int PAD = 4;                             // so that the transposing stores of a slice go to different banks

// Tiles: 128 by 128 with 8 by 8 values a thread (16 loads for 64 products), and 64 by 64 with 4 by 4 for small operands.
template <int TILE> struct Slices {
    float a[2][STEP][TILE + PAD];
    float b[2][STEP][TILE + PAD];
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
template <int TILE> __device__ inline void simpleProduct(const Operand& a, const Operand& b, int64 firstI, int64 firstJ, float* c, int64 n, int add) {
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

template <int TILE> struct Simple {
    static const int SIZE = TILE;
    static __device__ void product(const Operand& a, const Operand& b, int64 firstI, int64 firstJ, float* c, int64 n, int add) {
        simpleProduct<TILE>(a, b, firstI, firstJ, c, n, add);
    }
};

GEMM_KERNELS(, Simple<128>, 128, 2)
GEMM_KERNELS(, Simple<64>, 64, 1)

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
