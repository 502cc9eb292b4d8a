// Gradients of one batch under every failure pattern.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/train/gradients.h"

#include "rnet/core/npz.h"

namespace rnet::train {

template <class T>
Status write_gradients(const std::string &path, const NetworkDescription &network,
                       NetworkTrainer<T> &trainer, const Dataset &dataset,
                       std::span<const std::int64_t> rows) {
  std::map<std::string, NpyArray> arrays;
  for (std::size_t k = 0; k < network.inputs.size(); ++k) {
    const std::size_t width = network.inputs[k].width;
    std::vector<float> x(rows.size() * width);
    for (std::size_t row = 0; row < rows.size(); ++row)
      dataset.copy_row(k, static_cast<std::size_t>(rows[row]), x.data() + row * width);
    arrays[network.inputs.size() == 1 ? "x" : std::string(network.inputs[k].name)] =
        make_array(std::span<const float>(x), {rows.size(), width});
  }
  std::vector<std::int32_t> y;
  for (std::int64_t row : rows)
    y.push_back(dataset.labels[static_cast<std::size_t>(row)]);
  arrays["y"] = make_array(std::span<const std::int32_t>(y), {y.size()});

  std::vector<std::size_t> failable;
  for (std::size_t node = 0; node < network.nodes.size(); ++node)
    if (network.may_be_down(node))
      failable.push_back(node);
  for (std::size_t k = 0; k < std::size_t(1) << failable.size(); ++k) {
    std::vector<std::uint8_t> alive(network.nodes.size(), 1), mask;
    DownSet down = 0;
    for (std::size_t f = 0; f < failable.size(); ++f) {
      alive[failable[f]] = !(k >> f & 1);
      down |= DownSet(k >> f & 1) << failable[f];
      mask.push_back(alive[failable[f]]);
    }
    const auto result = trainer.differentiate(dataset, rows, alive, find_outage(network, down).cut);
    const std::string suffix = std::to_string(k);
    const double loss[] = {result.loss};
    arrays["mask_" + suffix] = make_array(std::span<const std::uint8_t>(mask), {mask.size()});
    arrays["loss_" + suffix] = make_array(std::span<const double>(loss), {});
    for (const Parameter<T> &parameter : trainer.parameters())
      if (parameter.description->trainable)
        arrays["grad_" + suffix + "/" + std::string(parameter.description->name)] =
            make_array(std::span<const T>(parameter.gradient),
                       {parameter.description->shape.begin(), parameter.description->shape.end()});
  }
  return write_npz(path, arrays);
}

template Status write_gradients<float>(const std::string &, const NetworkDescription &,
                                       NetworkTrainer<float> &, const Dataset &,
                                       std::span<const std::int64_t>);
template Status write_gradients<double>(const std::string &, const NetworkDescription &,
                                        NetworkTrainer<double> &, const Dataset &,
                                        std::span<const std::int64_t>);

} // namespace rnet::train
