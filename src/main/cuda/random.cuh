// The bits of org.moe4j.tensor.CounterRandom, as a function of (key, counter).
#pragma once
#include "common.cuh"

const uint64 GOLDEN = 0x9E3779B97F4A7C15ull;

__device__ inline uint64 mix(uint64 z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
}

__device__ inline uint64 bits(uint64 key, uint64 counter) { return mix(key + counter * GOLDEN); }

// In [0, 1), a multiple of 2^-24
__device__ inline double uniformAt(uint64 key, uint64 counter) { return double(bits(key, counter) >> 40) * 0x1.0p-24; }
