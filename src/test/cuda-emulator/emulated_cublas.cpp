// A stand-in libcublas.so.13 for tests: the definition of cublasGemmEx by columns, on the emulator's memory, so that a matrix
// product by rows that comes out right was asked for with the right operands, sizes and strides.
#include <cstddef>
#include <cstdint>
#include <dlfcn.h>
#include <functional>

#define EXPORT extern "C" __attribute__((visibility("default"))) int

namespace {
void* theStream;
int calls;
}

EXPORT cublasCreate_v2(void** handle) { *handle = &calls; return 0; }
EXPORT cublasDestroy_v2(void*) { return 0; }
EXPORT cublasSetStream_v2(void* handle, void* stream) { theStream = stream; return handle == &calls ? 0 : 1; }
EXPORT cublasSetWorkspace_v2(void* handle, void* workspace, size_t) { return handle != &calls ? 1 : reinterpret_cast<uintptr_t>(workspace) % 256 ? 7 : 0; }

// c = alpha op(a) op(b) + beta c, with op(a) (m,k), op(b) (k,n), c (m,n), all by columns
EXPORT cublasGemmEx(void* handle, int opA, int opB, int m, int n, int k, const float* alpha, const float* a, int typeA, int lda,
                    const float* b, int typeB, int ldb, const float* beta, float* c, int typeC, int ldc, int compute, int algorithm) {
  if (handle != &calls) return 1;                      // CUBLAS_STATUS_NOT_INITIALIZED
  if (m < 1 || n < 1 || k < 1 || lda < (opA ? k : m) || ldb < (opB ? n : k) || ldc < m) return 7;   // INVALID_VALUE
  if (typeA || typeB || typeC || algorithm != -1 || (compute != 68 && compute != 75 && compute != 77)) return 15;
  std::function<int()> product = [=, alpha = *alpha, beta = *beta] {
    for (int j = 0; j < n; j++)
      for (int i = 0; i < m; i++) {
        double sum = 0;
        for (int l = 0; l < k; l++) sum += double(opA ? a[l + size_t(i) * lda] : a[i + size_t(l) * lda]) * (opB ? b[j + size_t(l) * ldb] : b[l + size_t(j) * ldb]);
        float& to = c[i + size_t(j) * ldc];
        to = float(alpha * sum + (beta == 0 ? 0 : beta * to));
      }
    return 0;
  };
  auto submit = reinterpret_cast<int (*)(void*, std::function<int()>*)>(dlsym(dlopen("libcuda.so.1", RTLD_LAZY), "emu_submit"));
  calls++;
  return submit(theStream, &product) ? 13 : 0;         // EXECUTION_FAILED
}
