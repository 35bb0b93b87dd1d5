// The k largest of each row, in descending order, the lower number first at a tie, NaN below every number. A candidate is one 64-bit key:
// its value's bits, put in order, above its number's complement; so keys are distinct, and every way of sorting gives the same.
#include "common.cuh"

const int TOP_BLOCK = 256;
const int WARPS = TOP_BLOCK / WARP;
const int DIGITS = 256;                        // a thread for each

// Ascends with the value: negative numbers turned, NaN 0, -0 as 0.
__device__ inline unsigned orderOf(float x) {
    if (x != x) return 0;
    unsigned bits = __float_as_uint(x == 0 ? 0.0f : x);
    return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

__device__ inline uint64 keyOf(float value, int number) { return uint64(orderOf(value)) << 32 | unsigned(~number); }
__device__ inline int numberOf(uint64 key) { return ~int(unsigned(key)); }

// ---- up to 32 of a row: a warp, whose lane i holds the i-th best so far; 0 is no candidate

// Exchanges with a lane whose number differs in `bit`: the larger key to the lower lane where `down`.
__device__ inline uint64 exchange(uint64 key, int bit, bool down) {
    uint64 other = __shfl_xor_sync(ALL, key, bit);
    bool low = (laneOf() & bit) == 0;
    return (low == down) == (key > other) ? key : other;
}

// Sorts the keys of a warp, the largest to lane 0.
__device__ inline uint64 sortWarp(uint64 key) {
#pragma unroll
    for (int size = 2; size <= WARP; size *= 2) {
#pragma unroll
        for (int bit = size / 2; bit > 0; bit /= 2) key = exchange(key, bit, (laneOf() & size) == 0);
    }
    return key;
}

// The 32 best of two sorted lists: the best of each pair, the second taken backwards, are they, as one rise and one fall.
__device__ inline uint64 merge(uint64 best, uint64 sorted) {
    uint64 other = __shfl_sync(ALL, sorted, WARP - 1 - laneOf());
    best = best > other ? best : other;
#pragma unroll
    for (int bit = WARP / 2; bit > 0; bit /= 2) best = exchange(best, bit, true);
    return best;
}

// Takes 32 candidates in, one a lane, if any is among the k best.
__device__ inline uint64 take(uint64 best, uint64 candidate, int k) {
    uint64 least = __shfl_sync(ALL, best, k - 1);
    return __any_sync(ALL, candidate > least) ? merge(best, sortWarp(candidate)) : best;
}

__device__ inline uint64 bestOf(const float* x, int n, int k) {
    uint64 best = 0;
    for (int from = 0; from < n; from += WARP) {
        int c = from + laneOf();
        best = take(best, c < n ? keyOf(x[c], c) : 0, k);
    }
    return best;
}

// k ≤ 32, a warp for each row
extern "C" __global__ void __launch_bounds__(TOP_BLOCK) topKWarp(const float* x, int rows, int cols, int k, float* values, int* columns) {
    int64 r = globalThread() / WARP;
    if (r >= rows) return;
    uint64 best = bestOf(x + r * cols, cols, k);
    if (laneOf() < k) {
        columns[r * k + laneOf()] = numberOf(best);
        values[r * k + laneOf()] = x[r * cols + numberOf(best)];
    }
}

// The k largest sums a[r,i] + b[r,j] among the `half` best of each side, and i n + j; half and k ≤ 32, a warp for each row
extern "C" __global__ void __launch_bounds__(TOP_BLOCK) productTopKWarp(const float* a, const float* b, int rows, int n, int half, int k, float* values, int* ids) {
    int64 r = globalThread() / WARP;
    if (r >= rows) return;
    a += r * n;
    b += r * n;
    int columnA = numberOf(bestOf(a, n, half));
    int columnB = numberOf(bestOf(b, n, half));
    float bestB = laneOf() < half ? b[columnB] : 0;
    uint64 best = 0;
    for (int i = 0; i < half; i++) {
        int column = __shfl_sync(ALL, columnA, i);
        best = take(best, laneOf() < half ? keyOf(a[column] + bestB, column * n + columnB) : 0, k);
    }
    if (laneOf() < k) {
        int id = numberOf(best);
        ids[r * k + laneOf()] = id;
        values[r * k + laneOf()] = a[id / n] + b[id % n];
    }
}

// ---- any number of a row: a block, which finds the k-th largest key digit by digit, then sorts those that are not below

// Where a row's candidates come from: its columns, or the pairs of the best of two sides.
struct Columns {
    const float* x;
    int cols;
    __device__ int count() const { return cols; }
    __device__ uint64 key(int c) const { return keyOf(x[c], c); }
    __device__ float value(int number) const { return x[number]; }
};

struct Pairs {
    const float* a;
    const float* b;
    const int* bestA;
    const int* bestB;
    int n;
    int half;
    __device__ int count() const { return half * half; }
    __device__ uint64 key(int c) const {
        int i = bestA[c / half];
        int j = bestB[c % half];
        return keyOf(a[i] + b[j], i * n + j);
    }
    __device__ float value(int number) const { return a[number / n] + b[number % n]; }
};

template <class Candidates> __device__ inline uint64 kthLargest(const Candidates& candidates, int k, int* counts, int* work) {
    __shared__ int chosen[2];
    uint64 found = 0;                          // the digits so far
    int wanted = k;                            // how many of those with these digits
    for (int shift = 56; shift >= 0; shift -= 8) {
        counts[threadIdx.x] = 0;
        __syncthreads();
        for (int c = threadIdx.x; c < candidates.count(); c += TOP_BLOCK) {
            uint64 key = candidates.key(c);
            if (shift == 56 || key >> (shift + 8) == found) atomicAdd(&counts[key >> shift & (DIGITS - 1)], 1);
        }
        __syncthreads();
        int digit = DIGITS - 1 - threadIdx.x;  // the largest first
        int mine = counts[digit];
        int total;
        int before = blockScan(mine, work, &total);
        if (before < wanted && wanted <= before + mine) {
            chosen[0] = digit;
            chosen[1] = wanted - before;
        }
        __syncthreads();
        found = found << 8 | unsigned(chosen[0]);
        wanted = chosen[1];
        __syncthreads();
    }
    return found;
}

// list: room for `size` keys, a power of 2 not below k
template <class Candidates> __device__ inline void topKOf(const Candidates& candidates, int k, uint64* list, int size, float* values, int* numbers) {
    __shared__ int counts[DIGITS];
    __shared__ int work[WARPS];
    __shared__ int held;
    uint64 least = kthLargest(candidates, k, counts, work);
    if (threadIdx.x == 0) held = 0;
    for (int i = threadIdx.x; i < size; i += TOP_BLOCK) list[i] = 0;
    __syncthreads();
    for (int c = threadIdx.x; c < candidates.count(); c += TOP_BLOCK) {
        uint64 key = candidates.key(c);
        if (key >= least) list[atomicAdd(&held, 1)] = key;      // in any order: they are sorted next
    }
    __syncthreads();
    for (int run = 2; run <= size; run *= 2) {
        for (int step = run / 2; step > 0; step /= 2) {
            for (int i = threadIdx.x; i < size; i += TOP_BLOCK) {
                int other = i ^ step;
                if (other > i && (list[i] < list[other]) == ((i & run) == 0)) {
                    uint64 key = list[i];
                    list[i] = list[other];
                    list[other] = key;
                }
            }
            __syncthreads();
        }
    }
    for (int i = threadIdx.x; i < k; i += TOP_BLOCK) {
        numbers[i] = numberOf(list[i]);
        values[i] = candidates.value(numbers[i]);
    }
}

// lists (rows, size), or null where the keys fit into dynamic shared memory
extern "C" __global__ void __launch_bounds__(TOP_BLOCK) topKBlock(const float* x, int cols, int k, uint64* lists, int size, float* values, int* columns) {
    DYNAMIC_SHARED(uint64, shared);
    int64 r = blockIdx.x;
    Columns candidates = {x + r * cols, cols};
    topKOf(candidates, k, lists ? lists + r * size : shared, size, values + r * k, columns + r * k);
}

// bestA, bestB (rows, half)
extern "C" __global__ void __launch_bounds__(TOP_BLOCK) productTopKBlock(const float* a, const float* b, const int* bestA, const int* bestB, int n, int half, int k, uint64* lists, int size, float* values, int* ids) {
    DYNAMIC_SHARED(uint64, shared);
    int64 r = blockIdx.x;
    Pairs candidates = {a + r * n, b + r * n, bestA + r * half, bestB + r * half, n, half};
    topKOf(candidates, k, lists ? lists + r * size : shared, size, values + r * k, ids + r * k);
}
