// The SIMT part of CUDA C for a host C++20 compiler, so that the kernels run in tests without a GPU: indices, shared memory,
// barriers, warp shuffles and votes, atomics, short vectors, bfloat16 as a storage type, the intrinsics of rounding and bits.
// Tensor cores are in emulated_tensor_cores.h. Not there: cp.async, textures, inline PTX. What a GPU alone shows (races, alignment, coalescing, speed) is unseen.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <math.h>

#define __global__ __attribute__((used, flatten))
#define __device__
#define __host__
#define __constant__ static const
#define __forceinline__ inline __attribute__((always_inline))
#define __restrict__ __restrict
#define __launch_bounds__(...)
#define __grid_constant__
#define __align__(n) alignas(n)
#define __shared__ static                       /* one block runs at a time */
#define DYNAMIC_SHARED(T, name) T* name = static_cast<T*>(emu_dynamic_shared())

struct dim3 { unsigned x, y, z; };
struct alignas(8) float2 { float x, y; };
struct float3 { float x, y, z; };
struct alignas(16) float4 { float x, y, z, w; };
struct alignas(16) double2 { double x, y; };
struct alignas(8) int2 { int x, y; };
struct alignas(16) int4 { int x, y, z, w; };
struct alignas(8) uint2 { unsigned x, y; };
struct alignas(16) uint4 { unsigned x, y, z, w; };
struct alignas(16) ulonglong2 { unsigned long long x, y; };
static inline float2 make_float2(float a, float b) { return {a, b}; }
static inline float4 make_float4(float a, float b, float c, float d) { return {a, b, c, d}; }
static inline double2 make_double2(double a, double b) { return {a, b}; }
static inline int2 make_int2(int a, int b) { return {a, b}; }
static inline int4 make_int4(int a, int b, int c, int d) { return {a, b, c, d}; }
static inline uint2 make_uint2(unsigned a, unsigned b) { return {a, b}; }
static inline uint4 make_uint4(unsigned a, unsigned b, unsigned c, unsigned d) { return {a, b, c, d}; }

extern dim3 threadIdx, blockIdx, blockDim, gridDim;
static const int warpSize = 32;
extern "C" {
void emu_block_barrier();
void emu_warp_barrier(unsigned mask);
int emu_lane();
unsigned emu_live();                            // the lanes of this warp that have not returned
void* emu_slot(int lane, int parity);           // 16 bytes of each lane, twice
int emu_parity();                               // flips at every call of a lane
void* emu_dynamic_shared();
}

static inline void __syncthreads() { emu_block_barrier(); }
static inline void __syncwarp(unsigned mask = ~0u) { emu_warp_barrier(mask); }
static inline void __threadfence() {}
static inline void __threadfence_block() {}
static inline unsigned __activemask() { return emu_live(); }

// ---- within a warp: one barrier each, since a lane writes one of its two slots while the others may still read the other

template <class T> static inline T emu_exchange(unsigned mask, T v, int from) {
  static_assert(sizeof(T) <= 16);
  int parity = emu_parity();
  std::memcpy(emu_slot(emu_lane(), parity), &v, sizeof v);
  emu_warp_barrier(mask);
  T r = v;
  if (mask >> (from & 31) & 1) std::memcpy(&r, emu_slot(from & 31, parity), sizeof r);
  return r;
}
template <class T> static inline T __shfl_sync(unsigned m, T v, int l, int w = 32) {
  return emu_exchange(m, v, (emu_lane() & ~(w - 1)) + (l & (w - 1)));
}
template <class T> static inline T __shfl_xor_sync(unsigned m, T v, int x, int w = 32) {
  int lane = emu_lane(), s = lane ^ x;
  return emu_exchange(m, v, (s & ~(w - 1)) > (lane & ~(w - 1)) ? lane : s);
}
template <class T> static inline T __shfl_down_sync(unsigned m, T v, int d, int w = 32) {
  int lane = emu_lane(), s = lane + d;
  return emu_exchange(m, v, (lane & (w - 1)) + d >= w ? lane : s);
}
template <class T> static inline T __shfl_up_sync(unsigned m, T v, int d, int w = 32) {
  int lane = emu_lane(), s = lane - d;
  return emu_exchange(m, v, (lane & (w - 1)) - d < 0 ? lane : s);
}
template <class T, class F> static inline void emu_each(unsigned mask, T v, F f) {
  int parity = emu_parity();
  std::memcpy(emu_slot(emu_lane(), parity), &v, sizeof v);
  emu_warp_barrier(mask);
  for (int l = 0; l < 32; l++) {
    if (mask >> l & emu_live() >> l & 1) { T x; std::memcpy(&x, emu_slot(l, parity), sizeof x); f(l, x); }
  }
}
static inline unsigned __ballot_sync(unsigned m, int p) { unsigned r = 0; emu_each(m, p, [&](int l, int x) { if (x) r |= 1u << l; }); return r; }
static inline int __any_sync(unsigned m, int p) { return __ballot_sync(m, p) != 0; }
static inline int __all_sync(unsigned m, int p) { return __ballot_sync(m, !p) == 0; }
template <class T> static inline unsigned __match_any_sync(unsigned m, T v) { unsigned r = 0; emu_each(m, v, [&](int l, T x) { if (x == v) r |= 1u << l; }); return r; }
template <class T> static inline T __reduce_add_sync(unsigned m, T v) { T r = 0; emu_each(m, v, [&](int, T x) { r += x; }); return r; }
template <class T> static inline T __reduce_max_sync(unsigned m, T v) { T r = v; emu_each(m, v, [&](int, T x) { r = std::max(r, x); }); return r; }
template <class T> static inline T __reduce_min_sync(unsigned m, T v) { T r = v; emu_each(m, v, [&](int, T x) { r = std::min(r, x); }); return r; }

// ---- within a block
static inline int __syncthreads_count(int p) {
  static int count; static int result;
  __syncthreads(); count = 0; __syncthreads();
  if (p) count++;
  __syncthreads(); result = count; __syncthreads();
  return result;
}
static inline int __syncthreads_or(int p) { return __syncthreads_count(p) != 0; }
static inline int __syncthreads_and(int p) { return __syncthreads_count(!p) == 0; }

// ---- atomics: threads take turns, so plain ones are atomic here
template <class T> static inline T atomicAdd(T* p, std::type_identity_t<T> v) { T o = *p; *p = o + v; return o; }
template <class T> static inline T atomicSub(T* p, std::type_identity_t<T> v) { T o = *p; *p = o - v; return o; }
template <class T> static inline T atomicMax(T* p, std::type_identity_t<T> v) { T o = *p; *p = std::max(o, v); return o; }
template <class T> static inline T atomicMin(T* p, std::type_identity_t<T> v) { T o = *p; *p = std::min(o, v); return o; }
template <class T> static inline T atomicOr(T* p, std::type_identity_t<T> v) { T o = *p; *p = o | v; return o; }
template <class T> static inline T atomicAnd(T* p, std::type_identity_t<T> v) { T o = *p; *p = o & v; return o; }
template <class T> static inline T atomicExch(T* p, std::type_identity_t<T> v) { T o = *p; *p = v; return o; }
template <class T> static inline T atomicCAS(T* p, std::type_identity_t<T> c, std::type_identity_t<T> v) { T o = *p; if (o == c) *p = v; return o; }

// ---- memory
template <class T> static inline T __ldg(const T* p) { return *p; }
template <class T> static inline T __ldcs(const T* p) { return *p; }
template <class T> static inline T __ldcg(const T* p) { return *p; }
template <class T> static inline void __stcs(T* p, T v) { *p = v; }
template <class T> static inline void __stcg(T* p, T v) { *p = v; }

// ---- whole numbers and bits
template <class To, class From> static inline To emu_bits(From x) { To y; static_assert(sizeof x == sizeof y); std::memcpy(&y, &x, sizeof y); return y; }
static inline int __float_as_int(float x) { return emu_bits<int>(x); }
static inline unsigned __float_as_uint(float x) { return emu_bits<unsigned>(x); }
static inline float __int_as_float(int x) { return emu_bits<float>(x); }
static inline float __uint_as_float(unsigned x) { return emu_bits<float>(x); }
static inline long long __double_as_longlong(double x) { return emu_bits<long long>(x); }
static inline double __longlong_as_double(long long x) { return emu_bits<double>(x); }
static inline int __double2hiint(double x) { return int(emu_bits<long long>(x) >> 32); }
static inline int __double2loint(double x) { return int(emu_bits<long long>(x)); }
static inline double __hiloint2double(int hi, int lo) { return emu_bits<double>((long long)hi << 32 | (unsigned)lo); }
static inline int __popc(unsigned x) { return __builtin_popcount(x); }
static inline int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
static inline int __clz(int x) { return x ? __builtin_clz(unsigned(x)) : 32; }
static inline int __clzll(long long x) { return x ? __builtin_clzll((unsigned long long)x) : 64; }
static inline int __ffs(int x) { return __builtin_ffs(x); }
static inline int __ffsll(long long x) { return __builtin_ffsll(x); }
static inline unsigned __brev(unsigned x) { unsigned r = 0; for (int i = 0; i < 32; i++) r |= (x >> i & 1) << (31 - i); return r; }
static inline unsigned __umulhi(unsigned a, unsigned b) { return unsigned((unsigned long long)a * b >> 32); }
static inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) { return (unsigned long long)((unsigned __int128)a * b >> 64); }
using std::max;
using std::min;
static inline unsigned min(unsigned a, int b) { return std::min(a, unsigned(b)); }
static inline long long min(long long a, int b) { return std::min(a, (long long)b); }
static inline long long min(int a, long long b) { return std::min((long long)a, b); }
static inline long long max(long long a, int b) { return std::max(a, (long long)b); }
static inline long long max(int a, long long b) { return std::max((long long)a, b); }

// ---- arithmetic; compiled without contraction, so that a + b * c is rounded twice here where a GPU may round once
static inline float rsqrtf(float x) { return 1.f / std::sqrt(x); }
static inline double rsqrt(double x) { return 1. / std::sqrt(x); }
static inline float __fdividef(float a, float b) { return a / b; }
static inline float emu_expf(float x) { return std::exp(x); }
static inline float emu_logf(float x) { return std::log(x); }
#define __expf emu_expf
#define __logf emu_logf
static inline float __saturatef(float x) { return std::min(1.f, std::max(0.f, x)); }
static inline float __fadd_rn(float a, float b) { return a + b; }
static inline float __fsub_rn(float a, float b) { return a - b; }
static inline float __fmul_rn(float a, float b) { return a * b; }
static inline float __fdiv_rn(float a, float b) { return a / b; }
static inline float __fmaf_rn(float a, float b, float c) { return std::fma(a, b, c); }
static inline float __fsqrt_rn(float a) { return std::sqrt(a); }
static inline float __frcp_rn(float a) { return 1.f / a; }
static inline float __frsqrt_rn(float a) { return 1.f / std::sqrt(a); }
static inline double __dadd_rn(double a, double b) { return a + b; }
static inline double __dsub_rn(double a, double b) { return a - b; }
static inline double __dmul_rn(double a, double b) { return a * b; }
static inline double __ddiv_rn(double a, double b) { return a / b; }
static inline double __dsqrt_rn(double a) { return std::sqrt(a); }
static inline double __fma_rn(double a, double b, double c) { return std::fma(a, b, c); }
static inline float __double2float_rn(double a) { return float(a); }
static inline float __int2float_rn(int a) { return float(a); }
static inline int __float2int_rd(float a) { return int(std::floor(a)); }
static inline int __float2int_rn(float a) { return int(std::nearbyint(a)); }
static inline int __float2int_rz(float a) { return int(a); }
using std::isfinite;
using std::isinf;
using std::isnan;
