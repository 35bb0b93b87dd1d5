// bfloat16 as a storage type: what is converted to it is rounded to the nearest, ties to even.
#pragma once
#include "emulated_device.h"

struct __nv_bfloat16 { unsigned short bits; };
typedef __nv_bfloat16 nv_bfloat16;
struct alignas(4) __nv_bfloat162 { __nv_bfloat16 x, y; };

static inline __nv_bfloat16 __float2bfloat16(float f) {
  unsigned u = __float_as_uint(f);
  if (std::isnan(f)) return {0x7fff};
  return {(unsigned short)((u + 0x7fff + (u >> 16 & 1)) >> 16)};
}
static inline __nv_bfloat16 __float2bfloat16_rn(float f) { return __float2bfloat16(f); }
static inline float __bfloat162float(__nv_bfloat16 b) { return __uint_as_float((unsigned)b.bits << 16); }
