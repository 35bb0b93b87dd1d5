// What every kernel file includes first. Kernels are written  extern "C" __global__ void name(  on one line, have names of
// their own over all files, and take float32 values at any multiple of 4 bytes: slices start anywhere.
#pragma once

#ifdef __CUDACC__
// Shared memory whose size is given at the launch.
#define DYNAMIC_SHARED(T, name) extern __shared__ __align__(16) unsigned char name##_bytes[]; T* name = reinterpret_cast<T*>(name##_bytes)
#else
#include "emulated_device.h"                   // the tests' stand-in for a GPU
#endif

typedef long long int64;
typedef unsigned long long uint64;

const int WARP = 32;                           // lanes
const unsigned ALL = 0xffffffffu;              // every lane of a warp
const float MINUS_INFINITY = -INFINITY;

__device__ inline int laneOf() { return threadIdx.x % WARP; }
__device__ inline int warpOf() { return threadIdx.x / WARP; }

// The first element of this thread, and how far on its next one is, in kernels that stride over their work.
__device__ inline int64 globalThread() { return int64(blockIdx.x) * blockDim.x + threadIdx.x; }
__device__ inline int64 globalThreads() { return int64(gridDim.x) * blockDim.x; }

// ---- four values at a time: one load of 16 bytes where a slice starts at a multiple of them, else four loads

__device__ inline bool aligned(const void* x) { return (reinterpret_cast<uint64>(x) & 15) == 0; }

struct Pack {
    float v[4];
};

__device__ inline Pack pack(float4 x) {
    Pack p = {{x.x, x.y, x.z, x.w}};
    return p;
}

// Values i .. i+3 of n, 0 beyond; `whole`: x is aligned and i a multiple of 4.
__device__ inline Pack loadPack(const float* x, int64 i, int64 n, bool whole) {
    if (whole && i + 4 <= n) return pack(*reinterpret_cast<const float4*>(x + i));
    Pack p;
    for (int j = 0; j < 4; j++) p.v[j] = i + j < n ? x[i + j] : 0;
    return p;
}

__device__ inline void storePack(float* x, int64 i, int64 n, bool whole, Pack p) {
    if (whole && i + 4 <= n) {
        *reinterpret_cast<float4*>(x + i) = make_float4(p.v[0], p.v[1], p.v[2], p.v[3]);
    } else {
        for (int j = 0; j < 4; j++) {
            if (i + j < n) x[i + j] = p.v[j];
        }
    }
}

// ---- sums over a warp and over a block: the same order at every run, the result in every lane

template <class T> __device__ inline T warpSum(T x) {
    for (int step = WARP / 2; step > 0; step /= 2) x += __shfl_xor_sync(ALL, x, step);
    return x;
}

__device__ inline float warpMax(float x) {
    for (int step = WARP / 2; step > 0; step /= 2) x = fmaxf(x, __shfl_xor_sync(ALL, x, step));
    return x;
}

// The sum over all threads of a block of whole warps; `work`: a value for each warp, in shared memory.
template <class T> __device__ inline T blockSum(T x, T* work) {
    x = warpSum(x);
    __syncthreads();                           // work may still be read from before
    if (laneOf() == 0) work[warpOf()] = x;
    __syncthreads();
    T sum = 0;
    for (int w = 0; w < int(blockDim.x) / WARP; w++) sum += work[w];
    return sum;
}

// The sum of what the threads before this one have, in a block of whole warps; `total` is that of all.
__device__ inline int blockScan(int x, int* work, int* total) {
    int upTo = x;
    for (int step = 1; step < WARP; step *= 2) {
        int before = __shfl_up_sync(ALL, upTo, step);
        if (laneOf() >= step) upTo += before;
    }
    __syncthreads();
    if (laneOf() == WARP - 1) work[warpOf()] = upTo;
    __syncthreads();
    int before = 0;
    int all = 0;
    for (int w = 0; w < int(blockDim.x) / WARP; w++) {
        if (w < warpOf()) before += work[w];
        all += work[w];
    }
    *total = all;
    return before + upTo - x;
}
