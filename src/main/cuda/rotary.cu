// Rotary positions (Su et al. 2021, section 3.2), half-split pairs (i, i + Dh/2); x and y (batch, time, heads, Dh).
#include "common.cuh"

// turns (time, Dh/2): cos and sin of position · base^(-2i/Dh), in float64: a float32 angle of thousands has no digits left.
extern "C" __global__ void rotaryTurns(int time, int half, double base, int first, float2* turns) {
    for (int64 j = globalThread(); j < int64(time) * half; j += globalThreads()) {
        double angle = double(first + j / half) * pow(base, -double(j % half) / half);
        turns[j] = make_float2(float(cos(angle)), float(sin(angle)));
    }
}

// sign -1 turns back. A thread for each pair.
extern "C" __global__ void rotary(const float2* turns, int time, int heads, int half, float sign, const float* x, float* y, int add, int64 pairs) {
    for (int64 j = globalThread(); j < pairs; j += globalThreads()) {
        int64 head = j / half;
        int i = j % half;
        float2 turn = turns[head / heads % time * half + i];
        int64 low = head * 2 * half + i;
        int64 high = low + half;
        float a = x[low] * turn.x - x[high] * (sign * turn.y);
        float b = x[high] * turn.x + x[low] * (sign * turn.y);
        y[low] = add ? y[low] + a : a;
        y[high] = add ? y[high] + b : b;
    }
}
