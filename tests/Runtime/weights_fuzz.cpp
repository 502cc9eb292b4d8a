// Fuzz target: whatever bytes a weights file has, reading it ends in values or in an error.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/core/weights_file.h"
#include "rnet/data/split.h"

#include <cstdlib>
#include <string>
#include <sys/mman.h>
#include <unistd.h>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  const int descriptor = memfd_create("weights", MFD_CLOEXEC);
  if (descriptor < 0 || write(descriptor, data, size) != static_cast<ssize_t>(size))
    std::abort();
  if (auto file = rnet::WeightsFile::open("/proc/self/fd/" + std::to_string(descriptor));
      file.ok()) {
    for (const auto &[name, entry] : file->tensors()) {
      std::size_t count = 1;
      for (std::size_t length : entry.shape)
        count *= length;
      std::vector<float> values(count);
      // A checked file has every tensor that it names.
      if (!file->read(name, std::span<const std::size_t>(entry.shape), std::span<float>(values))
               .ok())
        std::abort();
    }
    (void)file->verify().ok();
    (void)rnet::SplitMetadata::read(*file).ok();
  }
  close(descriptor);
  return 0;
}
