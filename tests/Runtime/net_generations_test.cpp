// Generations of weights side by side: a node mixes none, and takes them from a folder as they come
// and go. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "test_files.h"
#include "toy_network.h"
#include "weights_folder.h"

#include "rnet/core/atomic_file.h"

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <future>
#include <gtest/gtest.h>
#include <map>
#include <thread>

namespace rnet::net {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr std::size_t kC = 2; // adds b_to_c (position 0) and a_to_c (position 1)

/// Node c of the toy network with some generations, and what it sends.
class GenerationsTest : public testing::Test {
protected:
  /// A file of weights, of another network where it is told so; other seeds give other ones.
  std::string write(const std::string &name, std::uint_fast32_t seed,
                    std::map<std::string, std::string> metadata = {}) {
    const std::string path = folder.file(name);
    EXPECT_TRUE(test::write_toy_weights(path, std::move(metadata), seed).ok());
    return path;
  }
  static GenerationId id_of(const std::string &path) {
    return *generation_of_name(WeightsFile::open(path)->data_hash().substr(0, 16));
  }
  static std::unique_ptr<Program> make() { return std::make_unique<test::C>(); }
  void hear(std::initializer_list<GenerationId> ids) {
    for (std::size_t input : {0, 1})
      generations.set_alive(input, ids);
  }
  void arrive(GenerationId id, std::size_t input, std::uint64_t request, float value) {
    const std::vector<float> values(test::kWidth, value);
    EXPECT_TRUE(generations.find(id)->engine().arrive(
        input, {request, Clock::now() + 60s, true, 0, values}));
  }
  /// What the generation sent for the request.
  std::vector<float> sent(GenerationId id, std::uint64_t request) {
    std::unique_lock lock(mutex);
    EXPECT_TRUE(arrived.wait_for(lock, 10s, [&] { return all_sent.contains({id, request}); }));
    return all_sent[{id, request}];
  }

  const test::Folder folder;
  std::mutex mutex;
  std::condition_variable arrived;
  std::map<std::pair<GenerationId, std::uint64_t>, std::vector<float>> all_sent;
  Generations generations{
      test::toy, kC, make,
      [this](const Generation &generation, std::size_t, const Message &message) {
        std::lock_guard lock(mutex);
        EXPECT_TRUE(all_sent
                        .emplace(std::pair(generation.id, message.request),
                                 std::vector(message.values.begin(), message.values.end()))
                        .second);
        arrived.notify_all();
      }};
};

TEST_F(GenerationsTest, NeverMix) {
  const std::string paths[] = {write("a", 1), write("b", 2)};
  const GenerationId ids[] = {id_of(paths[0]), id_of(paths[1])};
  for (const std::string &path : paths)
    ASSERT_TRUE(generations.add(path, "").ok());
  EXPECT_EQ(generations.held(), std::vector(std::begin(ids), std::end(ids)));
  hear({ids[0], ids[1]});
  // One half of a request in each: neither has all, and neither takes the other's.
  arrive(ids[0], 0, 1, 0.5f);
  arrive(ids[1], 1, 1, 0.25f);
  std::this_thread::sleep_for(50ms);
  {
    std::lock_guard lock(mutex);
    EXPECT_TRUE(all_sent.empty());
  }
  arrive(ids[1], 0, 1, 0.5f);
  arrive(ids[0], 1, 1, 0.25f);
  const std::vector<float> old = sent(ids[0], 1), young = sent(ids[1], 1);
  EXPECT_NE(old, young);
  // Each is what its weights give alone.
  for (std::size_t k : {0, 1}) {
    std::promise<std::vector<float>> promise;
    Generations alone(test::toy, kC, make,
                      [&](const Generation &, std::size_t, const Message &message) {
                        promise.set_value({message.values.begin(), message.values.end()});
                      });
    ASSERT_TRUE(alone.add(paths[k], "").ok());
    for (std::size_t input : {0, 1})
      alone.set_alive(input, std::vector{ids[k]});
    for (std::size_t input : {0, 1}) {
      const std::vector<float> values(test::kWidth, input == 0 ? 0.5f : 0.25f);
      alone.find(ids[k])->engine().arrive(input, {1, Clock::now() + 60s, true, 0, values});
    }
    EXPECT_EQ(promise.get_future().get(), k == 0 ? old : young);
  }
  EXPECT_EQ(generations.counters().requests, 2u);
}

TEST_F(GenerationsTest, LeaveWhatIsInFlightItsTime) {
  const std::string old = write("a", 1), young = write("b", 2);
  ASSERT_TRUE(generations.add(old, "").ok());
  ASSERT_TRUE(generations.add(young, "").ok());
  hear({id_of(old), id_of(young)});
  arrive(id_of(old), 0, 7, 0.5f);
  const Time now = Clock::now();
  generations.keep(std::vector{id_of(young)}, now);
  EXPECT_EQ(generations.held(), std::vector{id_of(young)}); // no door chooses it any more
  EXPECT_FALSE(generations.sweep(now));
  arrive(id_of(old), 1, 7, 0.25f);
  EXPECT_EQ(sent(id_of(old), 7).size(), test::kWidth);
  EXPECT_TRUE(generations.full());
  EXPECT_TRUE(generations.sweep(now + Generations::kLeave));
  EXPECT_FALSE(generations.full());
  EXPECT_EQ(generations.find(id_of(old)), nullptr);
  EXPECT_EQ(generations.counters().requests, 1u); // counted all the same
}

TEST_F(GenerationsTest, StayIfTheyAreWantedAgain) {
  const std::string old = write("a", 1), young = write("b", 2);
  ASSERT_TRUE(generations.add(old, "").ok());
  ASSERT_TRUE(generations.add(young, "").ok());
  const Time now = Clock::now();
  generations.keep(std::vector{id_of(young)}, now);
  generations.keep(std::vector{id_of(old), id_of(young)}, now);
  EXPECT_FALSE(generations.sweep(now + 2 * Generations::kLeave));
  EXPECT_EQ(generations.held(), (std::vector{id_of(old), id_of(young)}));
}

TEST_F(GenerationsTest, RefuseWhatDoesNotFitAndGoOn) {
  const std::string old = write("a", 1);
  ASSERT_TRUE(generations.add(old, "").ok());
  const auto refusal = [&](const std::string &path, const std::string &table = "") {
    const Status status = generations.add(path, table);
    EXPECT_EQ(generations.held(), std::vector{id_of(old)});
    return status.message();
  };
  const std::string whole = write("b", 2);
  EXPECT_EQ(refusal(write("other", 2, {{"rnet.parameters", "others"}})),
            "weights file '" + folder.file("other") +
                "' is for other parameters: it holds network 'toy', scheme resilinet; this program "
                "is network 'toy', scheme resilinet");
  EXPECT_EQ(refusal(write("cut", 2, {{"rnet.topology", "another"}})),
            "weights file '" + folder.file("cut") +
                "' was trained for scheme resilinet, another topology or other element types; this "
                "program is scheme "
                "resilinet");
  const std::string half = folder.file("half");
  fs::copy_file(whole, half);
  fs::resize_file(half, fs::file_size(half) - 100);
  EXPECT_NE(refusal(half).find("lies outside the file"), std::string::npos) << refusal(half);
  const std::string damaged = folder.file("damaged");
  std::string bytes = *read_file(whole);
  bytes[bytes.size() - 100] ^= 1;
  ASSERT_TRUE(write_file(damaged, bytes).ok());
  EXPECT_EQ(refusal(damaged),
            "weights file '" + damaged + "' is damaged: its data do not match their hash");
  const std::string table = folder.file("table");
  ASSERT_TRUE(AccuracyTable::write(table, test::toy, WeightsFile::open(old)->data_hash(), {}).ok());
  EXPECT_EQ(refusal(whole, table),
            "accuracy table '" + table + "' is of other weights: run the evaluator again");
  ASSERT_TRUE(generations.add(whole, "").ok());
  EXPECT_EQ(generations.add(write("c", 3), "").message(),
            "weights file '" + folder.file("c") + "' is one too many: a node holds 2 generations");
}

/// The same, kept as a folder is.
class WeightsFolderTest : public GenerationsTest {
protected:
  WeightsFolderTest() { fs::create_directory(folder.file("w")); }
  /// A new file, put in its place at once.
  GenerationId put(const std::string &name, std::uint_fast32_t seed) {
    const std::string path = write("fresh", seed);
    const GenerationId id = id_of(path);
    fs::rename(path, folder.file("w/" + name));
    return id;
  }
  template <class Holds> static bool eventually(Holds holds) {
    for (int k = 0; k < 2000; ++k) {
      if (holds())
        return true;
      std::this_thread::sleep_for(5ms);
    }
    return false;
  }
  bool holds(std::vector<GenerationId> ids) {
    return eventually([&] { return generations.held() == ids; });
  }
  const Log log{Log::Format::json, "c"};
  Traffic traffic{log};
  std::atomic<int> changes = 0;
  WeightsFolder weights{folder.file("w"), false, generations, &traffic, log, [this] { ++changes; }};
};

TEST_F(WeightsFolderTest, IsFollowedAsFilesComeAndGo) {
  const GenerationId old = put("old.safetensors", 1);
  ASSERT_TRUE(weights.open("").ok());
  EXPECT_EQ(generations.held(), std::vector{old});
  EXPECT_EQ(changes, 1);
  const GenerationId young = put("young.safetensors", 2);
  EXPECT_TRUE(holds({old, young}));
  EXPECT_TRUE(eventually([&] { return traffic.holds(young); }));
  fs::remove(folder.file("w/old.safetensors"));
  EXPECT_TRUE(holds({young}));
  // A third one has to wait until the first has gone; the last one never goes.
  put("third.safetensors", 3);
  std::this_thread::sleep_for(700ms);
  EXPECT_EQ(generations.held(), std::vector{young});
  fs::remove(folder.file("w/third.safetensors"));
  fs::remove(folder.file("w/young.safetensors"));
  std::this_thread::sleep_for(700ms);
  EXPECT_EQ(generations.held(), std::vector{young});
}

TEST_F(WeightsFolderTest, HoldsBothAfterARestart) {
  const GenerationId first = put("1.safetensors", 1), second = put("2.safetensors", 2);
  ASSERT_TRUE(write_file(folder.file("w/traffic.json"),
                         "{\"generation\": \"" + name_of_generation(first) + "\", \"share\": 0.5}")
                  .ok());
  ASSERT_TRUE(weights.open("").ok());
  EXPECT_EQ(generations.held(), (std::vector{first, second}));
  traffic.complete({first, second});
  EXPECT_EQ(traffic.shares(), (Traffic::Shares{{first, 0.5}, {second, 0.5}}));
}

TEST_F(WeightsFolderTest, IsTakenOnceFilesAreWhole) {
  const GenerationId old = put("old.safetensors", 1);
  ASSERT_TRUE(weights.open("").ok());
  // Copied bit by bit, as scp does; at rest in the middle it is refused, and nothing changes.
  const std::string whole = write("whole", 2), bytes = *read_file(whole),
                    path = folder.file("w/young.safetensors");
  std::ofstream file(path, std::ios::binary);
  file << bytes.substr(0, bytes.size() / 2) << std::flush;
  std::this_thread::sleep_for(1s);
  EXPECT_EQ(generations.held(), std::vector{old});
  file << bytes.substr(bytes.size() / 2) << std::flush;
  EXPECT_TRUE(holds({old, id_of(whole)}));
  // Cut short where it lies: the node has read it, and goes on.
  fs::resize_file(path, 100);
  std::this_thread::sleep_for(700ms);
  EXPECT_EQ(generations.held(), (std::vector{old, id_of(whole)}));
}

TEST_F(WeightsFolderTest, SteersTheTraffic) {
  const GenerationId old = put("old.safetensors", 1), young = put("young.safetensors", 2);
  ASSERT_TRUE(weights.open("").ok());
  traffic.complete({old, young});
  const auto wish = [&](const std::string &text) {
    EXPECT_TRUE(write_file(folder.file("w/traffic.json"), text).ok());
  };
  const auto shares = [&](double of_old, double of_young) {
    return eventually(
        [&] { return traffic.shares() == Traffic::Shares{{old, of_old}, {young, of_young}}; });
  };
  const std::string named = "{\"generation\": \"" + name_of_generation(young) + "\", \"share\": ";
  EXPECT_TRUE(shares(1, 0));
  wish(named + "0.25}");
  EXPECT_TRUE(shares(0.75, 0.25));
  for (const std::string &damaged :
       {std::string("["), named + "1.5}", std::string("{\"generation\": \"x\", \"share\": 1}")}) {
    wish(damaged);
    std::this_thread::sleep_for(600ms);
    EXPECT_TRUE(shares(0.75, 0.25)) << damaged;
  }
  wish(named + "1}");
  EXPECT_TRUE(shares(0, 1));
  fs::remove(folder.file("w/traffic.json"));
  EXPECT_TRUE(shares(1, 0));
}

TEST_F(WeightsFolderTest, MustHoldSomething) {
  EXPECT_EQ(weights.open("").message(),
            "'" + folder.file("w") + "' holds no weights: expected *.safetensors");
  ASSERT_TRUE(write_file(folder.file("w/x.safetensors"), "x").ok());
  EXPECT_EQ(weights.open("").message(),
            "weights file '" + folder.file("w/x.safetensors") + "' is truncated: 1 bytes");
  EXPECT_EQ(weights.open("table").message(),
            "'" + folder.file("w") +
                "' is a folder of weights: its tables of accuracies stand in it, beside their "
                "weights; --accuracy says another");
}

} // namespace
} // namespace rnet::net
