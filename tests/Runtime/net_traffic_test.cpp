// Which generation of weights requests take: the old one until all have the new one; shares; back.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "traffic.h"

#include <gtest/gtest.h>

namespace rnet::net {
namespace {

constexpr GenerationId kOld = 0xa, kNew = 0xb;

class TrafficTest : public testing::Test {
protected:
  /// How many of so many requests take the new one.
  int take_new(int requests = 100) {
    int count = 0;
    for (int k = 0; k < requests; ++k) {
      const GenerationId id = traffic.choose();
      EXPECT_TRUE(id == kOld || id == kNew);
      count += id == kNew;
    }
    return count;
  }
  const Log log{Log::Format::json, "d"};
  Traffic traffic{log};
};

TEST_F(TrafficTest, TakesTheOnlyOneThereIs) {
  traffic.hold({kNew});
  EXPECT_EQ(take_new(), 100);
  traffic.wish(Wish{kNew, 0}); // there is nothing else to take
  EXPECT_EQ(take_new(), 100);
  traffic.wish(Wish{kOld, 1});
  EXPECT_EQ(take_new(), 100);
}
TEST_F(TrafficTest, TakesTheOldOneUnlessItIsTold) {
  traffic.hold({kOld, kNew});
  traffic.complete({kOld, kNew});
  EXPECT_EQ(take_new(), 0);
  EXPECT_EQ(traffic.shares(), (Traffic::Shares{{kOld, 1}, {kNew, 0}}));
}
TEST_F(TrafficTest, GoesOverWhenAllHaveTheNewOneAndBackWhenOneHasItNot) {
  traffic.hold({kOld});
  traffic.wish(Wish{kNew, 1});
  EXPECT_EQ(take_new(), 0);
  traffic.hold({kOld, kNew});
  EXPECT_EQ(take_new(), 0);
  traffic.complete({kOld});
  EXPECT_EQ(take_new(), 0);
  traffic.complete({kOld, kNew});
  EXPECT_EQ(take_new(), 100);
  traffic.complete({kOld}); // a node came back without it
  EXPECT_EQ(take_new(), 0);
}
TEST_F(TrafficTest, KeepsShares) {
  traffic.hold({kOld, kNew});
  traffic.complete({kOld, kNew});
  for (double share : {0.1, 0.25, 0.5, 0.9}) {
    traffic.wish(Wish{kNew, share});
    EXPECT_EQ(take_new(1000), 1000 * share);
    EXPECT_EQ(traffic.shares(), (Traffic::Shares{{kOld, 1 - share}, {kNew, share}}));
  }
}
TEST_F(TrafficTest, RollsBack) {
  traffic.hold({kOld, kNew});
  traffic.complete({kOld, kNew});
  traffic.wish(Wish{kNew, 1});
  EXPECT_EQ(take_new(), 100);
  traffic.wish(Wish{kNew, 0});
  EXPECT_EQ(take_new(), 0);
}
TEST_F(TrafficTest, KnowsWhichIsWishedAfterARestart) {
  traffic.hold({kNew, kOld}); // read in another order
  traffic.wish(Wish{kNew, 0.1});
  traffic.complete({kNew, kOld});
  EXPECT_EQ(take_new(), 10);
}
TEST_F(TrafficTest, GoesOnWithTheOneThatIsLeft) {
  traffic.hold({kOld, kNew});
  traffic.complete({kOld, kNew});
  traffic.wish(Wish{kNew, 1});
  traffic.hold({kNew});
  EXPECT_EQ(take_new(), 100);
  EXPECT_FALSE(traffic.holds(kOld));
  EXPECT_TRUE(traffic.holds(kNew));
}

TEST(GenerationTest, HasANameThatTheHashBeginsWith) {
  EXPECT_EQ(name_of_generation(0xab), "00000000000000ab");
  EXPECT_EQ(name_of_generation(~GenerationId(0)), "ffffffffffffffff");
  EXPECT_EQ(generation_of_name("00000000000000ab"), 0xabu);
  EXPECT_EQ(generation_of_name("0123456789abcdef"), 0x0123456789abcdefu);
  for (const char *other :
       {"", "ab", "00000000000000AB", "-0000000000000ab", "0000000000000000ab", "00000000000000xx"})
    EXPECT_FALSE(generation_of_name(other)) << other;
}

} // namespace
} // namespace rnet::net
