// Lists of whole numbers: a stable radix sort, and from it the distinct rows of a list and the places of each (tensor.RowIndex) and the
// places of each group (tensor.GroupIndex). Nothing is read by the host. Negative numbers are empty slots, and sort last: they
// are taken as `empty`, a number above all others.
#include "random.cuh"

const int SORT_BLOCK = 256;
const int DIGITS = 256;                        // 8 bits a pass: a thread for each digit
const int TILE = 8 * SORT_BLOCK;               // numbers of a block

__device__ inline int keyOf(const int* numbers, int64 i, int empty) { return numbers[i] < 0 ? empty : numbers[i]; }

// counts (256, tiles): how often each digit stands in each tile; atomics of whole numbers, whose order is no matter
extern "C" __global__ void __launch_bounds__(SORT_BLOCK) radixCount(const int* numbers, int n, int empty, int shift, int* counts) {
    __shared__ int count[DIGITS];
    count[threadIdx.x] = 0;
    __syncthreads();
    for (int j = threadIdx.x; j < TILE; j += SORT_BLOCK) {
        int64 i = int64(blockIdx.x) * TILE + j;
        if (i < n) atomicAdd(&count[keyOf(numbers, i, empty) >> shift & (DIGITS - 1)], 1);
    }
    __syncthreads();
    counts[int64(threadIdx.x) * gridDim.x + blockIdx.x] = count[threadIdx.x];
}

// Sums before each tile, a block for each digit, whose total goes to totals (256).
extern "C" __global__ void __launch_bounds__(SORT_BLOCK) radixScan(int* counts, int tiles, int* totals) {
    __shared__ int work[SORT_BLOCK / WARP];
    int* mine = counts + int64(blockIdx.x) * tiles;
    int before = 0;
    for (int from = 0; from < tiles; from += SORT_BLOCK) {
        int i = from + threadIdx.x;
        int total;
        int x = i < tiles ? mine[i] : 0;
        int sum = blockScan(x, work, &total);
        if (i < tiles) mine[i] = before + sum;
        before += total;
    }
    if (threadIdx.x == 0) totals[blockIdx.x] = before;
}

// Moves each number, with its place, to where its digit's run has got to. `places` null: the first pass, place i is i.
extern "C" __global__ void __launch_bounds__(SORT_BLOCK) radixMove(const int* numbers, const int* places, int n, int empty, int shift, const int* counts, const int* totals, int* sorted, int* sortedPlaces) {
    __shared__ int work[SORT_BLOCK / WARP];
    __shared__ int next[DIGITS];
    __shared__ int ofWarp[SORT_BLOCK / WARP][DIGITS];
    int unused;
    next[threadIdx.x] = blockScan(totals[threadIdx.x], work, &unused) + counts[int64(threadIdx.x) * gridDim.x + blockIdx.x];
    for (int from = 0; from < TILE; from += SORT_BLOCK) {
        int64 i = int64(blockIdx.x) * TILE + from + threadIdx.x;
        int key = i < n ? keyOf(numbers, i, empty) : -1;
        int digit = key < 0 ? DIGITS : key >> shift & (DIGITS - 1);
        for (int w = 0; w < SORT_BLOCK / WARP; w++) ofWarp[w][threadIdx.x] = 0;
        __syncthreads();
        unsigned same = __match_any_sync(ALL, digit);
        int rank = __popc(same & ((1u << laneOf()) - 1));
        if (rank == 0 && key >= 0) ofWarp[warpOf()][digit] = __popc(same);
        __syncthreads();
        int at = next[threadIdx.x];            // of digit threadIdx.x
        for (int w = 0; w < SORT_BLOCK / WARP; w++) {
            int count = ofWarp[w][threadIdx.x];
            ofWarp[w][threadIdx.x] = at;
            at += count;
        }
        next[threadIdx.x] = at;
        __syncthreads();
        if (key >= 0) {
            int to = ofWarp[warpOf()][digit] + rank;
            sorted[to] = key;
            sortedPlaces[to] = places ? places[i] : int(i);
        }
        __syncthreads();
    }
}

__device__ inline bool isHead(const int* sorted, int64 i, int n, int empty) {
    return i < n && sorted[i] != empty && (i == 0 || sorted[i] != sorted[i - 1]);
}

// How many distinct numbers begin in each tile of a sorted list.
extern "C" __global__ void __launch_bounds__(SORT_BLOCK) headCount(const int* sorted, int n, int empty, int* heads) {
    __shared__ int work[SORT_BLOCK / WARP];
    int mine = 0;
    for (int j = threadIdx.x; j < TILE; j += SORT_BLOCK) mine += isHead(sorted, int64(blockIdx.x) * TILE + j, n, empty);
    mine = blockSum(mine, work);
    if (threadIdx.x == 0) heads[blockIdx.x] = mine;
}

// rows[u] and starts[u] of the distinct numbers, and the places that have a number; what is left of rows and order is -1.
// `heads`: sums before each tile, and `distinct` their total.
extern "C" __global__ void __launch_bounds__(SORT_BLOCK) headWrite(const int* sorted, const int* places, int n, int empty, const int* heads, const int* distinct, int* rows, int* starts, int* order) {
    __shared__ int work[SORT_BLOCK / WARP];
    int before = heads[blockIdx.x];
    for (int from = 0; from < TILE; from += SORT_BLOCK) {
        int64 i = int64(blockIdx.x) * TILE + from + threadIdx.x;
        int head = isHead(sorted, i, n, empty);
        int total;
        int u = before + blockScan(head, work, &total);
        before += total;
        if (head) {
            rows[u] = sorted[i];
            starts[u] = int(i);
        }
        if (i < n) {
            order[i] = sorted[i] == empty ? -1 : places[i];
            if (i >= *distinct) rows[i] = -1;
        }
    }
}

// The first place of a sorted list whose number is at least `number`.
__device__ inline int lowerBound(const int* sorted, int n, int number) {
    int low = 0;
    while (n > 0) {
        int half = n / 2;
        if (sorted[low + half] < number) {
            low += half + 1;
            n -= half + 1;
        } else {
            n = half;
        }
    }
    return low;
}

// starts[distinct] .. starts[n] = how many places are not empty
extern "C" __global__ void startsAfter(const int* sorted, int n, int empty, const int* distinct, int* starts) {
    int valid = lowerBound(sorted, n, empty);
    for (int64 u = *distinct + globalThread(); u <= n; u += globalThreads()) starts[u] = valid;
}

// starts[g] = the first place of group g; starts[groups] = the places that have one
extern "C" __global__ void groupStarts(const int* sorted, int n, int groups, int* starts) {
    int g = globalThread();
    if (g <= groups) starts[g] = lowerBound(sorted, n, g);
}

// order of places that have a group, and the rank of each place in it; else -1
extern "C" __global__ void groupRanks(const int* sorted, const int* places, int n, int groups, int* order, int* rank) {
    int64 i = globalThread();
    if (i >= n) return;
    bool empty = sorted[i] == groups;
    order[i] = empty ? -1 : places[i];
    rank[places[i]] = empty ? -1 : int(i);
}

// y[p] = p / block · step + x[p] / n, or + x[p] mod n; empty stays empty
extern "C" __global__ void divideInts(const int* x, int n, int remainder, int block, int step, int* y, int count) {
    int p = globalThread();
    if (p < count) y[p] = x[p] < 0 ? -1 : p / block * step + (remainder ? x[p] % n : x[p] / n);
}

// y[r,c] = inside if c is among columns[r,·] (rows,k), else outside
extern "C" __global__ void markColumns(const int* columns, int64 rows, int cols, int k, int inside, int outside, int* y) {
    for (int64 i = globalThread(); i < rows * cols; i += globalThreads()) {
        const int* row = columns + i / cols * k;
        bool there = false;
        for (int j = 0; j < k; j++) there |= row[j] == i % cols;
        y[i] = there ? inside : outside;
    }
}

// y[p] = group[p] for the first `most` places of each group, else -1; starts and rank as groupStarts and groupRanks give them
extern "C" __global__ void firstOfGroups(const int* starts, const int* rank, int most, const int* group, int* y, int count) {
    int p = globalThread();
    if (p < count) y[p] = group[p] >= 0 && rank[p] - starts[group[p]] < most ? group[p] : -1;
}

// sent[p] = chosen[p] for the first of each k choices, or if its first gate is 0, or u(p) < gates[p] / threshold; else -1
extern "C" __global__ void sendAtRandom(int64 key, const float* gates, double threshold, int k, const int* chosen, int* sent, int count) {
    int p = globalThread();
    if (p >= count) return;
    bool first = p % k == 0 || gates[p - p % k] == 0;
    sent[p] = first || uniformAt(key, p) < gates[p] / threshold ? chosen[p] : -1;
}

// counts[g,n] adds how often n is among ids[g,·]; whole numbers, so that the order of the additions does not show
extern "C" __global__ void countInts(const int* ids, int64 n, int64 each, int size, int* counts) {
    for (int64 p = globalThread(); p < n; p += globalThreads()) {
        if (ids[p] >= 0) atomicAdd(counts + p / each * size + ids[p], 1);
    }
}

// y[g,n] = scale[g] counts[g,n]
extern "C" __global__ void scaleCounts(const int* counts, const double* scale, int64 n, int size, float* y) {
    for (int64 i = globalThread(); i < n; i += globalThreads()) y[i] = float(counts[i] * scale[i / size]);
}
