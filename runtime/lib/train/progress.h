// What a person sees of a training run: a live bar on a terminal, a line an epoch elsewhere.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <chrono>
#include <cmath>
#include <cstdio>
#include <string>
#include <unistd.h>

namespace rnet::train {

/// "validation accuracy 81.25%" between two texts; nothing at all where no row validated (NaN).
inline std::string validation_text(const char *before, double accuracy, const char *after) {
  if (std::isnan(accuracy))
    return "";
  char text[64];
  std::snprintf(text, sizeof text, "%svalidation accuracy %.2f%%%s", before, 100 * accuracy, after);
  return text;
}

class Progress {
public:
  Progress(std::size_t epochs, std::size_t first_epoch, std::size_t rows)
      : epochs_(epochs), first_(first_epoch), rows_(rows), live_(::isatty(STDERR_FILENO)),
        begin_(Clock::now()), shown_(begin_) {}

  void step(std::size_t epoch, std::size_t done, double loss) {
    if (!live_ || Clock::now() - shown_ < std::chrono::milliseconds(100))
      return;
    shown_ = Clock::now();
    char bar[21];
    for (std::size_t k = 0; k < 20; ++k)
      bar[k] = k * rows_ < done * 20 ? '#' : '.';
    bar[20] = 0;
    const double part = static_cast<double>(epoch - first_) +
                        static_cast<double>(done) / static_cast<double>(rows_);
    std::fprintf(stderr, "\r\033[Kepoch %zu/%zu [%s] loss %.4f  %.0f rows/s  %.0f s left",
                 epoch + 1, epochs_, bar, loss, rate(part),
                 seconds() / part * (static_cast<double>(epochs_ - first_) - part));
  }

  void epoch(std::size_t epoch, double loss, double accuracy, bool best) {
    const double part = static_cast<double>(epoch + 1 - first_);
    std::fprintf(stderr, "%sepoch %zu/%zu  loss %.4f%s  %.0f rows/s\n", live_ ? "\r\033[K" : "",
                 epoch + 1, epochs_, loss,
                 validation_text("  ", accuracy, best ? " (best)" : "").c_str(), rate(part));
  }

private:
  using Clock = std::chrono::steady_clock;
  double seconds() const { return std::chrono::duration<double>(Clock::now() - begin_).count(); }
  double rate(double part) const { return part * static_cast<double>(rows_) / (seconds() + 1e-9); }

  std::size_t epochs_, first_, rows_;
  bool live_;
  Clock::time_point begin_, shown_;
};

} // namespace rnet::train
