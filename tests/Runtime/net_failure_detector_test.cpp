// The failure detector, on a clock of its own.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/net/failure_detector.h"

#include <gtest/gtest.h>

namespace rnet::net {
namespace {

constexpr auto ms = [](int count) { return std::chrono::milliseconds(count); };

class FailureDetectorTest : public testing::Test {
protected:
  void beatFor(int count, int interval = 10) {
    for (int k = 0; k < count; ++k) {
      now += ms(interval);
      detector.beat(now);
    }
  }
  PeerState after(int silence, int late = 0) {
    now += ms(silence);
    return detector.check(now, ms(late));
  }
  FailureDetector detector;
  Time now{};
};

TEST_F(FailureDetectorTest, IsDownUntilItHasHeardThreeGoodBeats) {
  EXPECT_EQ(after(10), PeerState::down);
  beatFor(2);
  EXPECT_EQ(detector.state(), PeerState::rejoining);
  beatFor(1);
  EXPECT_EQ(detector.state(), PeerState::alive);
}
TEST_F(FailureDetectorTest, SuspectsAfterFiftyMillisecondsAndGivesUpAfterThreeTimesThat) {
  beatFor(100);
  EXPECT_EQ(after(45), PeerState::alive);
  EXPECT_EQ(after(10), PeerState::suspect);
  EXPECT_EQ(after(90), PeerState::suspect);
  EXPECT_EQ(after(10), PeerState::down);
}
TEST_F(FailureDetectorTest, TakesASuspectBackWithItsNextBeat) {
  beatFor(100);
  EXPECT_EQ(after(60), PeerState::suspect);
  beatFor(1);
  EXPECT_EQ(detector.state(), PeerState::alive);
}
TEST_F(FailureDetectorTest, IsDownAtOnceWhenTheStreamBreaks) {
  beatFor(100);
  detector.broken();
  EXPECT_EQ(detector.check(now), PeerState::down);
}
TEST_F(FailureDetectorTest, WaitsLongerForASenderThatIsSlowByNature) {
  beatFor(200, 100);
  EXPECT_EQ(after(95), PeerState::alive);
  EXPECT_NE(after(450), PeerState::alive);
}
TEST_F(FailureDetectorTest, WaitsAsLongAsALinkNeeds) {
  detector = FailureDetector(ms(3000)); // a radio: a beat a second
  beatFor(100, 1000);
  EXPECT_EQ(after(2900), PeerState::alive);
  EXPECT_EQ(after(200), PeerState::suspect);
  EXPECT_EQ(after(5800), PeerState::suspect);
  EXPECT_EQ(after(200), PeerState::down);
}
TEST_F(FailureDetectorTest, BlamesNobodyForItsOwnLateness) {
  beatFor(100);
  EXPECT_EQ(after(80, 40), PeerState::alive);
}

} // namespace
} // namespace rnet::net
