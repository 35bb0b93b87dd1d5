// Single-neuron experts (He 2024, algorithm 1), forward and backward: from the dot products of a token's vector with rows of one table a
// weight for each slot, and the sum of rows of another table with these weights. Nothing in between but a number for each slot is
// written; a slot's two rows are each read once.
#include "rows.cuh"
#include "unary.cuh"

const int SLOTS = 1024;                        // of a block's tokens at once

// Forward: s = x · down[id], and up[id] weighs gate f(s).
struct Activated {
    int function;
    float p, q;
    const float* gates;
    float* s;
    __device__ float weight(int64 slot, float dot) const {
        s[slot] = dot;
        return gates[slot] * valueOf(function, p, q, dot);
    }
};

// Backward, with the dot product d = dy · up[id]: down[id] weighs ds = gate d f'(s).
struct Sloped {
    int function;
    float p, q;
    const float* gates;
    const float* s;
    float* dgates;                             // or null
    float* weights;                            // gate f(s)
    float* ds;
    __device__ float weight(int64 slot, float dot) const {
        float value = valueOf(function, p, q, s[slot]);
        if (dgates) dgates[slot] += dot * value;
        weights[slot] = gates[slot] * value;
        ds[slot] = gates[slot] * dot * slopeOf(function, p, q, s[slot], value);
        return ds[slot];
    }
};

// y[t] = sum over j of weight(t, j) b[ids[t,j]], or y += ; x and y (T, width), y may be null. `warps`, a power of two, share a token: first its
// slots, then 128 columns each and the slots of these. Grid (T / tokens of a block)
template <class Slot> __device__ inline void neurons(const Slot& slot, const float* x, const float* a, const float* b, int width, const int* ids, int perRow, int64 tokens, int warps, float* y, int add) {
    __shared__ float weights[SLOTS];
    __shared__ int rows[SLOTS];
    __shared__ float work[WARPS][4][WARP];
    int room = SLOTS / WARPS * warps;          // slots of a token at once
    int64 t = int64(blockIdx.x) * (WARPS / warps) + warpOf() / warps;
    int part = warpOf() % warps;
    float* weight = weights + warpOf() / warps * room;
    int* row = rows + warpOf() / warps * room;
    int chunks = (width + WIDE - 1) / WIDE;
    int across = 1;                            // warps side by side; `split` of them share the slots of the same columns
    while (2 * across <= min(chunks, warps)) across *= 2;
    int split = warps / across;
    bool whole = width % 4 == 0 && aligned(x) && aligned(a) && aligned(b) && aligned(y);
    for (int from = 0; from < perRow; from += room) {
        int count = t < tokens ? min(room, perRow - from) : 0;
        const int* slots = ids + t * perRow + from;
        for (int first = part * IN_FLIGHT; first < count; first += warps * IN_FLIGHT) {
            float sum[IN_FLIGHT];
            dots(x + t * width, a, width, slots, first, count, whole, sum);
            float dot = 0;                     // of slot first + lane
#pragma unroll
            for (int r = 0; r < IN_FLIGHT; r++) {
                float all = warpSum(sum[r]);
                if (laneOf() == r) dot = all;
            }
            int j = first + laneOf();
            if (laneOf() < IN_FLIGHT && j < count) {
                weight[j] = slot.weight(t * perRow + from + j, dot);
                row[j] = slots[j];
            }
        }
        __syncthreads();
        for (int chunk = part / split; chunk - part / split < chunks && y; chunk += across) {
            int d = chunk * WIDE + 4 * laneOf();
            Pack sum = {{0, 0, 0, 0}};
            if (d < width) sum = weightedRows(nullptr, weight, b, row, 1, width, d, whole, part % split, count, split);
            if (split > 1) {
                for (int j = 0; j < 4; j++) work[warpOf()][j][laneOf()] = sum.v[j];
                __syncthreads();
                for (int w = 1; w < split && part % split == 0; w++) {
                    for (int j = 0; j < 4; j++) sum.v[j] += work[warpOf() + w][j][laneOf()];
                }
                __syncthreads();
            }
            if (t < tokens && d < width && part % split == 0) writePack(y + t * width, d, width, whole, sum, add || from > 0);
        }
        __syncthreads();
    }
}

// s[t,j] = x[t] · down[ids[t,j]]; y[t] = sum over j of gates[t,j] f(s[t,j]) up[ids[t,j]]
extern "C" __global__ void __launch_bounds__(ROWS_BLOCK, 3) singleNeurons(int function, float p, float q, const float* x, const float* down, const float* up, int width, const int* ids, int perRow, int64 tokens, int warps, const float* gates, float* s, float* y) {
    Activated slot = {function, p, q, gates, s};
    neurons(slot, x, down, up, width, ids, perRow, tokens, warps, y, 0);
}

// dgates += dy · up f(s); weights = gates f(s); ds = gates dy · up f'(s); dx += sum over j of ds down. dgates and dx may be null.
extern "C" __global__ void __launch_bounds__(ROWS_BLOCK, 3) singleNeuronsGrad(int function, float p, float q, const float* dy, const float* down, const float* up, int width, const int* ids, int perRow, int64 tokens, int warps, const float* gates, const float* s, float* dgates, float* weights, float* ds, float* dx) {
    Sloped slot = {function, p, q, gates, s, dgates, weights, ds};
    neurons(slot, dy, up, down, width, ids, perRow, tokens, warps, dx, 1);
}
