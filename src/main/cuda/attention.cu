// Attention whose scores are never kept (Dao et al. 2022, FlashAttention; its gradient by recomputation): a block takes a tile of queries
// and goes over tiles of keys with a running maximum and sum, or a tile of keys and goes over queries. Nothing is atomic: dq, dk with dv, and
// dbias are each summed by the one block that owns them. Shapes and options as org.moe4j.backend.AttentionShape says:
// q, y (B,Tq,H,Dh), k, v (B,Tk,KV,Dh), bias (H,distances), lse (B,H,Tq); query head h reads key/value head h / (H / KV).
#include "common.cuh"

const int ATTENTION_BLOCK = 256;               // 16 by 16 threads
const int SIDE = 16;
const int PAD = 4;                             // keeps rows at multiples of 16 bytes and in different banks

// Java's Attention fills it, 64 bits a field.
struct Shape {
    int64 batch, queries, keys, heads, keyHeads, headDim, causal, distances;

    __device__ int64 queryRow(int64 b, int64 t, int64 h) const { return ((b * queries + t) * heads + h) * headDim; }
    __device__ int64 keyRow(int64 b, int64 s, int64 g) const { return ((b * keys + s) * keyHeads + g) * headDim; }
    __device__ int64 lseRow(int64 b, int64 h, int64 t) const { return (b * heads + h) * queries + t; }
    __device__ int64 biasAt(int64 h, int64 t, int64 s) const { return h * distances + queries - 1 - t + s; }
    __device__ bool sees(int64 t, int64 s) const { return t < queries && s < keys && (!causal || s <= t); }
};

// Heads up to DH wide, zeros beyond headDim; tiles of BQ queries and BK keys: at most 77 KB of shared memory, which every chip from
// 8.0 on has for one block, most for two, and no more registers than let the threads of two blocks run.
template <int DH, int BQ, int BK> struct Tiles {
    static const int ROW = DH + PAD;
    static const int SCORES = BK + PAD;
    static const int Q = BQ / SIDE;            // rows of a tile that a thread has: ty + 16 i
    static const int K = BK / SIDE;            // columns: tx + 16 j
    static const int D = DH / SIDE;            // of the head: tx + 16 j

    // Rows first .. first + ROWS - 1 of a head to shared memory; `stride` from one row to the next.
    template <int ROWS> __device__ static void load(float* to, const float* x, int64 stride, int64 first, int64 rows, int headDim) {
        for (int j = threadIdx.x; j < ROWS * DH; j += ATTENTION_BLOCK) {
            int r = j / DH;
            int d = j % DH;
            to[r * ROW + d] = first + r < rows && d < headDim ? x[(first + r) * stride + d] : 0;
        }
    }

    // sum[i][j] = a[ty + 16 i] · b[tx + 16 j], rows of two tiles
    template <int I, int J> __device__ static void dots(const float* a, const float* b, float (&sum)[I][J]) {
        int tx = threadIdx.x % SIDE;
        int ty = threadIdx.x / SIDE;
#pragma unroll
        for (int i = 0; i < I; i++) {
#pragma unroll
            for (int j = 0; j < J; j++) sum[i][j] = 0;
        }
#pragma unroll 2
        for (int d = 0; d < DH; d += 4) {
            Pack x[I];
#pragma unroll
            for (int i = 0; i < I; i++) x[i] = pack(*reinterpret_cast<const float4*>(a + (ty + SIDE * i) * ROW + d));
#pragma unroll
            for (int j = 0; j < J; j++) {
                Pack y = pack(*reinterpret_cast<const float4*>(b + (tx + SIDE * j) * ROW + d));
#pragma unroll
                for (int i = 0; i < I; i++) {
#pragma unroll
                    for (int v = 0; v < 4; v++) sum[i][j] += x[i].v[v] * y.v[v];
                }
            }
        }
    }

    // sum[i][j] += the sum over s of p[ty + 16 i][s] x[s][tx + 16 j], s in from .. to of its row's: what a row doesn't see must not
    // meet its zero probability, since 0 · NaN is NaN.
    template <int I> __device__ static void mix(const float* p, int rowStep, int columnStep, const float* x, const int (&from)[I], const int (&to)[I], float (&sum)[I][D]) {
        int tx = threadIdx.x % SIDE;
        int ty = threadIdx.x / SIDE;
        int first = from[0];
        int last = to[0];
#pragma unroll
        for (int i = 1; i < I; i++) {
            first = min(first, from[i]);
            last = max(last, to[i]);
        }
        for (int s = first; s < last; s++) {
            float y[D];
#pragma unroll
            for (int j = 0; j < D; j++) y[j] = x[s * ROW + tx + SIDE * j];
#pragma unroll
            for (int i = 0; i < I; i++) {
                if (s >= from[i] && s < to[i]) {
                    float weight = p[(ty + SIDE * i) * rowStep + s * columnStep];
#pragma unroll
                    for (int j = 0; j < D; j++) sum[i][j] += weight * y[j];
                }
            }
        }
    }

    template <int I> __device__ static void clear(float (&sum)[I][D]) {
#pragma unroll
        for (int i = 0; i < I; i++) {
#pragma unroll
            for (int j = 0; j < D; j++) sum[i][j] = 0;
        }
    }

    // The keys of the tile from s0 on that each of a thread's queries sees, 0 .. to[i].
    __device__ static void visible(const Shape& shape, int64 t0, int64 s0, int (&from)[Q], int (&to)[Q]) {
        for (int i = 0; i < Q; i++) {
            int64 t = t0 + threadIdx.x / SIDE + SIDE * i;
            int64 end = t >= shape.queries ? 0 : shape.causal ? min(t + 1, shape.keys) : shape.keys;
            from[i] = 0;
            to[i] = int(max(int64(0), min(end - s0, int64(BK))));
        }
    }

    // The queries of the tile from t0 on that see each of a thread's keys.
    __device__ static void seenBy(const Shape& shape, int64 t0, int64 s0, int (&from)[K], int (&to)[K]) {
        for (int i = 0; i < K; i++) {
            int64 s = s0 + threadIdx.x / SIDE + SIDE * i;
            from[i] = shape.causal ? int(max(int64(0), min(s - t0, int64(BQ)))) : 0;
            to[i] = s >= shape.keys ? 0 : int(min(shape.queries - t0, int64(BQ)));
        }
    }
};

// scale q·k, bent by the cap: before the bias
__device__ inline float capped(float dot, float scale, float cap) {
    float score = scale * dot;
    return cap == 0 ? score : cap * tanhf(score / cap);
}

// Over a row's 16 threads.
__device__ inline float sideMax(float x) {
    for (int step = SIDE / 2; step > 0; step /= 2) x = fmaxf(x, __shfl_xor_sync(ALL, x, step));
    return x;
}
__device__ inline float sideSum(float x) {
    for (int step = SIDE / 2; step > 0; step /= 2) x += __shfl_xor_sync(ALL, x, step);
    return x;
}

// Grid (tiles of queries, heads, batch). Shared: a tile of q, one of k and then v, the probabilities.
template <int DH, int BQ, int BK> __device__ inline void forward(const Shape& shape, float scale, float cap, const float* q, const float* k, const float* v, const float* bias, float* y, float* lse) {
    typedef Tiles<DH, BQ, BK> T;
    DYNAMIC_SHARED(float, shared);
    float* tileQ = shared;
    float* tileK = tileQ + BQ * T::ROW;
    float* tileP = tileK + BK * T::ROW;
    int tx = threadIdx.x % SIDE;
    int ty = threadIdx.x / SIDE;
    int64 t0 = int64(blockIdx.x) * BQ;
    int64 h = blockIdx.y;
    int64 b = blockIdx.z;
    int64 g = h / (shape.heads / shape.keyHeads);
    int width = int(shape.headDim);
    T::template load<BQ>(tileQ, q + shape.queryRow(b, 0, h), shape.heads * width, t0, shape.queries, width);
    float most[T::Q], sum[T::Q], out[T::Q][T::D];
    for (int i = 0; i < T::Q; i++) {
        most[i] = MINUS_INFINITY;
        sum[i] = 0;
    }
    T::clear(out);
    int64 end = shape.causal ? min(shape.keys, t0 + BQ) : shape.keys;
    for (int64 s0 = 0; s0 < end; s0 += BK) {
        T::template load<BK>(tileK, k + shape.keyRow(b, 0, g), shape.keyHeads * width, s0, shape.keys, width);
        __syncthreads();
        float score[T::Q][T::K];
        T::dots(tileQ, tileK, score);
#pragma unroll
        for (int i = 0; i < T::Q; i++) {
            int64 t = t0 + ty + SIDE * i;
            float here = MINUS_INFINITY;
#pragma unroll
            for (int j = 0; j < T::K; j++) {
                int64 s = s0 + tx + SIDE * j;
                bool seen = shape.sees(t, s);
                score[i][j] = seen ? capped(score[i][j], scale, cap) + (bias ? bias[shape.biasAt(h, t, s)] : 0) : MINUS_INFINITY;
                here = fmaxf(here, score[i][j]);
            }
            float before = most[i];
            most[i] = fmaxf(before, sideMax(here));
            float shift = most[i] == MINUS_INFINITY ? 0 : most[i];  // nothing to see yet: every exponential is 0
            float shrink = expf(before - shift);
            float added = 0;
#pragma unroll
            for (int j = 0; j < T::K; j++) {
                float p = expf(score[i][j] - shift);
                tileP[(ty + SIDE * i) * T::SCORES + tx + SIDE * j] = p;
                added += p;
            }
            sum[i] = sum[i] * shrink + sideSum(added);
#pragma unroll
            for (int j = 0; j < T::D; j++) out[i][j] *= shrink;
        }
        __syncthreads();
        T::template load<BK>(tileK, v + shape.keyRow(b, 0, g), shape.keyHeads * width, s0, shape.keys, width);
        __syncthreads();
        int from[T::Q], to[T::Q];
        T::visible(shape, t0, s0, from, to);
        T::mix(tileP, T::SCORES, 1, tileK, from, to, out);
        __syncthreads();
    }
    for (int i = 0; i < T::Q; i++) {
        int64 t = t0 + ty + SIDE * i;
        if (t >= shape.queries) continue;
        float share = sum[i] == 0 ? 0 : 1 / sum[i];
        for (int j = 0; j < T::D; j++) {
            if (tx + SIDE * j < width) y[shape.queryRow(b, t, h) + tx + SIDE * j] = out[i][j] * share;
        }
        if (tx == 0) lse[shape.lseRow(b, h, t)] = most[i] + logf(sum[i]);
    }
}

// expected[b,h,t] = dy[b,t,h] · y[b,t,h], which is the sum over s of p[s] dp[s]; a warp for each
extern "C" __global__ void attentionExpected(const float* y, const float* dy, int64 queries, int64 heads, int headDim, int64 rows, float* expected) {
    int64 r = globalThread() / WARP;
    if (r >= rows) return;
    float sum = 0;
    for (int d = laneOf(); d < headDim; d += WARP) sum += y[r * headDim + d] * dy[r * headDim + d];
    sum = warpSum(sum);
    int64 t = r / heads % queries;
    int64 b = r / heads / queries;
    if (laneOf() == 0) expected[(b * heads + r % heads) * queries + t] = sum;
}

// What the gradients have in common.
struct Gradient {
    Shape shape;
    float scale, cap;
    const float *q, *k, *v, *bias, *lse, *dy, *expected;
};

// From the dot products q·k and dy·v of a tile: p, dscore, and what it is of the dot product; all 0 where t doesn't see s.
template <int I, int J> __device__ inline void slopes(const Gradient& in, int64 b, int64 h, int64 t0, int64 s0, float (&dot)[I][J], float (&dp)[I][J], float* tileP, float* tileScore, float* tileDot, int row) {
    int tx = threadIdx.x % SIDE;
    int ty = threadIdx.x / SIDE;
#pragma unroll
    for (int i = 0; i < I; i++) {
        int64 t = t0 + ty + SIDE * i;
        float lse = t < in.shape.queries ? in.lse[in.shape.lseRow(b, h, t)] : 0;
        float expected = t < in.shape.queries ? in.expected[in.shape.lseRow(b, h, t)] : 0;
#pragma unroll
        for (int j = 0; j < J; j++) {
            int64 s = s0 + tx + SIDE * j;
            float p = 0;
            float dscore = 0;
            float ddot = 0;
            if (in.shape.sees(t, s)) {
                float score = capped(dot[i][j], in.scale, in.cap);
                p = expf(score + (in.bias ? in.bias[in.shape.biasAt(h, t, s)] : 0) - lse);
                dscore = p * (dp[i][j] - expected);
                float bent = in.cap == 0 ? 0 : score / in.cap;
                ddot = dscore * (1 - bent * bent) * in.scale;
            }
            int at = (ty + SIDE * i) * row + tx + SIDE * j;
            if (tileP) tileP[at] = p;
            if (tileScore) tileScore[at] = dscore;
            if (tileDot) tileDot[at] = ddot;
        }
    }
}

// dq. Grid (tiles of queries, heads, batch). Shared: tiles of q, dy, k, v, dscores.
template <int DH, int BQ, int BK> __device__ inline void queryGrad(const Gradient& in, float* dq) {
    typedef Tiles<DH, BQ, BK> T;
    DYNAMIC_SHARED(float, shared);
    float* tileQ = shared;
    float* tileDy = tileQ + BQ * T::ROW;
    float* tileK = tileDy + BQ * T::ROW;
    float* tileV = tileK + BK * T::ROW;
    float* tileDot = tileV + BK * T::ROW;
    const Shape& shape = in.shape;
    int64 t0 = int64(blockIdx.x) * BQ;
    int64 h = blockIdx.y;
    int64 b = blockIdx.z;
    int64 g = h / (shape.heads / shape.keyHeads);
    int width = int(shape.headDim);
    T::template load<BQ>(tileQ, in.q + shape.queryRow(b, 0, h), shape.heads * width, t0, shape.queries, width);
    T::template load<BQ>(tileDy, in.dy + shape.queryRow(b, 0, h), shape.heads * width, t0, shape.queries, width);
    float out[T::Q][T::D];
    T::clear(out);
    int64 end = shape.causal ? min(shape.keys, t0 + BQ) : shape.keys;
    for (int64 s0 = 0; s0 < end; s0 += BK) {
        T::template load<BK>(tileK, in.k + shape.keyRow(b, 0, g), shape.keyHeads * width, s0, shape.keys, width);
        T::template load<BK>(tileV, in.v + shape.keyRow(b, 0, g), shape.keyHeads * width, s0, shape.keys, width);
        __syncthreads();
        float dot[T::Q][T::K], dp[T::Q][T::K];
        T::dots(tileQ, tileK, dot);
        T::dots(tileDy, tileV, dp);
        slopes(in, b, h, t0, s0, dot, dp, nullptr, nullptr, tileDot, T::SCORES);
        __syncthreads();
        int from[T::Q], to[T::Q];
        T::visible(shape, t0, s0, from, to);
        T::mix(tileDot, T::SCORES, 1, tileK, from, to, out);
        __syncthreads();
    }
    int tx = threadIdx.x % SIDE;
    int ty = threadIdx.x / SIDE;
    for (int i = 0; i < T::Q; i++) {
        int64 t = t0 + ty + SIDE * i;
        for (int j = 0; j < T::D; j++) {
            if (t < shape.queries && tx + SIDE * j < width) dq[shape.queryRow(b, t, h) + tx + SIDE * j] += out[i][j];
        }
    }
}

// dk and dv, over all query heads that read a key/value head. Grid (tiles of keys, key/value heads, batch). Shared: tiles of q, dy, k,
// v, probabilities, dscores.
template <int DH, int BQ, int BK> __device__ inline void keyGrad(const Gradient& in, float* dk, float* dv) {
    typedef Tiles<DH, BQ, BK> T;
    DYNAMIC_SHARED(float, shared);
    float* tileQ = shared;
    float* tileDy = tileQ + BQ * T::ROW;
    float* tileK = tileDy + BQ * T::ROW;
    float* tileV = tileK + BK * T::ROW;
    float* tileP = tileV + BK * T::ROW;
    float* tileDot = tileP + BQ * T::SCORES;
    const Shape& shape = in.shape;
    int64 s0 = int64(blockIdx.x) * BK;
    int64 g = blockIdx.y;
    int64 b = blockIdx.z;
    int64 group = shape.heads / shape.keyHeads;
    int width = int(shape.headDim);
    T::template load<BK>(tileK, in.k + shape.keyRow(b, 0, g), shape.keyHeads * width, s0, shape.keys, width);
    T::template load<BK>(tileV, in.v + shape.keyRow(b, 0, g), shape.keyHeads * width, s0, shape.keys, width);
    float outK[T::K][T::D], outV[T::K][T::D];
    T::clear(outK);
    T::clear(outV);
    for (int64 h = g * group; h < (g + 1) * group; h++) {
        for (int64 t0 = shape.causal ? s0 / BQ * BQ : 0; t0 < shape.queries; t0 += BQ) {
            T::template load<BQ>(tileQ, in.q + shape.queryRow(b, 0, h), shape.heads * width, t0, shape.queries, width);
            T::template load<BQ>(tileDy, in.dy + shape.queryRow(b, 0, h), shape.heads * width, t0, shape.queries, width);
            __syncthreads();
            float dot[T::Q][T::K], dp[T::Q][T::K];
            T::dots(tileQ, tileK, dot);
            T::dots(tileDy, tileV, dp);
            slopes(in, b, h, t0, s0, dot, dp, tileP, nullptr, tileDot, T::SCORES);
            __syncthreads();
            int from[T::K], to[T::K];
            T::seenBy(shape, t0, s0, from, to);
            T::mix(tileDot, 1, T::SCORES, tileQ, from, to, outK);
            T::mix(tileP, 1, T::SCORES, tileDy, from, to, outV);
            __syncthreads();
        }
    }
    int tx = threadIdx.x % SIDE;
    int ty = threadIdx.x / SIDE;
    for (int i = 0; i < T::K; i++) {
        int64 s = s0 + ty + SIDE * i;
        for (int j = 0; j < T::D; j++) {
            if (s < shape.keys && tx + SIDE * j < width) {
                dk[shape.keyRow(b, s, g) + tx + SIDE * j] += outK[i][j];
                dv[shape.keyRow(b, s, g) + tx + SIDE * j] += outV[i][j];
            }
        }
    }
}

// dbias: a block has BK neighbouring distances of a head, and goes over all sequences and tiles of queries with the keys at these
// distances, which begin one further back for every query and so span two tiles of keys at most. Grid (tiles of distances, heads).
template <int DH, int BQ, int BK> __device__ inline void biasGrad(const Gradient& in, float* dbias) {
    typedef Tiles<DH, BQ, BK> T;
    DYNAMIC_SHARED(float, shared);
    float* tileQ = shared;
    float* tileDy = tileQ + BQ * T::ROW;
    float* tileK = tileDy + BQ * T::ROW;
    float* tileV = tileK + BK * T::ROW;
    float* tileScore = tileV + BK * T::ROW;
    const Shape& shape = in.shape;
    int64 distance0 = int64(blockIdx.x) * BK;
    int64 h = blockIdx.y;
    int64 g = h / (shape.heads / shape.keyHeads);
    int width = int(shape.headDim);
    float sum = 0;                             // of distance0 + threadIdx.x
    for (int64 b = 0; b < shape.batch; b++) {
        for (int64 t0 = 0; t0 < shape.queries; t0 += BQ) {
            T::template load<BQ>(tileQ, in.q + shape.queryRow(b, 0, h), shape.heads * width, t0, shape.queries, width);
            T::template load<BQ>(tileDy, in.dy + shape.queryRow(b, 0, h), shape.heads * width, t0, shape.queries, width);
            int64 behind = shape.queries - 1 - t0;             // key s is at the distance behind + s - i of the tile's i-th query
            int64 least = max(int64(0), distance0 - behind);
            int64 end = min(shape.keys, distance0 + BK - behind + BQ - 1);
            for (int64 s0 = least; s0 < end; s0 += BK) {
                T::template load<BK>(tileK, in.k + shape.keyRow(b, 0, g), shape.keyHeads * width, s0, shape.keys, width);
                T::template load<BK>(tileV, in.v + shape.keyRow(b, 0, g), shape.keyHeads * width, s0, shape.keys, width);
                __syncthreads();
                float dot[T::Q][T::K], dp[T::Q][T::K];
                T::dots(tileQ, tileK, dot);
                T::dots(tileDy, tileV, dp);
                slopes(in, b, h, t0, s0, dot, dp, nullptr, tileScore, nullptr, T::SCORES);
                __syncthreads();
                for (int i = 0; i < BQ && threadIdx.x < BK; i++) {
                    int64 s = distance0 + threadIdx.x - behind + i - s0;
                    if (s >= 0 && s < BK) sum += tileScore[i * T::SCORES + s];
                }
                __syncthreads();
            }
            __syncthreads();
        }
    }
    if (threadIdx.x < BK && distance0 + threadIdx.x < shape.distances) dbias[h * shape.distances + distance0 + threadIdx.x] += sum;
}

// The kernels of a width: forward with wider tiles than the gradients, which keep twice as much.
#define ATTENTION(DH, BQ, BK, GQ, GK) \
    extern "C" __global__ void __launch_bounds__(ATTENTION_BLOCK) attention##DH(const __grid_constant__ Shape shape, float scale, float cap, const float* q, const float* k, const float* v, const float* bias, float* y, float* lse) { \
        forward<DH, BQ, BK>(shape, scale, cap, q, k, v, bias, y, lse); \
    } \
    extern "C" __global__ void __launch_bounds__(ATTENTION_BLOCK) attentionQueryGrad##DH(const __grid_constant__ Shape shape, float scale, float cap, const float* q, const float* k, const float* v, const float* bias, const float* lse, const float* dy, const float* expected, float* dq) { \
        queryGrad<DH, GQ, GK>({shape, scale, cap, q, k, v, bias, lse, dy, expected}, dq); \
    } \
    extern "C" __global__ void __launch_bounds__(ATTENTION_BLOCK) attentionKeyGrad##DH(const __grid_constant__ Shape shape, float scale, float cap, const float* q, const float* k, const float* v, const float* bias, const float* lse, const float* dy, const float* expected, float* dk, float* dv) { \
        keyGrad<DH, GQ, GK>({shape, scale, cap, q, k, v, bias, lse, dy, expected}, dk, dv); \
    } \
    extern "C" __global__ void __launch_bounds__(ATTENTION_BLOCK) attentionBiasGrad##DH(const __grid_constant__ Shape shape, float scale, float cap, const float* q, const float* k, const float* v, const float* bias, const float* lse, const float* dy, const float* expected, float* dbias) { \
        biasGrad<DH, GQ, GK>({shape, scale, cap, q, k, v, bias, lse, dy, expected}, dbias); \
    }

ATTENTION(32, 64, 64, 32, 64)
ATTENTION(64, 64, 64, 32, 64)
ATTENTION(128, 64, 32, 32, 32)
ATTENTION(256, 32, 32, 16, 16)
