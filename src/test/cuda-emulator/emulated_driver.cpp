// A stand-in libcuda.so.1 for tests: enough of the CUDA driver API for the cuda back end to run, with kernels that were compiled
// for the host. Device memory is the host's. One block runs at a time; its threads are fibers, which switch at barriers.
// Work is done as late as a GPU might: launches, copies and fills wait in a queue until something waits for them, so that
// memory reused too early shows. It calls itself "CUDA emulator (host CPU)": never report its times as a GPU's.
//
// MOE4J_EMULATOR_FAIL, or emu_fail() within the process, makes calls fail: "cuInit=100;cuLaunchKernel@20=719" (from the 20th on).
// With MOE4J_EMULATOR_ONCE, a file, they do while it is there, and the first removes it.
#include "emulated_device.h"
#include "emulated_kernels.h"
#include <array>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <sys/mman.h>

dim3 threadIdx, blockIdx, blockDim, gridDim;

static std::map<std::string, EmulatedKernel>& kernels() { static std::map<std::string, EmulatedKernel> m; return m; }
int emu_register(const char* name, EmulatedKernel kernel) { kernels()[name] = kernel; return 0; }

// ---- fibers ---------------------------------------------------------------------------------------------------------
#if defined(__x86_64__)
extern "C" void emu_switch(void** from, void* to);   // keeps the registers that a function must keep, changes the stack
asm(R"(
.text
.globl emu_switch
.hidden emu_switch
.type emu_switch,@function
emu_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp,(%rdi)
  movq %rsi,%rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
)");
#else
#error "the emulator's switch of stacks is written for x86-64"
#endif

namespace {
const size_t STACK = 256 << 10, PAGE = 4096;
const int MOST_THREADS = 1024;
enum Wait : char { RUN, WARP, BLOCK, DONE };
struct Fiber { void* sp; };
struct Thread { dim3 idx; int lin; Wait wait; unsigned mask; int parity; Fiber* fiber; };

void* scheduler;
Thread threads[MOST_THREADS];
Fiber fibers[MOST_THREADS];
std::vector<Fiber*> idle;
Thread* current;
int threadCount;
const EmulatedKernel* kernel;
void** params;
std::vector<char> dynamicShared;
alignas(16) char slots[MOST_THREADS][2][16];

// A fiber runs one thread after another, each to its end.
void loop() {
  for (;;) {
    kernel->invoke(kernel->function, params);
    current->wait = DONE;
    Fiber* me = current->fiber;
    emu_switch(&me->sp, scheduler);
  }
}
void pause(Wait w, unsigned mask) {
  Thread* me = current;
  me->wait = w; me->mask = mask;
  emu_switch(&me->fiber->sp, scheduler);
}
void makeFibers() {
  static char* memory = static_cast<char*>(mmap(nullptr, STACK * MOST_THREADS, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
  idle.clear();
  for (int i = MOST_THREADS - 1; i >= 0; i--) {
    mprotect(memory + i * STACK, PAGE, PROT_NONE);     // a stack that overflows is seen
    void** top = reinterpret_cast<void**>(memory + (i + 1) * STACK);
    top[-2] = reinterpret_cast<void*>(loop);
    fibers[i].sp = top - 8;
    idle.push_back(&fibers[i]);
  }
}
void resume(Thread& t) {
  if (!t.fiber) { t.fiber = idle.back(); idle.pop_back(); }
  current = &t; threadIdx = t.idx;
  emu_switch(&scheduler, t.fiber->sp);
  if (t.wait == DONE) { idle.push_back(t.fiber); t.fiber = nullptr; }
}
// Lets lanes go on whose mask's lanes all wait at a warp's barrier, or have returned.
bool releaseWarp(int first, int last) {
  unsigned waiting = 0, live = 0;
  for (int i = first; i < last; i++) {
    if (threads[i].wait != DONE) live |= 1u << (i - first);
    if (threads[i].wait == WARP) waiting |= 1u << (i - first);
  }
  bool any = false;
  for (int i = first; i < last; i++) {
    if (threads[i].wait == WARP && (threads[i].mask & live & ~waiting) == 0) { threads[i].wait = RUN; any = true; }
  }
  return any;
}
// 0, or the code of a launch that can't go on: a barrier that some threads never reach
int runBlock() {
  for (int i = 0; i < threadCount; i++) {
    threads[i] = {{i % blockDim.x, i / blockDim.x % blockDim.y, i / (blockDim.x * blockDim.y)}, i, RUN, 0, 0, nullptr};
  }
  for (;;) {
    int atBlock = 0, live = 0;
    for (int first = 0; first < threadCount; first += 32) {
      int last = std::min(threadCount, first + 32);
      do {
        for (int i = first; i < last; i++) if (threads[i].wait == RUN) resume(threads[i]);
      } while (releaseWarp(first, last));
      for (int i = first; i < last; i++) { live += threads[i].wait != DONE; atBlock += threads[i].wait == BLOCK; }
    }
    if (!live) return 0;
    if (atBlock < live) {
      makeFibers();                                    // those in the middle of something start anew
      return 719;
    }
    for (int i = 0; i < threadCount; i++) if (threads[i].wait == BLOCK) threads[i].wait = RUN;
  }
}

// ---- the context ----------------------------------------------------------------------------------------------------
using Work = std::function<int()>;
enum Kind { KERNEL, FILL, COPY, CHILD, OTHER };
// fixed: what may not be changed once the graph is instantiated
struct Node { Kind kind = OTHER; std::vector<size_t> fixed; std::vector<Node*> before; Work work; };
using Graph = std::vector<std::unique_ptr<Node>>;
struct Executable { std::vector<Node*> order; std::map<Node*, Node> nodes; };
struct Stream { Graph* captured = nullptr; };
struct Function { const EmulatedKernel* kernel; int mostShared = 48 << 10; std::string name; };

std::recursive_mutex lock;
std::deque<Work> queue;
int waits;                                             // how often the host has waited
int lost;                                              // the code that every call returns after a failure
std::map<std::string, int> calls;                       // since failures were set
std::map<std::string, int> made;                        // of all time
std::map<std::string, std::pair<int, int>> failures;   // call -> (from which on, code)
bool failuresRead;

void readFailures(const char* text) {
  failures.clear(); calls.clear(); failuresRead = true;
  std::string all = text ? text : "";
  for (size_t at = 0; at < all.size();) {
    size_t end = std::min(all.find(';', at), all.size());
    std::string one = all.substr(at, end - at);
    size_t eq = one.find('='), from = one.find('@');
    failures[one.substr(0, std::min(from, eq))] = {from == std::string::npos ? 1 : std::atoi(one.c_str() + from + 1), std::atoi(one.c_str() + eq + 1)};
    at = end + 1;
  }
}
int failure(const char* call) {
  if (!failuresRead) readFailures(std::getenv("MOE4J_EMULATOR_FAIL"));
  auto f = failures.find(call);
  if (f == failures.end() || ++calls[call] < f->second.first) return 0;
  const char* once = std::getenv("MOE4J_EMULATOR_ONCE");
  return !once || std::remove(once) == 0 ? f->second.second : 0;
}

const size_t GUARD = 64;                               // bytes after every allocation, looked at after each kernel that was given it
std::map<uintptr_t, size_t> allocations;
size_t allocated;
size_t total() { const char* mib = std::getenv("MOE4J_EMULATOR_MIB"); return (mib ? std::strtoull(mib, nullptr, 10) : 4096) << 20; }
bool inside(uintptr_t p, size_t n) {
  auto i = allocations.upper_bound(p);
  return n == 0 || (i != allocations.begin() && (--i, p + n <= i->first + i->second));
}
// Of the allocation that p points into; of all of them it would take most of the time of the tests.
bool guardHolds(uintptr_t p) {
  auto i = allocations.upper_bound(p);
  if (i == allocations.begin()) return true;
  auto& [start, n] = *--i;
  if (p > start + n) return true;
  for (size_t k = 0; k < GUARD; k++) if (reinterpret_cast<unsigned char*>(start)[n + k] != 0xA5) return false;
  return true;
}
int drain() {
  while (!queue.empty() && !lost) {
    Work work = std::move(queue.front());
    queue.pop_front();
    lost = work();
  }
  queue.clear();
  return lost;
}
// Null if it is to wait for a node of another graph.
Node* add(Graph& graph, std::unique_ptr<Node> node, void** before, size_t count) {
  for (size_t i = 0; i < count; i++) {
    auto* other = static_cast<Node*>(before[i]);
    if (std::none_of(graph.begin(), graph.end(), [=](auto& n) { return n.get() == other; })) return nullptr;
    node->before.push_back(other);
  }
  graph.push_back(std::move(node));
  return graph.back().get();
}
std::vector<Node*> order(const Graph& graph) {
  std::vector<Node*> done;
  auto isDone = [&](Node* n) { return std::find(done.begin(), done.end(), n) != done.end(); };
  for (bool any = true; any;) {
    any = false;
    for (auto n = graph.rbegin(); n != graph.rend() && !any; ++n)
      if (!isDone(n->get()) && std::all_of((*n)->before.begin(), (*n)->before.end(), isDone)) { done.push_back(n->get()); any = true; }
  }
  return done;
}
std::vector<Work> inOrder(const Graph& graph) {
  std::vector<Work> works;
  for (Node* n : order(graph)) works.push_back(n->work);
  return works;
}
int submit(void* stream, Work work) {
  auto* s = static_cast<Stream*>(stream);
  if (s && s->captured) {
    auto node = std::make_unique<Node>();
    node->work = std::move(work);
    void* last = s->captured->empty() ? nullptr : s->captured->back().get();
    add(*s->captured, std::move(node), &last, last ? 1 : 0);
  } else {
    queue.push_back(std::move(work));
  }
  return 0;
}
int run(const Function* f, dim3 grid, dim3 block, unsigned sharedBytes, const std::vector<uint64_t>& values) {
  if (idle.empty()) makeFibers();
  std::vector<void*> pointers;
  size_t at = 0;
  for (size_t size : f->kernel->sizes) { pointers.push_back(const_cast<uint64_t*>(&values[at])); at += (size + 7) / 8; }
  kernel = f->kernel; params = pointers.data();
  threadCount = int(block.x * block.y * block.z); gridDim = grid; blockDim = block;
  dynamicShared.resize(sharedBytes + 16);
  for (blockIdx.z = 0; blockIdx.z < grid.z; blockIdx.z++)
    for (blockIdx.y = 0; blockIdx.y < grid.y; blockIdx.y++)
      for (blockIdx.x = 0; blockIdx.x < grid.x; blockIdx.x++) {
        std::fill(dynamicShared.begin(), dynamicShared.end(), char(0xCC));
        if (int e = runBlock()) return e;
      }
  for (uint64_t value : values) if (!guardHolds(value)) return 700; // CUDA_ERROR_ILLEGAL_ADDRESS: something wrote past an end
  return 0;
}
}  // namespace

extern "C" {
void emu_block_barrier() { pause(BLOCK, 0); }
void emu_warp_barrier(unsigned mask) { pause(WARP, mask); }
int emu_lane() { return current->lin & 31; }
unsigned emu_live() {
  unsigned live = 0; int first = current->lin & ~31;
  for (int i = first; i < std::min(threadCount, first + 32); i++) if (threads[i].wait != DONE) live |= 1u << (i - first);
  return live;
}
void* emu_slot(int lane, int parity) { return slots[(current->lin & ~31) + lane][parity]; }
int emu_parity() { return current->parity ^= 1; }
void* emu_dynamic_shared() { return reinterpret_cast<void*>((reinterpret_cast<uintptr_t>(dynamicShared.data()) + 15) & ~uintptr_t(15)); }

#define EXPORT __attribute__((visibility("default"))) int
#define ENTER(name) std::lock_guard<std::recursive_mutex> guard(lock); made[name]++; if (lost) return lost; if (int e = failure(name)) return e >= 700 && e < 720 ? lost = e : e

__attribute__((visibility("default"))) void emu_fail(const char* text) {
  std::lock_guard<std::recursive_mutex> guard(lock);
  readFailures(text); lost = 0; queue.clear();
}

EXPORT emu_waits() { return waits; }
EXPORT emu_calls(const char* name) { std::lock_guard<std::recursive_mutex> guard(lock); return made[name]; }
EXPORT emu_submit(void* stream, Work* work) { ENTER("emu_submit"); return submit(stream, std::move(*work)); }

EXPORT cuInit(unsigned) { ENTER("cuInit"); return 0; }
EXPORT cuDriverGetVersion(int* v) { const char* version = std::getenv("MOE4J_EMULATOR_VERSION"); *v = version ? std::atoi(version) : 13000; return 0; }
EXPORT cuDeviceGetCount(int* n) { ENTER("cuDeviceGetCount"); const char* count = std::getenv("MOE4J_EMULATOR_DEVICES"); *n = count ? std::atoi(count) : 1; return 0; }
EXPORT cuDeviceGet(int* d, int i) { ENTER("cuDeviceGet"); int n; cuDeviceGetCount(&n); *d = i; return i >= 0 && i < n ? 0 : 101; }
EXPORT cuDeviceGetName(char* s, int n, int) { std::strncpy(s, "CUDA emulator (host CPU)", n); return 0; }
EXPORT cuDeviceTotalMem_v2(size_t* n, int) { *n = total(); return 0; }
EXPORT cuDeviceGetAttribute(int* v, int a, int) {
  const char* capability = std::getenv("MOE4J_EMULATOR_CAPABILITY");
  int cc = capability ? std::atoi(capability) : 90;
  switch (a) {
    case 75: *v = cc / 10; break;                      // compute capability
    case 76: *v = cc % 10; break;
    case 16: *v = 2; break;                            // multiprocessors
    case 10: *v = 32; break;                           // lanes of a warp
    case 8: *v = 48 << 10; break;                      // shared memory of a block
    case 97: *v = 227 << 10; break;                    // the same on request
    case 1: *v = MOST_THREADS; break;
    default: *v = 0;
  }
  return 0;
}
EXPORT cuDevicePrimaryCtxRetain(void** c, int d) { ENTER("cuDevicePrimaryCtxRetain"); *c = reinterpret_cast<void*>(intptr_t(d) + 1); return 0; }
EXPORT cuDevicePrimaryCtxRelease_v2(int) { return 0; }
EXPORT cuCtxSetCurrent(void*) { ENTER("cuCtxSetCurrent"); return 0; }
EXPORT cuCtxSynchronize() { ENTER("cuCtxSynchronize"); return drain(); }

EXPORT cuStreamCreate(void** s, unsigned) { ENTER("cuStreamCreate"); *s = new Stream; return 0; }
EXPORT cuStreamSynchronize(void* s) { ENTER("cuStreamSynchronize"); if (s && static_cast<Stream*>(s)->captured) return 900; waits++; return drain(); }
EXPORT cuStreamQuery(void*) { ENTER("cuStreamQuery"); return drain(); }
EXPORT cuStreamWaitEvent(void*, void*, unsigned) { ENTER("cuStreamWaitEvent"); return 0; }
EXPORT cuStreamDestroy_v2(void* s) { std::lock_guard<std::recursive_mutex> guard(lock); drain(); delete static_cast<Stream*>(s); return lost; }
EXPORT cuEventCreate(void** e, unsigned) { ENTER("cuEventCreate"); *e = new int; return 0; }
EXPORT cuEventDestroy_v2(void* e) { delete static_cast<int*>(e); return 0; }
EXPORT cuEventRecord(void*, void*) { ENTER("cuEventRecord"); return 0; }
EXPORT cuEventSynchronize(void*) { ENTER("cuEventSynchronize"); waits++; return drain(); }
EXPORT cuEventQuery(void*) { ENTER("cuEventQuery"); return drain(); }
EXPORT cuEventElapsedTime(float* ms, void*, void*) { ENTER("cuEventElapsedTime"); *ms = 1; return drain(); }

EXPORT cuMemAlloc_v2(uintptr_t* p, size_t n) {
  ENTER("cuMemAlloc_v2");
  if (!n) return 1;
  if (allocated + n > total()) return 2;
  char* m = static_cast<char*>(std::aligned_alloc(512, (n + GUARD + 511) / 512 * 512));
  if (!m) return 2;
  std::memset(m, 0xCC, n); std::memset(m + n, 0xA5, GUARD);   // 0xCC: reads of memory never written show
  allocations[*p = reinterpret_cast<uintptr_t>(m)] = n; allocated += n;
  return 0;
}
EXPORT cuMemFree_v2(uintptr_t p) {
  std::lock_guard<std::recursive_mutex> guard(lock);
  int e = drain();
  auto i = allocations.find(p);
  if (i == allocations.end()) return 1;
  allocated -= i->second; allocations.erase(i); std::free(reinterpret_cast<void*>(p));
  return e;
}
EXPORT cuMemGetInfo_v2(size_t* free, size_t* all) { ENTER("cuMemGetInfo_v2"); *all = total(); *free = total() - allocated; return 0; }
EXPORT cuMemAllocHost_v2(void** p, size_t n) { ENTER("cuMemAllocHost_v2"); *p = std::malloc(n); return *p ? 0 : 2; }
EXPORT cuMemHostAlloc(void** p, size_t n, unsigned) { return cuMemAllocHost_v2(p, n); }
EXPORT cuMemFreeHost(void* p) { std::free(p); return 0; }
EXPORT cuMemHostRegister_v2(void*, size_t, unsigned) { return 0; }
EXPORT cuMemHostUnregister(void*) { return 0; }

EXPORT cuMemcpyHtoDAsync_v2(uintptr_t d, const void* s, size_t n, void* stream) {
  ENTER("cuMemcpyHtoDAsync_v2");
  if (!inside(d, n)) return 1;
  return submit(stream, [=] { std::memcpy(reinterpret_cast<void*>(d), s, n); return 0; });
}
EXPORT cuMemcpyDtoHAsync_v2(void* d, uintptr_t s, size_t n, void* stream) {
  ENTER("cuMemcpyDtoHAsync_v2");
  if (!inside(s, n)) return 1;
  return submit(stream, [=] { std::memcpy(d, reinterpret_cast<void*>(s), n); return 0; });
}
EXPORT cuMemcpyDtoDAsync_v2(uintptr_t d, uintptr_t s, size_t n, void* stream) {
  ENTER("cuMemcpyDtoDAsync_v2");
  if (!inside(d, n) || !inside(s, n)) return 1;
  return submit(stream, [=] { std::memmove(reinterpret_cast<void*>(d), reinterpret_cast<void*>(s), n); return 0; });
}
EXPORT cuMemcpyHtoD_v2(uintptr_t d, const void* s, size_t n) { int e = cuMemcpyHtoDAsync_v2(d, s, n, nullptr); return e ? e : cuCtxSynchronize(); }
EXPORT cuMemcpyDtoH_v2(void* d, uintptr_t s, size_t n) { int e = cuMemcpyDtoHAsync_v2(d, s, n, nullptr); return e ? e : cuCtxSynchronize(); }
EXPORT cuMemsetD8Async(uintptr_t d, unsigned char c, size_t n, void* stream) {
  ENTER("cuMemsetD8Async");
  if (!inside(d, n)) return 1;
  return submit(stream, [=] { std::memset(reinterpret_cast<void*>(d), c, n); return 0; });
}
EXPORT cuMemsetD32Async(uintptr_t d, unsigned v, size_t n, void* stream) {
  ENTER("cuMemsetD32Async");
  if (!inside(d, 4 * n) || d % 4) return 1;
  return submit(stream, [=] { std::fill_n(reinterpret_cast<unsigned*>(d), n, v); return 0; });
}

EXPORT cuModuleLoadData(void** m, const void* image) { ENTER("cuModuleLoadData"); (void)image; *m = reinterpret_cast<void*>(3); return 0; }
EXPORT cuModuleLoadDataEx(void** m, const void* image, unsigned, void*, void**) { return cuModuleLoadData(m, image); }
EXPORT cuModuleUnload(void*) { return 0; }
EXPORT cuModuleGetFunction(void** f, void*, const char* name) {
  ENTER("cuModuleGetFunction");
  auto i = kernels().find(name);
  if (i == kernels().end()) return 500;
  *f = new Function{&i->second, 48 << 10, name};
  return 0;
}
EXPORT cuFuncSetAttribute(void* f, int attribute, int value) {
  if (attribute == 8) { if (value > 227 << 10) return 1; static_cast<Function*>(f)->mostShared = value; }
  return 0;
}
static int kernelWork(void* f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned sharedBytes, void** p, Work& work) {
  auto* function = static_cast<Function*>(f);
  size_t n = size_t(bx) * by * bz;
  if (!n || n > MOST_THREADS || !gx || !gy || !gz || gx > 0x7fffffff || gy > 65535 || gz > 65535 || int(sharedBytes) > function->mostShared) return 1;
  std::vector<uint64_t> values;
  for (size_t i = 0; i < function->kernel->sizes.size(); i++) {
    size_t size = function->kernel->sizes[i], at = values.size();
    values.resize(at + (size + 7) / 8);
    std::memcpy(&values[at], p[i], size);
  }
  work = [=, values = std::move(values)] { return run(function, {gx, gy, gz}, {bx, by, bz}, sharedBytes, values); };
  return 0;
}
EXPORT cuLaunchKernel(void* f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                      unsigned sharedBytes, void* stream, void** p, void**) {
  ENTER("cuLaunchKernel");
  Work work;
  int e = kernelWork(f, gx, gy, gz, bx, by, bz, sharedBytes, p, work);
  return e ? e : submit(stream, std::move(work));
}

// Graphs. A node waits for those that it names and for no other: of nodes that could be next, a launch does the one that was added
// last, so that a dependency that is missing shows.
EXPORT cuGraphCreate(void** g, unsigned flags) { ENTER("cuGraphCreate"); if (flags) return 1; *g = new Graph; return 0; }
EXPORT cuGraphDestroy(void* g) { std::lock_guard<std::recursive_mutex> guard(lock); delete static_cast<Graph*>(g); return 0; }

struct KernelNode { void* function; unsigned gx, gy, gz, bx, by, bz, sharedBytes; void** parameters; void** extra; void* kernel; void* context; };
struct FillNode { uintptr_t to; size_t pitch; unsigned value, elementSize; size_t width, height; };
struct CopySide { size_t x, y, z, level; int kind; const void* host; uintptr_t device; void* array; size_t reserved, pitch, height; };
struct CopyNode { CopySide from, to; size_t width, height, depth; };
static_assert(sizeof(KernelNode) == 72 && sizeof(FillNode) == 40 && sizeof(CopyNode) == 200);

extern "C++" {
static int nodeOf(const KernelNode* p, Node& n) {
  if (p->extra || p->kernel || p->context) return 1;
  n.kind = KERNEL; n.fixed = {reinterpret_cast<uintptr_t>(p->function)};
  return kernelWork(p->function, p->gx, p->gy, p->gz, p->bx, p->by, p->bz, p->sharedBytes, p->parameters, n.work);
}
static int nodeOf(const FillNode* p, Node& n) {
  if (p->elementSize != 4 || p->height != 1 || p->to % 4 || !inside(p->to, 4 * p->width)) return 1;
  n.kind = FILL; n.fixed = {p->width};
  n.work = [to = p->to, value = p->value, words = p->width] { std::fill_n(reinterpret_cast<unsigned*>(to), words, value); return 0; };
  return 0;
}
static int nodeOf(const CopyNode* p, Node& n) {
  auto row = [&](const CopySide& side) { return !side.x && !side.y && !side.z && !side.level && !side.array && side.pitch >= p->width && side.height >= 1; };
  if (p->height != 1 || p->depth != 1 || !row(p->from) || !row(p->to) || p->to.kind != 2 || !inside(p->to.device, p->width)) return 1;
  if (p->from.kind == 2 ? !inside(p->from.device, p->width) : p->from.kind != 1 || !p->from.host) return 1;
  const void* from = p->from.kind == 2 ? reinterpret_cast<const void*>(p->from.device) : p->from.host;
  n.kind = COPY; n.fixed = {size_t(p->from.kind), p->width};
  n.work = [=, to = p->to.device, bytes = p->width] { std::memmove(reinterpret_cast<void*>(to), from, bytes); return 0; };
  return 0;
}
template <class P> static int addNode(void** made, void* g, void** before, size_t count, const P* p) {
  auto node = std::make_unique<Node>();
  if (int e = nodeOf(p, *node)) return e;
  *made = add(*static_cast<Graph*>(g), std::move(node), before, count);
  return *made ? 0 : 1;
}
template <class P> static int setNode(void* e, void* node, const P* p) {
  auto& nodes = static_cast<Executable*>(e)->nodes;
  auto i = nodes.find(static_cast<Node*>(node));
  Node changed;
  if (i == nodes.end() || nodeOf(p, changed) || changed.kind != i->second.kind || changed.fixed != i->second.fixed) return 1;
  i->second.work = std::move(changed.work);
  return 0;
}
}
EXPORT cuGraphAddKernelNode_v2(void** n, void* g, void** before, size_t count, const KernelNode* p) { ENTER("cuGraphAddKernelNode"); return addNode(n, g, before, count, p); }
EXPORT cuGraphAddMemsetNode(void** n, void* g, void** before, size_t count, const FillNode* p, void* c) { ENTER("cuGraphAddMemsetNode"); return c ? addNode(n, g, before, count, p) : 201; }
EXPORT cuGraphAddMemcpyNode(void** n, void* g, void** before, size_t count, const CopyNode* p, void* c) { ENTER("cuGraphAddMemcpyNode"); return c ? addNode(n, g, before, count, p) : 201; }
EXPORT cuGraphAddChildGraphNode(void** n, void* g, void** before, size_t count, void* child) {
  ENTER("cuGraphAddChildGraphNode");
  auto node = std::make_unique<Node>();
  node->kind = CHILD;
  node->work = [works = inOrder(*static_cast<Graph*>(child))] { for (auto& work : works) if (int code = work()) return code; return 0; };
  *n = add(*static_cast<Graph*>(g), std::move(node), before, count);
  return *n ? 0 : 1;
}
EXPORT cuGraphExecKernelNodeSetParams_v2(void* e, void* n, const KernelNode* p) { ENTER("cuGraphExecKernelNodeSetParams"); return setNode(e, n, p); }
EXPORT cuGraphExecMemsetNodeSetParams(void* e, void* n, const FillNode* p, void*) { ENTER("cuGraphExecMemsetNodeSetParams"); return setNode(e, n, p); }
EXPORT cuGraphExecMemcpyNodeSetParams(void* e, void* n, const CopyNode* p, void*) { ENTER("cuGraphExecMemcpyNodeSetParams"); return setNode(e, n, p); }
EXPORT cuGraphInstantiateWithFlags(void** e, void* g, unsigned long long flags) {
  ENTER("cuGraphInstantiate");
  auto* graph = static_cast<Graph*>(g);
  if (flags || order(*graph).size() != graph->size()) return 1;
  auto* executable = new Executable{order(*graph), {}};
  for (auto& node : *graph) executable->nodes[node.get()] = *node;
  *e = executable;
  return 0;
}
EXPORT cuGraphLaunch(void* e, void* stream) {
  ENTER("cuGraphLaunch");
  auto* executable = static_cast<Executable*>(e);
  for (Node* node : executable->order) submit(stream, executable->nodes[node].work);
  return 0;
}
EXPORT cuGraphExecDestroy(void* e) { std::lock_guard<std::recursive_mutex> guard(lock); made["cuGraphExecDestroy"]++; delete static_cast<Executable*>(e); return 0; }

EXPORT cuStreamBeginCapture_v2(void* s, int) {
  ENTER("cuStreamBeginCapture");
  auto* stream = static_cast<Stream*>(s);
  if (stream->captured) return 1;
  stream->captured = new Graph;
  return 0;
}
EXPORT cuStreamEndCapture(void* s, void** g) {
  ENTER("cuStreamEndCapture");
  auto* stream = static_cast<Stream*>(s);
  if (!stream->captured) return 1;
  *g = stream->captured; stream->captured = nullptr;
  return 0;
}

EXPORT cuGetErrorName(int, const char** s) { *s = "CUDA_ERROR"; return 0; }
EXPORT cuGetErrorString(int, const char** s) { *s = "reported by the CUDA emulator"; return 0; }
}
