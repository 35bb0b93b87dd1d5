// Single columns of each row, by number: x (rows, cols), columns and y (rows, k). A negative number is an empty slot.
#include "common.cuh"

// y[r,j] = x[r, columns[r,j]], 0 for an empty slot
extern "C" __global__ void gatherColumns(const float* x, int cols, const int* columns, int k, float* y, int64 slots) {
    for (int64 p = globalThread(); p < slots; p += globalThreads()) {
        y[p] = columns[p] < 0 ? 0 : x[p / k * cols + columns[p]];
    }
}

// x[r, columns[r,j]] += y[r,j]. The first slot of a column adds for all of the row's that have it, in their order: no atomics.
extern "C" __global__ void scatterAddColumns(const float* y, int cols, const int* columns, int k, float* x, int64 slots) {
    for (int64 p = globalThread(); p < slots; p += globalThreads()) {
        int column = columns[p];
        int64 row = p / k;
        bool first = column >= 0;
        for (int64 q = row * k; q < p && first; q++) first = columns[q] != column;
        if (!first) continue;
        float sum = x[row * cols + column];
        for (int64 q = p; q < row * k + k; q++) {
            if (columns[q] == column) sum += y[q];
        }
        x[row * cols + column] = sum;
    }
}
