// The products of tensor cores that a warp makes together, c (16,8) += a (16,k) · b (k,8) with sums in float32, and the rounding of what
// they multiply. A lane with g = lane / 4 and t = lane % 4 holds, in 32-bit words of one TF32 number or two bfloat16 numbers that follow each
// other along k, of a the words (g,t), (g+8,t), (g,t+4), (g+8,t+4), of b the words t and t+4 of column g, and of c the numbers
// (g,2t), (g,2t+1), (g+8,2t), (g+8,2t+1) (PTX ISA, matrix fragments for mma.m16n8k8 and mma.m16n8k16).
#pragma once
#include "common.cuh"
#ifndef __CUDACC__
#include "emulated_tensor_cores.h"
#endif

// TF32: 10 bits of mantissa, ties away from zero.
struct Tf32 {
    static const int VALUES = 1;               // of a word

    // The word of v[0]
    static __device__ unsigned word(const float* v, int) {
#ifdef __CUDACC__
        unsigned w;
        asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(w) : "f"(v[0]));
        return w;
#else
        return emu_tf32(v[0]);
#endif
    }

    static __device__ void multiply(float (&c)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
#ifdef __CUDACC__
        asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
            : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3]) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#else
        emu_multiply(c, a, b, 1);
#endif
    }
};

// bfloat16: 7 bits of mantissa, ties to even.
struct Bf16 {
    static const int VALUES = 2;

    // The word of v[0], in its lower half, and v[step]
    static __device__ unsigned word(const float* v, int step) {
#ifdef __CUDACC__
        unsigned w;
        asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(w) : "f"(v[step]), "f"(v[0]));
        return w;
#else
        return emu_bf16(v[0]) | emu_bf16(v[step]) << 16;
#endif
    }

    static __device__ void multiply(float (&c)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
#ifdef __CUDACC__
        asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
            : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3]) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#else
        emu_multiply(c, a, b, 2);
#endif
    }
};
