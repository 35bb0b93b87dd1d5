// Functions of one value and their slopes. See org.moe4j.backend.Unary, whose order of names this is.
#pragma once
#include "common.cuh"

const float SQRT_HALF = 0.70710678f;
const float TWO_BY_SQRT_PI = 1.12837917f;
const float INV_SQRT_2PI = 0.39894228f;
const float GELU_SCALE = 0.79788456f;
const float GELU_CUBIC = 0.044715f;

__device__ inline float sigmoid(float x) {
    float e = expf(-fabsf(x));
    return x >= 0 ? 1 / (1 + e) : e / (1 + e);
}
__device__ inline float softplus(float x) { return fmaxf(x, 0) + log1pf(expf(-fabsf(x))); }
__device__ inline float normalCdf(float x) { return 0.5f * erfcf(-x * SQRT_HALF); }
__device__ inline float normalDensity(float x) { return INV_SQRT_2PI * expf(-0.5f * x * x); }
__device__ inline float geluTanh(float x) { return tanhf(GELU_SCALE * (x + GELU_CUBIC * x * x * x)); }
__device__ inline float geluTanhSlope(float x) {
    float t = geluTanh(x);
    return 0.5f * (1 + t) + 0.5f * x * (1 - t * t) * GELU_SCALE * (1 + 3 * GELU_CUBIC * x * x);
}
__device__ inline float siluSlope(float x) {
    float s = sigmoid(x);
    return s * (1 + x * (1 - s));
}
__device__ inline float mishSlope(float x) {
    float t = tanhf(softplus(x));
    return t + x * (1 - t * t) * sigmoid(x);
}
__device__ inline float sign(float x) { return x > 0 ? 1 : x < 0 ? -1 : x; }

// name, f(x), f'(x) where y = f(x); NaN stays NaN
#define FUNCTIONS(F) \
    F(EXP,          expf(x),                           y) \
    F(EXPM1,        expm1f(x),                         y + 1) \
    F(LOG,          logf(x),                           1 / x) \
    F(LOG1P,        log1pf(x),                         1 / (1 + x)) \
    F(SQRT,         sqrtf(x),                          0.5f / y) \
    F(RSQRT,        1 / sqrtf(x),                      -0.5f * y / x) \
    F(RECIPROCAL,   1 / x,                             -y * y) \
    F(SQUARE,       x * x,                             2 * x) \
    F(ABS,          fabsf(x),                          sign(x)) \
    F(NEGATE,       -x,                                -1) \
    F(SIN,          sinf(x),                           cosf(x)) \
    F(COS,          cosf(x),                           -sinf(x)) \
    F(ERF,          erff(x),                           TWO_BY_SQRT_PI * expf(-x * x)) \
    F(NORMAL_CDF,   normalCdf(x),                      normalDensity(x)) \
    F(SIGMOID,      sigmoid(x),                        y * (1 - y)) \
    F(LOG_SIGMOID,  -softplus(-x),                     sigmoid(-x)) \
    F(TANH,         tanhf(x),                          1 - y * y) \
    F(RELU,         x < 0 ? 0 : x,                     x > 0 ? 1 : 0) \
    F(RELU_SQUARED, x < 0 ? 0 : x * x,                 2 * (x < 0 ? 0 : x)) \
    F(GELU,         x * normalCdf(x),                  normalCdf(x) + x * normalDensity(x)) \
    F(GELU_TANH,    0.5f * x * (1 + geluTanh(x)),      geluTanhSlope(x)) \
    F(SILU,         x * sigmoid(x),                    siluSlope(x)) \
    F(MISH,         x * tanhf(softplus(x)),            mishSlope(x)) \
    F(SOFTPLUS,     softplus(x),                       sigmoid(x)) \
    F(ELU,          x > 0 ? x : p * expm1f(x),         x > 0 ? 1 : y + p) \
    F(LEAKY_RELU,   x > 0 ? x : p * x,                 x > 0 ? 1 : p) \
    F(CLAMP,        x < p ? p : x > q ? q : x,         x >= p && x <= q ? 1 : 0) \
    F(POWER,        powf(x, p),                        p * powf(x, p - 1)) \
    F(STEP,         x >= p ? q : 0,                    0) \
    F(AFFINE,       p * x + q,                         p)

enum Function {
#define NAME(name, value, slope) name,
    FUNCTIONS(NAME)
#undef NAME
};

// All threads take the same case.
__device__ inline float valueOf(int function, float p, float q, float x) {
    switch (function) {
#define CASE(name, value, slope) case name: return value;
        FUNCTIONS(CASE)
#undef CASE
    }
    return NAN;
}

__device__ inline float slopeOf(int function, float p, float q, float x, float y) {
    switch (function) {
#define CASE(name, value, slope) case name: return slope;
        FUNCTIONS(CASE)
#undef CASE
    }
    return NAN;
}
