// Times ONNX Runtime on one thread, a row a request, by its C interface: nothing of another
// language is in the time. Input and output tensors are made once.
//
//   time-onnxruntime LIBRARY MODEL INPUT OUTPUT INPUT_SHAPE OUTPUT_SHAPE    shapes as 1x23; tensors
//   `input` and `output`
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/core/math.h"
#include "rounds.h"

#include <cstdint>
#include <dlfcn.h>
#include <numeric>
#include <sstream>

namespace {

/// The interface is a table of functions to which versions only ever append, so that a place means
/// the same in all of them. The npm package has no header; these are the places that are needed
/// here.
enum Place {
  kGetErrorMessage = 2,
  kCreateEnv = 3,
  kCreateSession = 7,
  kRun = 9,
  kCreateSessionOptions = 10,
  kSetSessionGraphOptimizationLevel = 23,
  kSetIntraOpNumThreads = 24,
  kCreateTensorWithDataAsOrtValue = 49,
  kCreateCpuMemoryInfo = 69,
};
constexpr std::uint32_t kVersion = 14; // any that has them
constexpr int kWarning = 2, kAllOptimizations = 99, kArenaAllocator = 1, kDefaultMemory = 0,
              kFloat = 1;

struct Base {
  void *const *(*get_api)(std::uint32_t version);
  const char *(*get_version)();
};

class OnnxRuntime {
public:
  explicit OnnxRuntime(const char *library) {
    void *const handle = dlopen(library, RTLD_NOW);
    if (!handle)
      speed::fail(dlerror());
    void *const symbol = dlsym(handle, "OrtGetApiBase");
    if (!symbol)
      speed::fail(std::string("'") + library + "' is not ONNX Runtime");
    functions_ = reinterpret_cast<const Base *(*)()>(symbol)()->get_api(kVersion);
    if (!functions_)
      speed::fail(std::string("'") + library + "' is older than 1.14");
  }

  /// Arguments have exactly the types of the interface, or ones that are passed alike.
  template <class... Arguments> void call(Place place, Arguments... arguments) const {
    if (void *status = reinterpret_cast<void *(*)(Arguments...)>(functions_[place])(arguments...))
      speed::fail(reinterpret_cast<const char *(*)(void *)>(functions_[kGetErrorMessage])(status));
  }

private:
  void *const *functions_;
};

struct Tensor {
  std::vector<std::int64_t> shape;
  std::vector<float> values;
  void *handle = nullptr;

  explicit Tensor(const char *text) {
    std::istringstream sizes(text);
    for (std::string size; std::getline(sizes, size, 'x');)
      shape.push_back(std::stoll(size));
    values.resize(static_cast<std::size_t>(
        std::accumulate(shape.begin(), shape.end(), std::int64_t(1), std::multiplies<>())));
  }
  void make(const OnnxRuntime &runtime, void *memory) {
    runtime.call(kCreateTensorWithDataAsOrtValue, static_cast<const void *>(memory),
                 static_cast<void *>(values.data()), values.size() * sizeof(float),
                 static_cast<const std::int64_t *>(shape.data()), shape.size(), kFloat, &handle);
  }
};

} // namespace

int main(int argc, char **argv) {
  if (argc != 7)
    speed::fail("usage: time-onnxruntime LIBRARY MODEL INPUT OUTPUT INPUT_SHAPE OUTPUT_SHAPE");
  const OnnxRuntime runtime(argv[1]);
  void *environment = nullptr, *options = nullptr, *session = nullptr, *memory = nullptr;
  runtime.call(kCreateEnv, kWarning, "speed", &environment);
  runtime.call(kCreateSessionOptions, &options);
  runtime.call(kSetSessionGraphOptimizationLevel, options, kAllOptimizations);
  runtime.call(kSetIntraOpNumThreads, options, 1); // the caller's: none is made, none spins
  runtime.call(kCreateSession, environment, static_cast<const char *>(argv[2]), options, &session);
  runtime.call(kCreateCpuMemoryInfo, kArenaAllocator, kDefaultMemory, &memory);
  Tensor input(argv[5]), output(argv[6]);
  input.values = speed::read_floats(argv[3], input.values.size());
  input.make(runtime, memory);
  output.make(runtime, memory);

  const rnet::FlushDenormals flush_denormals; // as rnet does
  const char *const input_names[] = {"input"}, *const output_names[] = {"output"};
  const auto request = [&] {
    runtime.call(kRun, session, static_cast<void *>(nullptr), input_names, &input.handle,
                 std::size_t(1), output_names, std::size_t(1), &output.handle);
  };
  request();
  speed::write_floats(argv[4], output.values.data(), output.values.size());
  speed::serve_rounds(request);
  return 0;
}
