// SPDX-License-Identifier: Apache-2.0
#include "worker/codec.h"

#include <limits>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "worker/worker.pb.h"

namespace lares::worker {
namespace {

using base::Duration;
using base::Time;

// Values of every kind, drawn from a seed.
class Draw {
 public:
  explicit Draw(unsigned seed) : random_(seed) {}

  int In(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }
  bool Coin() { return In(0, 1) == 1; }
  float Real() { return static_cast<float>(In(-1000, 1000)) / 7.0F; }
  Duration Time() { return Duration(In(0, 2'000'000'000)); }
  template <class Enum>
  Enum One(Enum last, int first = 0) {
    return static_cast<Enum>(In(first, static_cast<int>(last)));
  }
  std::string Name() { return "n" + std::to_string(In(0, 1'000'000)); }
  std::string Bytes() {
    std::string bytes(static_cast<std::size_t>(In(0, 40)), '\0');
    for (char& c : bytes) c = static_cast<char>(In(0, 255));
    return bytes;
  }
  template <class T>
  std::vector<T> Some(int most, T (Draw::*one)()) {
    std::vector<T> list;
    for (int i = In(0, most); i > 0; --i) list.push_back((this->*one)());
    return list;
  }
  core::TokenId Token() { return In(0, 50'000); }

  core::ContentPart Part() {
    if (Coin()) return core::TextPart{Bytes()};
    return core::ImagePart{.digest = Name(), .media_type = "image/png", .bytes = Bytes()};
  }
  core::ToolCall Call() { return {.id = Name(), .name = Bytes(), .arguments = Bytes()}; }
  core::Message Message() {
    return {.role = "user",
            .content = Some(3, &Draw::Part),
            .reasoning = Bytes(),
            .tool_calls = Some(2, &Draw::Call),
            .tool_call_id = Name(),
            .name = Name()};
  }
  core::Tool Tool() { return {.name = Name(), .description = Bytes(), .parameters = Bytes()}; }
  core::Prompt Prompt() {
    switch (In(0, 2)) {
      case 0:
        return core::TextPrompt{.text = Bytes(), .add_special = Coin(), .parse_special = Coin()};
      case 1:
        return core::TokenPrompt{.tokens = Some(9, &Draw::Token)};
      default:
        return core::ChatPrompt{.messages = Some(4, &Draw::Message),
                                .tools = Some(2, &Draw::Tool),
                                .tool_choice = One(core::ToolChoice::kNamed),
                                .tool_name = Name(),
                                .parallel_tool_calls = Coin(),
                                .template_arguments = Bytes()};
    }
  }
  core::SamplingParams Sampling() {
    core::SamplingParams params{.temperature = Real(),
                                .top_k = In(0, 100),
                                .top_p = Real(),
                                .min_p = Real(),
                                .typical_p = Real(),
                                .frequency_penalty = Real(),
                                .presence_penalty = Real(),
                                .repeat_penalty = Real(),
                                .repeat_last_n = In(0, 100),
                                .logit_bias = {},
                                .seed = {}};
    for (int i = In(0, 3); i > 0; --i) params.logit_bias[Token()] = Real();
    if (Coin()) params.seed = random_();
    return params;
  }
  core::AdapterUse Adapter() { return {.name = Name(), .scale = Real()}; }
  std::vector<core::TokenId> Ids() { return Some(12, &Draw::Token); }
  core::Principal Principal() {
    return {.id = Name(), .tenant = Name(), .permissions = static_cast<core::PermissionSet>(In(0, 63))};
  }
  core::GenerateRequest Request() {
    core::GenerateRequest request;
    request.id = Name();
    request.model = Name();
    request.principal = Principal();
    request.prompt = Prompt();
    request.sampling = Sampling();
    request.response_format = {.kind = One(core::ResponseFormat::Kind::kGrammar), .text = Bytes()};
    request.adapters = Some(2, &Draw::Adapter);
    if (Coin()) request.max_tokens = In(1, 100);
    request.min_tokens = In(0, 10);
    request.ignore_eos = Coin();
    request.stop = Some(3, &Draw::Bytes);
    request.choices = In(1, 16);
    request.top_logprobs = In(-1, 20);
    request.parse_output = Coin();
    request.service_class = One(core::ServiceClass::kBatch);
    if (Coin()) request.deadline = base::Time{} + Time();
    request.produced = Some(3, &Draw::Ids);
    return request;
  }

  core::TokenProbability Probability() { return {.id = Token(), .bytes = Bytes(), .logprob = Real()}; }
  core::TokenLogprob Logprob() { return {.chosen = Probability(), .top = Some(3, &Draw::Probability)}; }
  core::ToolCallDelta CallPart() {
    return {.index = In(0, 3), .id = Name(), .name = Bytes(), .arguments = Bytes()};
  }
  core::Admitted Admitted() { return {.request = Name(), .prompt_tokens = In(1, 100)}; }
  core::Delta Delta() {
    core::Delta delta{.request = Name(),
                      .choice = In(0, 15),
                      .text = Bytes(),
                      .reasoning = Bytes(),
                      .tool_calls = Some(2, &Draw::CallPart),
                      .ids = Ids(),
                      .logprobs = Some(2, &Draw::Logprob),
                      .finish = {}};
    if (Coin()) delta.finish = One(core::FinishReason::kToolCalls);
    return delta;
  }
  base::Error Error() {
    base::Error error =
        base::Error(One(base::Code::kUnauthenticated, 1), Bytes()).WithReason(Name()).WithParam(Name());
    if (Coin()) return std::move(error).WithRetryAfter(std::chrono::milliseconds(In(0, 100'000)));
    return error;
  }
  core::Terminal Terminal() {
    core::Terminal terminal{
        .request = Name(),
        .error = {},
        .usage = {.prompt_tokens = In(0, 99), .cached_tokens = In(0, 99), .completion_tokens = In(0, 99)},
        .timings = {.queued = Time(),
                    .first_token = Time(),
                    .total = Time(),
                    .worst_gap = Time(),
                    .p99_gap = Time(),
                    .preemptions = In(0, 3)}};
    if (Coin()) terminal.error = Error();
    return terminal;
  }

 private:
  std::mt19937_64 random_;
};

// Through bytes, as over a socket.
template <class Message>
Message Sent(const Message& message) {
  Message got;
  EXPECT_TRUE(got.ParseFromString(message.SerializeAsString()));
  return got;
}

TEST(Codec, ARequestComesBackAsItWas) {
  for (unsigned seed = 0; seed < 2000; ++seed) {
    const core::GenerateRequest request = Draw(seed).Request();
    wire::GenerateRequest message;
    ToWire(request, Time{}, message);
    const auto got = FromWire(Sent(message), Time{});
    ASSERT_TRUE(got) << "seed " << seed << ": " << got.error().message();
    ASSERT_EQ(*got, request) << "seed " << seed;
  }
}

TEST(Codec, EventsComeBackAsTheyWere) {
  for (unsigned seed = 0; seed < 2000; ++seed) {
    Draw draw(seed);
    core::EventBatch batch{.admitted = draw.Some(2, &Draw::Admitted),
                           .deltas = draw.Some(3, &Draw::Delta),
                           .terminals = draw.Some(2, &Draw::Terminal),
                           .made = Time{} + draw.Time()};
    wire::EventBatch message;
    ToWire(batch, batch.made + Duration(5), message);
    const auto got = FromWire(Sent(message), Time{} + Duration(1005));
    ASSERT_TRUE(got) << "seed " << seed << ": " << got.error().message();
    EXPECT_EQ(got->admitted, batch.admitted) << "seed " << seed;
    EXPECT_EQ(got->deltas, batch.deltas) << "seed " << seed;
    EXPECT_EQ(got->terminals, batch.terminals) << "seed " << seed;
    EXPECT_EQ(got->made, Time{} + Duration(1000));
  }
}

TEST(Codec, ADeadlineIsTheTimeThatIsLeft) {
  core::GenerateRequest request;
  request.prompt = core::TextPrompt{};
  request.deadline = Time{} + Duration(700);
  wire::GenerateRequest message;
  ToWire(request, Time{} + Duration(200), message);
  EXPECT_EQ(FromWire(message, Time{} + Duration(9'000))->deadline, Time{} + Duration(9'500));
  for (const auto most :
       {std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min()}) {
    message.set_deadline_ns(most);
    EXPECT_TRUE(FromWire(message, Time{} + Duration(9'000)));
  }
}

TEST(Codec, RankingsComeBackAsTheyWere) {
  const Time now = Time{} + std::chrono::seconds(5);
  const core::RankRequest request{.id = "r",
                                  .model = "m",
                                  .principal = {},
                                  .query = "what?",
                                  .documents = {"this", "", "\xff\x00that"},
                                  .deadline = now + std::chrono::seconds(3)};
  wire::RankRequest message;
  ToWire(request, now, message);
  const core::RankRequest got = FromWire(Sent(message), now);
  EXPECT_EQ(got.query, request.query);
  EXPECT_EQ(got.documents, request.documents);
  EXPECT_EQ(got.deadline, request.deadline);
  wire::RankAnswer answered;
  ToWire(core::RankAnswer{.scores = {0.5F, -1.0F}, .prompt_tokens = 9}, answered);
  const core::RankAnswer answer = FromWire(Sent(answered));
  EXPECT_EQ(answer.scores, (std::vector<float>{0.5F, -1.0F}));
  EXPECT_EQ(answer.prompt_tokens, 9);
}

TEST(Codec, EmbeddingsComeBackAsTheyWere) {
  Draw draw(3);
  core::EmbedRequest request{.id = "e",
                             .model = "m",
                             .principal = draw.Principal(),
                             .inputs = {core::TextPrompt{.text = "a"}, core::TokenPrompt{.tokens = {1, 2}}},
                             .deadline = Time{} + Duration(5)};
  wire::EmbedRequest message;
  ToWire(request, Time{}, message);
  const auto got = FromWire(Sent(message), Time{});
  ASSERT_TRUE(got);
  EXPECT_EQ(got->inputs, request.inputs);
  EXPECT_EQ(got->principal, request.principal);
  EXPECT_EQ(got->deadline, request.deadline);
  const core::EmbedAnswer answer{.vectors = {{1.5F, -2.0F}, {0.25F}}, .prompt_tokens = 7};
  wire::EmbedAnswer answered;
  ToWire(answer, answered);
  EXPECT_EQ(FromWire(Sent(answered)).vectors, answer.vectors);
  EXPECT_EQ(FromWire(answered).prompt_tokens, 7);
}

TEST(Codec, AStatusComesBackAsItWas) {
  core::EngineStatus status;
  status.state = core::EngineState::kReady;
  status.load_percent = 100;
  status.model = "m";
  status.bytes = std::uint64_t{5} << 33U;
  status.purpose = core::ModelPurpose::kEmbed;
  status.planned_bytes = std::uint64_t{6} << 33U;
  status.slots = 4;
  status.steps = 99;
  status.unconfined = {"Landlock: not there"};
  wire::EngineStatus message;
  ToWire(status, message);
  const auto got = FromWire(Sent(message));
  ASSERT_TRUE(got);
  EXPECT_EQ(got->state, status.state);
  EXPECT_EQ(got->model, "m");
  EXPECT_EQ(got->purpose, core::ModelPurpose::kEmbed);
  EXPECT_EQ(got->bytes, status.bytes);
  EXPECT_EQ(got->planned_bytes, status.planned_bytes);
  EXPECT_EQ(got->steps, 99U);
  EXPECT_EQ(got->unconfined, status.unconfined);
}

TEST(Codec, NumbersThatStandForNothingAreRefused) {
  core::GenerateRequest request;
  request.prompt = core::ChatPrompt{};
  wire::GenerateRequest message;
  ToWire(request, Time{}, message);
  message.set_service_class(7);
  EXPECT_EQ(FromWire(message, Time{}).error().message(),
            "a message of the worker protocol names the unknown service class 7");
  message.set_service_class(0);
  message.set_format(-1);
  EXPECT_FALSE(FromWire(message, Time{}));
  message.set_format(0);
  message.mutable_prompt()->mutable_chat()->set_tool_choice(4);
  EXPECT_FALSE(FromWire(message, Time{}));
  message.clear_prompt();
  EXPECT_FALSE(FromWire(message, Time{}));
  wire::Error error;
  EXPECT_FALSE(FromWire(error));
  wire::EventBatch batch;
  batch.add_deltas()->set_finish(3);
  EXPECT_FALSE(FromWire(batch, Time{}));
  wire::EngineStatus status;
  status.set_state(5);
  EXPECT_FALSE(FromWire(status));
  status.set_state(0);
  status.set_purpose(3);
  EXPECT_FALSE(FromWire(status));
}

}  // namespace
}  // namespace lares::worker
