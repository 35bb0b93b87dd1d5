// What kernels that pick rows of a table by number share: a warp reads 128 columns of several rows at once.
#pragma once
#include "common.cuh"

const int ROWS_BLOCK = 256;
const int WARPS = ROWS_BLOCK / WARP;
const int WIDE = 4 * WARP;                     // columns that a warp reads at once, 4 a lane
const int IN_FLIGHT = 4;                       // rows that a warp reads at once: a row's latency is hidden by the others'

// This lane's part of the dot products of x with rows ids[first], .. of a table, up to `end` of them; 0 for an empty slot.
__device__ inline void dots(const float* x, const float* table, int width, const int* ids, int first, int end, bool whole, float (&sum)[IN_FLIGHT]) {
    const float* row[IN_FLIGHT];
#pragma unroll
    for (int r = 0; r < IN_FLIGHT; r++) {
        int id = first + r < end ? ids[first + r] : -1;
        row[r] = id < 0 ? nullptr : table + int64(id) * width;
        sum[r] = 0;
    }
    for (int d = 4 * laneOf(); d < width; d += WIDE) {
        Pack a = loadPack(x, d, width, whole);
        Pack b[IN_FLIGHT];
#pragma unroll
        for (int r = 0; r < IN_FLIGHT; r++) {
            if (row[r]) b[r] = loadPack(row[r], d, width, whole);
        }
#pragma unroll
        for (int r = 0; r < IN_FLIGHT; r++) {
            if (row[r]) {
                for (int i = 0; i < 4; i++) sum[r] += a.v[i] * b[r].v[i];
            }
        }
    }
}

// The part of sum over i of c[i] row[i] that one warp takes: i = from, from + step, ..; columns d .. d+3. order null: place i is i
// itself; c null: all 1. Place p reads source row p / perRow, or rows[p] where there are rows.
__device__ inline Pack weightedRows(const int* order, const float* c, const float* source, const int* rows, int perRow, int width, int d, bool whole, int64 from, int64 to, int step) {
    Pack sum = {{0, 0, 0, 0}};
#pragma unroll 4
    for (int64 i = from; i < to; i += step) {
        int64 p = order ? order[i] : i;
        int64 row = rows ? rows[p] : p / perRow;
        if (row >= 0) {
            float weight = c ? c[p] : 1;
            Pack x = loadPack(source + row * width, d, width, whole);
            for (int j = 0; j < 4; j++) sum.v[j] += weight * x.v[j];
        }
    }
    return sum;
}

__device__ inline void writePack(float* y, int64 d, int64 width, bool whole, Pack sum, int add) {
    if (add) {
        Pack old = loadPack(y, d, width, whole);
        for (int j = 0; j < 4; j++) sum.v[j] += old.v[j];
    }
    storePack(y, d, width, whole, sum);
}
