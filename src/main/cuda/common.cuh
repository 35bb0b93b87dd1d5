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
