// Whole rows of a table, by number; table (rows, width). A negative number is an empty slot. Nothing here is atomic: sums of rows
// go through the index of sort.cu, each row's in the order of the places that have it.
#include "rows.cuh"

const int HOT = 64;                            // a row with more places than this is summed by the whole block

// y[i] = table[rows[i]], 0 for an empty slot; a thread for each 4 values
extern "C" __global__ void gatherRows(const float* table, int width, const int* rows, float* y, int64 count) {
    int packs = (width + 3) / 4;
    bool whole = width % 4 == 0 && aligned(table) && aligned(y);
    for (int64 j = globalThread(); j < count * packs; j += globalThreads()) {
        int64 i = j / packs;
        int64 c = 4 * (j % packs);
        Pack zero = {{0, 0, 0, 0}};
        storePack(y + i * width, c, width, whole, rows[i] < 0 ? zero : loadPack(table + int64(rows[i]) * width, c, width, whole));
    }
}

// table[rows[i]] = x[i], nothing for an empty slot; distinct rows; a thread for each 4 values
extern "C" __global__ void scatterRows(const float* x, int width, const int* rows, float* table, int64 count) {
    int packs = (width + 3) / 4;
    bool whole = width % 4 == 0 && aligned(table) && aligned(x);
    for (int64 j = globalThread(); j < count * packs; j += globalThreads()) {
        int64 i = j / packs;
        int64 c = 4 * (j % packs);
        if (rows[i] >= 0) storePack(table + int64(rows[i]) * width, c, width, whole, loadPack(x + i * width, c, width, whole));
    }
}

// s[t,j] = x[t] · table[ids[t,j]], or s += ; x (T, width), ids and s (T, perRow). A warp for 4 slots of a token.
extern "C" __global__ void __launch_bounds__(ROWS_BLOCK) gatherDot(const float* x, const float* table, int width, const int* ids, int perRow, float* s, int add, int64 warps) {
    int64 warp = globalThread() / WARP;
    if (warp >= warps) return;
    int groups = (perRow + IN_FLIGHT - 1) / IN_FLIGHT;
    int64 t = warp / groups;
    int first = int(warp % groups) * IN_FLIGHT;
    bool whole = width % 4 == 0 && aligned(x) && aligned(table);
    float sum[IN_FLIGHT];
    dots(x + t * width, table, width, ids + t * perRow, first, perRow, whole, sum);
#pragma unroll
    for (int r = 0; r < IN_FLIGHT; r++) {
        float dot = warpSum(sum[r]);
        if (laneOf() == r && first + r < perRow) {
            int64 at = t * perRow + first + r;
            s[at] = add ? s[at] + dot : dot;
        }
    }
}

// y[t] = sum over j of weights[t,j] table[ids[t,j]], or y += ; ids (T, perRow), weights too or null. `split` warps share the slots
// of 128 columns of a token, and their sums are taken in turn.
extern "C" __global__ void __launch_bounds__(ROWS_BLOCK) gatherSum(const float* weights, const float* table, int width, const int* ids, int perRow, int split, float* y, int add, int64 tasks) {
    __shared__ float work[WARPS][4][WARP];
    int64 task = (int64(blockIdx.x) * WARPS + warpOf()) / split;
    int part = warpOf() % split;
    int chunks = (width + WIDE - 1) / WIDE;
    int64 t = task / chunks;
    int d = int(task % chunks) * WIDE + 4 * laneOf();
    bool whole = width % 4 == 0 && aligned(table) && aligned(y);
    bool mine = task < tasks && d < width;
    Pack sum = {{0, 0, 0, 0}};
    if (mine) sum = weightedRows(nullptr, weights, table, ids, perRow, width, d, whole, t * perRow + part, (t + 1) * perRow, split);
    if (split > 1) {
        for (int j = 0; j < 4; j++) work[warpOf()][j][laneOf()] = sum.v[j];
        __syncthreads();
        for (int w = 1; w < split && part == 0; w++) {
            for (int j = 0; j < 4; j++) sum.v[j] += work[warpOf() + w][j][laneOf()];
        }
    }
    if (mine && part == 0) writePack(y + t * width, d, width, whole, sum, add);
}

// y[u], or y[rows[u]] where rows are given, = the sum over the places p = order[starts[u]] .. of c[p] source[p / perRow], or += .
// A warp for each u; the block's warps share those with many places.
extern "C" __global__ void __launch_bounds__(ROWS_BLOCK) sumOfPlaces(const int* rows, const int* starts, const int* order, int64 count, const float* c, const float* source, int perRow, int width, float* y, int add) {
    __shared__ float work[WARPS][4][WARP];
    bool whole = width % 4 == 0 && aligned(source) && aligned(y);
    int64 first = int64(blockIdx.x) * WARPS;
    int64 u = first + warpOf();
    if (u < count) {
        int64 to = rows ? rows[u] : u;
        int64 from = starts[u];
        int64 end = starts[u + 1];
        for (int d = 4 * laneOf(); d < width && to >= 0 && end - from <= HOT; d += WIDE) {
            writePack(y + to * width, d, width, whole, weightedRows(order, c, source, nullptr, perRow, width, d, whole, from, end, 1), add);
        }
    }
    for (u = first; u < first + WARPS && u < count; u++) {
        int64 to = rows ? rows[u] : u;
        int64 from = starts[u];
        int64 end = starts[u + 1];
        if (to < 0 || end - from <= HOT) continue;
        for (int from128 = 0; from128 < width; from128 += WIDE) {
            int d = from128 + 4 * laneOf();
            Pack sum = {{0, 0, 0, 0}};
            if (d < width) sum = weightedRows(order, c, source, nullptr, perRow, width, d, whole, from + warpOf(), end, WARPS);
            for (int j = 0; j < 4; j++) work[warpOf()][j][laneOf()] = sum.v[j];
            __syncthreads();
            if (warpOf() == 0 && d < width) {
                for (int w = 1; w < WARPS; w++) {
                    for (int j = 0; j < 4; j++) sum.v[j] += work[w][j][laneOf()];
                }
                writePack(y + to * width, d, width, whole, sum, add);
            }
            __syncthreads();
        }
    }
}
