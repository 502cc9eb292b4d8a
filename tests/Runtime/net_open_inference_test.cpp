// Requests of clients that a door refuses, and why; what it says of a network that does not answer.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "test_files.h"
#include "toy_network.h"

#include "open_inference.h"
#include "open_inference_http.h"

#include <cstring>
#include <future>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace rnet::net {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

/// A gateway to nodes that never answer: their sockets are there, but nobody is behind them.
class DoorTest : public testing::Test {
protected:
  DoorTest() {
    const std::string path = folder.file("node");
    sockaddr_un address{AF_UNIX, {}};
    std::strcpy(address.sun_path, path.c_str());
    EXPECT_EQ(::bind(listener, reinterpret_cast<sockaddr *>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listener, 100), 0);
    traffic.hold({0xab, 0xcd});
    gateway = std::make_unique<Gateway>(
        test::toy, std::map<std::string, std::string>{{"a", "unix:" + path}, {"d", "unix:" + path}},
        Credentials(), 20s, traffic);
  }
  ~DoorTest() override {
    gateway->abandon();
    gateway.reset();
    ::close(listener);
  }

  std::future<HttpResponse> send(HttpRequest request) {
    auto promise = std::make_shared<std::promise<HttpResponse>>();
    auto future = promise->get_future();
    open_inference::serve(*gateway, std::move(request), [promise](HttpResponse response) {
      promise->set_value(std::move(response));
    });
    return future;
  }
  HttpResponse get(const std::string &target, const std::string &method = "GET") {
    return send({method, target, "", {}}).get();
  }
  /// The status and the error of a request that the network need not see.
  std::pair<unsigned, std::string> infer(const std::string &body,
                                         const std::string &header_length = "") {
    HttpRequest request{"POST", "/v2/models/toy/infer", body, {}};
    if (!header_length.empty())
      request.headers = {{"inference-header-content-length", header_length}};
    auto future = send(std::move(request));
    if (future.wait_for(0s) != std::future_status::ready)
      return {0, "asked the network"};
    const HttpResponse response = future.get();
    return {response.status, json::parse(response.body).at("error")};
  }
  static json tensor(json shape, json data) {
    return {{"name", "x"}, {"datatype", "FP32"}, {"shape", shape}, {"data", data}};
  }
  static json ask(json inputs, json parameters = json::object()) {
    return {{"inputs", inputs}, {"parameters", parameters}};
  }
  static json rows(std::size_t count) {
    return tensor({count, test::kInput}, std::vector<float>(count * test::kInput));
  }

  const test::Folder folder;
  const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
  const Log log{Log::Format::json, "d"};
  Traffic traffic{log};
  std::unique_ptr<Gateway> gateway;
};

using Refused = std::pair<unsigned, std::string>;

TEST_F(DoorTest, SaysWhatTheModelIs) {
  EXPECT_EQ(json::parse(get("/v2/models/toy").body), json::parse(R"({
    "name": "toy", "versions": ["00000000000000ab", "00000000000000cd"], "platform": "rnet",
    "inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, 5]}],
    "outputs": [{"name": "class", "datatype": "FP32", "shape": [-1, 3]},
                {"name": "class_class", "datatype": "INT64", "shape": [-1]}]})"));
  EXPECT_EQ(get("/v2/models/toy/versions/00000000000000cd").status, 200u);
  EXPECT_EQ(json::parse(get("/v2/repository/index", "POST").body), json::parse(R"(
    [{"name": "toy", "version": "00000000000000ab", "state": "UNAVAILABLE", "reason": ""},
     {"name": "toy", "version": "00000000000000cd", "state": "UNAVAILABLE", "reason": ""}])"));
  EXPECT_EQ(json::parse(get("/v2/models/toy/config").body)["max_batch_size"], 64);
}
TEST_F(DoorTest, KnowsNoOtherModelPathOrMethod) {
  EXPECT_EQ(get("/v2/models/tie").status, 404u);
  EXPECT_EQ(json::parse(get("/v2/models/tie").body)["error"], "there is no model 'tie', but 'toy'");
  for (const char *version : {"1", "00000000000000ac", "00000000000000AB", "-0000000000000ab"}) {
    const HttpResponse response = get("/v2/models/toy/versions/" + std::string(version) + "/ready");
    EXPECT_EQ(response.status, 404u);
    EXPECT_EQ(json::parse(response.body)["error"],
              "model 'toy' has no version '" + std::string(version) +
                  "', but '00000000000000ab' and '00000000000000cd'");
  }
  EXPECT_EQ(get("/v2/models/toy/nothing").status, 404u);
  EXPECT_EQ(get("/v2/models").status, 404u);
  EXPECT_EQ(get("/v2/nothing").status, 404u);
  EXPECT_EQ(get("/v2/models/toy/infer").status, 405u);
  EXPECT_EQ(get("/v2/models/toy", "DELETE").status, 405u);
  EXPECT_EQ(send({"POST", "/v2/models/tie/infer", "", {}}).get().status, 404u);
}
TEST_F(DoorTest, RefusesWrongInputs) {
  const std::vector<float> row(test::kInput);
  EXPECT_EQ(infer(ask(json::array()).dump()), Refused(400, "input 'x' is missing"));
  EXPECT_EQ(infer(ask({rows(1), rows(1)}).dump()), Refused(400, "input 'x' is given twice"));
  json other = rows(1);
  other["name"] = "z";
  EXPECT_EQ(infer(ask({other}).dump()), Refused(400, "model 'toy' has no input 'z'"));
  other = rows(1);
  other["datatype"] = "FP64";
  EXPECT_EQ(infer(ask({other}).dump()),
            Refused(400, "input 'x' has datatype 'FP64', expected 'FP32'"));
  for (const char *shape : {"[5]", "[1, 6]", "[1, 5, 1]", "[-1, 5]", "[0, 5]", "[]"})
    EXPECT_EQ(infer(ask({tensor(json::parse(shape), row)}).dump()),
              Refused(400, "input 'x' has shape " + std::string(shape) +
                               ", expected [n, 5], n rows from 1 to 64"));
  EXPECT_EQ(infer(ask({tensor({2, 5}, row)}).dump()),
            Refused(400, "input 'x' has 5 values, expected 10"));
  EXPECT_EQ(infer(ask({tensor({1, 5}, {1, 2, 3, 4, 1e300})}).dump()),
            Refused(400, "input 'x' has a value that is no finite FP32"));
  EXPECT_EQ(infer(ask({tensor({1, 5}, {1, 2, 3, 4, "5"})}).dump()),
            Refused(400, "'data' has something that is no number"));
}
TEST_F(DoorTest, RefusesHugeShapesAndTooManyRows) {
  EXPECT_EQ(infer(ask({rows(65)}).dump()),
            Refused(413, "input 'x' has 65 rows; a request has at most 64"));
  EXPECT_EQ(infer(ask({tensor({std::int64_t(1) << 62, 5}, json::array())}).dump()).first, 413u);
  EXPECT_EQ(infer(ask({tensor({~std::uint64_t(0), 5}, json::array())}).dump()),
            Refused(400, "'shape' has a value that is no whole number of 64 bits"));
  EXPECT_EQ(infer(ask({tensor({1.5, 5}, json::array())}).dump()).first, 400u);
}
TEST_F(DoorTest, RefusesWhatIsNoJson) {
  for (const char *body :
       {"", "{", "[1]", "null", "{\"inputs\": 1}", "\xff\xfe", "{\"inputs\": [1]}",
        R"({"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 5], "data": [NaN]}]})",
        R"({"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 5], "data": [1e999]}]})",
        R"({"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 5]}]})",
        R"({"inputs": [{"name": "x", "datatype": 32, "shape": [1, 5], "data": []}]})",
        R"({"inputs": [], "parameters": 1})", R"({"inputs": [], "outputs": 1})",
        R"({"inputs": [], "id": 1})"})
    EXPECT_EQ(infer(body).first, 400u) << body;
}
TEST_F(DoorTest, RefusesDeepJsonWithoutHarm) {
  EXPECT_EQ(infer(std::string(1'000'000, '[')).first, 400u);
  EXPECT_EQ(infer("{\"inputs\": " + std::string(100'000, '[') + std::string(100'000, ']') + "}"),
            Refused(400, "the JSON is nested more than 32 deep"));
}
TEST_F(DoorTest, RefusesBinaryDataThatDoesNotFit) {
  json input = rows(1);
  input.erase("data");
  const auto body = [&](json size) {
    input["parameters"] = {{"binary_data_size", size}};
    return ask({input}).dump();
  };
  const auto length = [](const std::string &text) { return std::to_string(text.size()); };
  for (const json &size : {json(21), json(-4), json(std::int64_t(1) << 62)}) {
    const std::string text = body(size);
    EXPECT_EQ(infer(text + std::string(20, '\0'), length(text)).first, 400u) << size;
  }
  std::string text = body(19);
  EXPECT_EQ(infer(text + std::string(19, '\0'), length(text)),
            Refused(400, "binary_data_size is 19, expected a multiple of 4 for FP32"));
  text = body(20);
  EXPECT_EQ(infer(text + std::string(24, '\0'), length(text)),
            Refused(400, "4 bytes of binary data belong to no input"));
  EXPECT_EQ(infer(text + std::string("\0\0\xc0\x7f", 4) + std::string(16, '\0'), length(text)),
            Refused(400, "input 'x' has a value that is no finite FP32"));
  for (const char *wrong : {"-1", "x", "99999", "99999999999999999999", "1 "})
    EXPECT_EQ(infer(text, wrong).first, 400u) << wrong;
}
TEST_F(DoorTest, RefusesOutputsAndTimeoutsThatMakeNoSense) {
  json request = ask({rows(1)});
  request["outputs"] = {{{"name", "z"}}};
  EXPECT_EQ(infer(request.dump()), Refused(400, "model 'toy' has no output 'z'"));
  request["outputs"] = {{{"name", "class"}, {"parameters", {{"classification", 2}}}}};
  EXPECT_EQ(infer(request.dump()),
            Refused(400, "there is no extension 'classification': ask for output 'class_class'"));
  EXPECT_EQ(infer(ask({rows(1)}, {{"timeout", -1}}).dump()),
            Refused(400, "parameter 'timeout' is -1, expected microseconds from 0 to 600000000"));
  EXPECT_EQ(infer(ask({rows(1)}, {{"timeout", 601'000'000}}).dump()).first, 400u);
  EXPECT_EQ(infer(ask({rows(1)}, {{"timeout", "1"}}).dump()).first, 400u);
}
TEST_F(DoorTest, SaysWhenTheDeadlineHasPassed) {
  const HttpResponse response =
      send({"POST", "/v2/models/toy/infer", ask({rows(2)}, {{"timeout", 50'000}}).dump(), {}})
          .get();
  EXPECT_EQ(response.status, 504u) << response.body;
}
TEST_F(DoorTest, RefusesAtOnceWhatIsTooMuch) {
  std::vector<std::future<HttpResponse>> open;
  const std::string half = ask({rows(64)}).dump();
  for (int k = 0; k < 2; ++k)
    open.push_back(send({"POST", "/v2/models/toy/infer", half, {}}));
  const HttpResponse response = send({"POST", "/v2/models/toy/infer", half, {}}).get();
  EXPECT_EQ(response.status, 503u);
  EXPECT_EQ(json::parse(response.body)["error"], "too many requests: 128 rows are in flight");
  ASSERT_EQ(response.headers.size(), 1u);
  EXPECT_EQ(response.headers[0].first, "Retry-After");
  EXPECT_FALSE(gateway->idle());
  EXPECT_EQ(gateway->statistics().in_flight, 128u);
  // Given up, each gets an answer all the same.
  gateway->abandon();
  EXPECT_TRUE(gateway->idle());
  for (auto &answer : open)
    EXPECT_EQ(answer.get().status, 503u);
  EXPECT_EQ(infer(ask({rows(1)}).dump()), Refused(503, "the node is stopping"));
  EXPECT_EQ(get("/v2/health/live").status, 200u);
  EXPECT_EQ(get("/v2/health/ready").status, 503u);
}
TEST_F(DoorTest, CountsRequestsByWhatBecameOfThem) {
  infer("");
  infer(ask({rows(65)}).dump());
  const Gateway::Statistics statistics = gateway->statistics();
  EXPECT_EQ(statistics.requests[static_cast<std::size_t>(Outcome::invalid)], 1u);
  EXPECT_EQ(statistics.requests[static_cast<std::size_t>(Outcome::too_large)], 1u);
  const json stats = json::parse(get("/v2/models/toy/stats").body)["model_stats"][0];
  EXPECT_EQ(stats["inference_stats"]["fail"]["count"], 2);
  EXPECT_EQ(stats["inference_stats"]["success"]["count"], 0);
}

//===-- Answers -------------------------------------------------------------------------------===//

TEST(ReplyTest, SaysWhatRowsRestOn) {
  const open_inference::Reply reply(test::toy);
  BatchResult result;
  result.seconds = 0.0015;
  result.answers = {
      {true, "", false, {0.1f, 0.7f, 0.2f}, 0, 0b01011, Accuracy{0.8, Interval{0.7, 0.9}}},
      {true, "", false, {0.5f, 0.3f, 0.2f}, 0, 0b01011, Accuracy{0.8, Interval{0.7, 0.9}}}};
  using Parameters = std::vector<std::pair<std::string, open_inference::Parameter>>;
  EXPECT_EQ(reply.parameters(result), (Parameters{{"nodes", "a,b,c,d"},
                                                  {"hyperconnections", "a_to_b,b_to_c,c_to_d"},
                                                  {"expected_accuracy", 0.8},
                                                  {"expected_accuracy_low", 0.7},
                                                  {"expected_accuracy_high", 0.9},
                                                  {"latency_ms", 1.5}}));
  // Rows that went different ways; of one of them nothing is known.
  result.answers[1].used = 0b10001;
  result.answers[1].accuracy.reset();
  EXPECT_EQ(reply.parameters(result),
            (Parameters{{"nodes", "a,b,c,d;a,b,d"},
                        {"hyperconnections", "a_to_b,b_to_c,c_to_d;a_to_b,b_to_d"},
                        {"latency_ms", 1.5}}));

  const auto values = reply.tensor(0, result), classes = reply.tensor(1, result);
  EXPECT_EQ(values.shape, (std::vector<std::int64_t>{2, 3}));
  EXPECT_EQ(values.bytes.size(), 24u);
  EXPECT_EQ(classes.shape, (std::vector<std::int64_t>{2}));
  EXPECT_EQ(classes.bytes, std::string("\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16));
}
TEST(ReplyTest, NamesClassesThatHaveNames) {
  static constexpr std::string_view kNames[] = {"walk", "run", "lie"};
  static constexpr OutputDescription kOutputs[] = {{"activity", 3, 0, 3, kNames}};
  NetworkDescription network = test::toy;
  network.outputs = kOutputs;
  const open_inference::Reply reply(network);
  ASSERT_EQ(reply.outputs(), 3u);
  EXPECT_EQ(reply.description(2).name, "activity_name");
  BatchResult result;
  result.answers = {{true, "", false, {0.1f, 0.7f, 0.2f}, 0, 0, {}},
                    {true, "", false, {0.5f, 0.3f, 0.2f}, 0, 0, {}}};
  EXPECT_EQ(reply.tensor(2, result).bytes, std::string("\3\0\0\0run\4\0\0\0walk", 15));
}

} // namespace
} // namespace rnet::net
