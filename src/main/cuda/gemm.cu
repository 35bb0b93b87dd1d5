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

// A thread's part of the slices of an operand, on its way from memory: 4 values that lie together there, along K or along the tile's
// side. Small tiles leave half of the threads without.
template <int TILE> struct Part {
    static const int THREADS = TILE * STEP / 4;
    bool alongK, whole;
    const float* next;                         // this thread's values of the slice to come
    int64 step;                                // to those of the next
    int l;                                     // how far along K they begin
    int rows;                                  // of the operand from these on, 0 for a thread without a part
    Pack v;

    __device__ Part(const Operand& o, int64 first) {
        int t = threadIdx.x;
        alongK = o.alongK;
        whole = (alongK ? o.row : o.column) % 4 == 0 && aligned(o.x) && (alongK || first % 4 == 0);
        l = alongK ? t % (STEP / 4) * 4 : t / (TILE / 4);
        next = o.x + (first + side()) * o.row + l * o.column;
        step = STEP * o.column;
        rows = t < THREADS ? int(min(o.rows - first, int64(TILE))) - side() : 0;
    }

    // Where they begin within the slice, along the tile's side.
    __device__ int side() const { return alongK ? int(threadIdx.x) / (STEP / 4) : int(threadIdx.x) % (TILE / 4) * 4; }

    // `depth`: how much of K is left
    __device__ void load(int depth) {
        int n = alongK ? (rows > 0 ? depth - l : 0) : (l < depth ? rows : 0);
        Pack zero = {{0, 0, 0, 0}};
        v = n > 0 ? loadPack(next, 0, n, whole) : zero;
        next += step;
    }

    __device__ void store(float (*slice)[TILE + PAD]) const {
        if (threadIdx.x >= THREADS) return;
        if (alongK) {
#pragma unroll
            for (int r = 0; r < 4; r++) slice[l + r][side()] = v.v[r];
        } else {
            *reinterpret_cast<float4*>(&slice[l][side()]) = make_float4(v.v[0], v.v[1], v.v[2], v.v[3]);
        }
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
    int left = int(a.depth);                   // of K
    partA.load(left);
    partB.load(left);
    partA.store(s.a[0]);
    partB.store(s.b[0]);
    __syncthreads();
    int now = 0;
    for (; left > 0; left -= STEP) {
        bool more = left > STEP;
        if (more) {
            partA.load(left - STEP);
            partB.load(left - STEP);
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
