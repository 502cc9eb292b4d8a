// Which program a node takes. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "levels.h"

#include <gtest/gtest.h>

namespace rnet::net {
namespace {

std::unique_ptr<Program> nothing() { return nullptr; }
const std::vector<LevelProgram> kAll = {
    {Level::x86_64_v4, nothing}, {Level::x86_64_v3, nothing}, {Level::base, nothing}};

bool has_all(Level) { return true; }
bool has_avx2(Level level) { return level != Level::x86_64_v4; }
bool has_sse2(Level level) { return level == Level::base; }

TEST(Levels, TheHighestThatTheProcessorHasIsTaken) {
  EXPECT_EQ(choose_program(kAll, "", has_all)->level, Level::x86_64_v4);
  EXPECT_EQ(choose_program(kAll, "", has_avx2)->level, Level::x86_64_v3);
  EXPECT_EQ(choose_program(kAll, "", has_sse2)->level, Level::base);
}

TEST(Levels, OneThatIsWantedIsTakenInstead) {
  for (Level level : {Level::base, Level::x86_64_v3, Level::x86_64_v4})
    EXPECT_EQ(choose_program(kAll, level_name(level), has_all)->level, level);
}

TEST(Levels, WhatIsNotThereOrCannotRunIsAnError) {
  const std::string base(level_name(Level::base));
  EXPECT_EQ(choose_program(kAll, "avx9", has_all).message(),
            "RNET_LEVEL is 'avx9', expected one that this node was compiled for: x86-64-v4, "
            "x86-64-v3, " +
                base);
  EXPECT_EQ(choose_program(kAll, "x86-64-v4", has_avx2).message(),
            "RNET_LEVEL is 'x86-64-v4', which this processor does not have");
  const std::vector<LevelProgram> one = {{Level::x86_64_v3, nothing}};
  EXPECT_EQ(choose_program(one, "", has_sse2).message(),
            "this node was compiled for x86-64-v3, which this processor does not have");
  EXPECT_EQ(choose_program(one, base, has_all).message(),
            "RNET_LEVEL is '" + base +
                "', expected one that this node was compiled for: x86-64-v3");
}

TEST(Levels, AnExecutableWithoutProgramsHasNone) { EXPECT_TRUE(linked_programs().empty()); }

} // namespace
} // namespace rnet::net
