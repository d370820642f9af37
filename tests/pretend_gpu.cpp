// Answers for the driver of a GPU that is not there; pretend_gpu.py compiles and loads this file.
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/CPUAllocator.h>
#include <c10/core/impl/FakeGuardImpl.h>

constexpr auto CUDA = c10::DeviceType::CUDA;

// Its numbers are those of a CPU generator, but it belongs to the GPU.
struct Chance : at::CPUGeneratorImpl {
  explicit Chance(uint64_t seed) : at::CPUGeneratorImpl(seed) { device_ = c10::Device(CUDA, 0); }
};

struct Hooks : at::CUDAHooksInterface {
  void init() const override {}
  bool isBuilt() const override { return true; }
  bool isAvailable() const override { return true; }
  bool hasPrimaryContext(c10::DeviceIndex) const override { return true; }
  c10::DeviceIndex deviceCount() const override { return 1; }
  c10::DeviceIndex getCurrentDevice() const override { return 0; }
  c10::Allocator* getPinnedMemoryAllocator() const override { return c10::GetCPUAllocator(); }
  at::Generator getNewGenerator(c10::DeviceIndex) const override {
    return at::make_generator<Chance>(c10::default_rng_seed_val);
  }
};

extern "C" void switch_on() {
  static c10::impl::FakeGuardImpl<CUDA> guard;
  c10::impl::device_guard_impl_registry[static_cast<size_t>(CUDA)].store(&guard);
  static Hooks hooks;  // torch's own hooks stay where they are in memory and get these methods
  *(void**)&at::detail::getCUDAHooks() = *(void**)&hooks;
}
