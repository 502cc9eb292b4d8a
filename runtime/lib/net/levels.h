// Which of its programs a node takes. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/program.h"

#include <memory>
#include <string_view>
#include <vector>

namespace rnet::net {

/// A node's program as compiled for one level of instructions.
struct LevelProgram {
  Level level;
  std::unique_ptr<Program> (*make)();
};

/// Those that this executable was linked with, the highest level first.
std::vector<LevelProgram> linked_programs();

/// The first that the processor `has`; or that of the level `wanted`, by its name, where that is
/// not empty. An error where there is none.
Expected<LevelProgram> choose_program(const std::vector<LevelProgram> &programs,
                                      std::string_view wanted, bool (*has)(Level));

} // namespace rnet::net
