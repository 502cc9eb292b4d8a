// Which of its programs a node takes. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "levels.h"

#include <algorithm>

namespace rnet {

// Null where the executable has none for that level.
template <> [[gnu::weak]] std::unique_ptr<Program> make_program<Level::base>();
template <> [[gnu::weak]] std::unique_ptr<Program> make_program<Level::x86_64_v3>();
template <> [[gnu::weak]] std::unique_ptr<Program> make_program<Level::x86_64_v4>();

} // namespace rnet

namespace rnet::net {

std::vector<LevelProgram> linked_programs() {
  std::vector<LevelProgram> programs;
  for (const LevelProgram &program :
       {LevelProgram{Level::x86_64_v4, &make_program<Level::x86_64_v4>},
        {Level::x86_64_v3, &make_program<Level::x86_64_v3>},
        {Level::base, &make_program<Level::base>}})
    if (program.make)
      programs.push_back(program);
  return programs;
}

Expected<LevelProgram> choose_program(const std::vector<LevelProgram> &programs,
                                      std::string_view wanted, bool (*has)(Level)) {
  const auto found = std::ranges::find_if(programs, [&](const LevelProgram &program) {
    return wanted.empty() ? has(program.level) : level_name(program.level) == wanted;
  });
  if (found != programs.end() && has(found->level))
    return *found;
  std::string names;
  for (const LevelProgram &program : programs)
    names += (names.empty() ? "" : ", ") + std::string(level_name(program.level));
  if (wanted.empty())
    return Status::error("this node was compiled for " + names +
                         ", which this processor does not have");
  return Status::error("RNET_LEVEL is '" + std::string(wanted) + "', " +
                       (found != programs.end()
                            ? "which this processor does not have"
                            : "expected one that this node was compiled for: " + names));
}

} // namespace rnet::net
