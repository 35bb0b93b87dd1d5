// How a file of kernels makes them known to the emulated driver.
#pragma once
#include <cstddef>
#include <type_traits>
#include <utility>
#include <vector>

struct EmulatedKernel {
  void (*invoke)(void* function, void** arguments);
  void* function;
  std::vector<size_t> sizes;                    // of the parameters, in bytes
};
int emu_register(const char* name, EmulatedKernel kernel);

template <class... A> int emu_register(const char* name, void (*f)(A...)) {
  auto invoke = [](void* function, void** p) {
    [&]<size_t... I>(std::index_sequence<I...>) {
      reinterpret_cast<void (*)(A...)>(function)(*static_cast<std::remove_const_t<A>*>(p[I])...);
    }(std::index_sequence_for<A...>{});
  };
  return emu_register(name, EmulatedKernel{invoke, reinterpret_cast<void*>(f), {sizeof(A)...}});
}
