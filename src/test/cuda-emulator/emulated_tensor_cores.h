// Tensor cores for the emulator: roundings, and a warp's product by the layout of fragments in the PTX ISA, whose sums are
// taken in float64 and rounded once, where a GPU's own order and rounding are not documented.
#pragma once
#include "emulated_device.h"

// The nearest number of so many fewer bits; of two equally near the one away from zero, or the even one.
static inline unsigned emu_nearest(float f, int bits, bool even) {
  unsigned u = __float_as_uint(f), half = 1u << (bits - 1);
  if (std::isnan(f)) return 0x7fffffff & ~(2 * half - 1);
  if (std::isinf(f)) return u;
  return (u + half - (even && !(u >> bits & 1) ? 1 : 0)) & ~(2 * half - 1);
}
static inline unsigned emu_tf32(float f) { return emu_nearest(f, 13, false); }
static inline unsigned emu_bf16(float f) { return emu_nearest(f, 16, true) >> 16; }

struct EmulatedFragments { unsigned a[4], b[2]; };

// c (16,8) += a (16, 8 words) · b (8 words, 8), words of one TF32 number or two bfloat16 numbers
static inline void emu_multiply(float (&c)[4], const unsigned (&a)[4], const unsigned (&b)[2], int values) {
  static EmulatedFragments all[32][32];                // of each warp of a block and each lane
  int lane = emu_lane(), g = lane / 4, t = lane % 4;
  EmulatedFragments* warp = all[threadIdx.x / 32];
  std::memcpy(warp[lane].a, a, sizeof a);
  std::memcpy(warp[lane].b, b, sizeof b);
  emu_warp_barrier(~0u);
  for (int i = 0; i < 4; i++) {
    int row = g + (i >= 2 ? 8 : 0), column = 2 * t + i % 2;
    double sum = c[i];
    for (int k = 0; k < 8; k++) {
      unsigned x = warp[row % 8 * 4 + k % 4].a[(row >= 8) + 2 * (k >= 4)], y = warp[column * 4 + k % 4].b[k >= 4];
      if (values == 1) sum += double(__uint_as_float(x)) * __uint_as_float(y);
      else sum += double(__uint_as_float(x << 16)) * __uint_as_float(y << 16) + double(__uint_as_float(x & 0xffff0000u)) * __uint_as_float(y & 0xffff0000u);
    }
    c[i] = float(sum);
  }
  emu_warp_barrier(~0u);                               // read by all, before it is written again
}
