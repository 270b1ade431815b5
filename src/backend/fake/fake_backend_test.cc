// SPDX-License-Identifier: Apache-2.0
#include "backend/fake/fake_backend.h"

#include <algorithm>
#include <chrono>

#include <gtest/gtest.h>

#include "backend/fake/fake_vocabulary.h"
#include "sampling/sampler.h"

namespace lares::backend {
namespace {

using core::TokenId;
using namespace std::chrono_literals;

const std::atomic<bool> kGoOn{false};

std::vector<TokenId> TokensOf(const Rendered& rendered) {
  std::vector<TokenId> tokens;
  for (const core::Symbol& symbol : rendered.prompt.symbols) tokens.push_back(symbol.token());
  return tokens;
}

core::GenerateRequest Chat(std::string text) {
  core::GenerateRequest request;
  request.prompt =
      core::ChatPrompt{.messages = {{.role = "user", .content = {core::TextPart{std::move(text)}}}}};
  request.sampling.temperature = 0;
  return request;
}

core::GenerateRequest Completion(std::string text) {
  core::GenerateRequest request;
  request.prompt = core::TextPrompt{.text = std::move(text)};
  request.sampling.temperature = 0;
  return request;
}

std::vector<Row> RowsOf(std::int32_t slot, std::int32_t first, std::span<const TokenId> tokens) {
  std::vector<Row> rows;
  for (const TokenId token : tokens) {
    rows.push_back({.token = token, .slot = slot, .position = first++, .wants_logits = false});
  }
  rows.back().wants_logits = true;
  return rows;
}

// Writes an answer the way an engine does, in slot 0, at most `limit` tokens.
std::string Answer(FakeBackend& backend, const core::GenerateRequest& request, int limit = 100) {
  const auto rendered = backend.Render(request);
  EXPECT_TRUE(rendered.has_value());
  auto tokens = TokensOf(*rendered);
  std::unique_ptr<sampling::Constraint> constraint;
  if (rendered->grammar) constraint = std::move(backend.MakeConstraint(*rendered->grammar).value());
  sampling::Sampler sampler({.params = request.sampling, .end_tokens = backend.EndTokens()},
                            std::move(constraint), {});
  EXPECT_TRUE(backend.Truncate(0, 0));
  std::string text;
  std::int32_t position = 0;
  for (int i = 0; i < limit; ++i) {
    const auto rows = RowsOf(0, position, tokens);
    position += static_cast<std::int32_t>(rows.size());
    EXPECT_TRUE(backend.Run(rows, kGoOn));
    const TokenId token = sampler.Sample(backend.Logits(rows.size() - 1)).token;
    sampler.Accept(token);
    if (backend.EndsGeneration(token)) return text;
    text += backend.Piece(token, false);
    tokens = {token};
  }
  return text + "...";
}

TEST(FakeBackend, TheSameRequestHasTheSameAnswer) {
  FakeBackend backend({.answer_tokens = 20});
  const std::string answer = Answer(backend, Chat("hello"));
  EXPECT_EQ(answer.size(), 20U);
  EXPECT_TRUE(std::ranges::all_of(answer, [](char c) { return c == ' ' || (c >= 'a' && c <= 'z'); }))
      << answer;
  EXPECT_EQ(Answer(backend, Chat("hello")), answer);
  EXPECT_NE(Answer(backend, Chat("hellp")), answer);
  FakeBackend another({.answer_tokens = 20});
  EXPECT_EQ(Answer(another, Chat("hello")), answer);
}

TEST(FakeBackend, AnswersEndWhereTheOptionsSay) {
  FakeBackend endless({.answer_tokens = -1});
  EXPECT_TRUE(Answer(endless, Chat("x")).ends_with("..."));
  FakeBackend varied;
  const auto size = Answer(varied, Chat("x")).size();
  EXPECT_GE(size, 8U);
  EXPECT_LE(size, 71U);
}

TEST(FakeBackend, ScriptsAreFollowedToTheByte) {
  const std::string wanted = "Gr\xC3\xBC\xC3\x9F dich \xF0\x9F\x98\x80 <tool_call>";
  std::string seen;
  FakeBackend backend({.script = [&](std::string_view prompt) -> std::optional<std::string> {
    seen = prompt;
    return prompt.find("sing") != std::string_view::npos ? std::optional(wanted) : std::nullopt;
  }});
  auto request = Chat("sing");
  request.sampling.temperature = 2.0F;
  EXPECT_EQ(Answer(backend, request), wanted);
  EXPECT_EQ(seen, "<|im_start|>user\nsing<|im_end|>\n<|im_start|>assistant\n");
  EXPECT_NE(Answer(backend, Chat("speak")), wanted);
  EXPECT_EQ(Answer(backend, Completion("sing")), wanted);
}

TEST(FakeBackend, EveryRowBeforeMatters) {
  FakeBackend backend;
  const std::vector<TokenId> tokens = {1, 2, 3, 4, 5};
  const auto favourite = [&](std::int32_t slot, const std::vector<TokenId>& content) {
    EXPECT_TRUE(backend.Truncate(slot, 0));
    const auto rows = RowsOf(slot, 0, content);
    EXPECT_TRUE(backend.Run(rows, kGoOn));
    const auto logits = backend.Logits(rows.size() - 1);
    return std::vector<float>(logits.begin(), logits.end());
  };
  const auto expected = favourite(0, tokens);
  EXPECT_EQ(favourite(3, tokens), expected);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    auto changed = tokens;
    changed[i] += 10;
    EXPECT_NE(favourite(0, changed), expected) << i;
    auto lost = tokens;
    lost.erase(lost.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_NE(favourite(0, lost), expected) << i;
  }
}

TEST(FakeBackend, SeveralSlotsInOneCallAnswerApart) {
  FakeBackend backend;
  const std::vector<TokenId> a = {10, 11, 12}, b = {20, 21};
  auto rows = RowsOf(0, 0, a);
  for (const Row& row : RowsOf(1, 0, b)) rows.push_back(row);
  ASSERT_TRUE(backend.Run(rows, kGoOn));
  const auto of_a = std::vector<float>(backend.Logits(2).begin(), backend.Logits(2).end());
  const auto of_b = std::vector<float>(backend.Logits(4).begin(), backend.Logits(4).end());
  EXPECT_NE(of_a, of_b);
  ASSERT_TRUE(backend.Run(RowsOf(2, 0, b), kGoOn));
  EXPECT_TRUE(std::ranges::equal(backend.Logits(1), of_b));
  EXPECT_DEATH((void)backend.Logits(0), "invariant");
}

TEST(FakeBackend, OutOfCellsTakesNothing) {
  FakeBackend backend({.slots = 2, .slot_cells = 100, .total_cells = 10});
  const std::vector<TokenId> eight(8, 1), three(3, 1);
  ASSERT_TRUE(backend.Run(RowsOf(0, 0, eight), kGoOn));
  EXPECT_EQ(backend.Run(RowsOf(1, 0, three), kGoOn).error().code(), base::Code::kResourceExhausted);
  EXPECT_EQ(backend.memory().used_cells(), 8);
}

TEST(FakeBackend, FaultsComeWhenTold) {
  FakeBackend backend({.run_faults = {{.call = 1, .kind = RunFault::Kind::kOutOfCells},
                                      {.call = 2, .kind = RunFault::Kind::kInterrupt, .rows = 100},
                                      {.call = 3, .kind = RunFault::Kind::kError}},
                       .failing_saves = {2},
                       .failing_restores = {1}});
  const std::vector<TokenId> tokens(150, 1), one(1, 1);
  EXPECT_EQ(backend.Run(RowsOf(0, 0, tokens), kGoOn).error().code(), base::Code::kResourceExhausted);
  EXPECT_EQ(backend.Run(RowsOf(0, 0, tokens), kGoOn)->rows_done, 64U);
  const SavedState state = backend.Save(0).value();
  EXPECT_FALSE(backend.Save(0));
  EXPECT_EQ(backend.Run(RowsOf(0, 64, one), kGoOn).error().code(), base::Code::kInternal);
  EXPECT_DEATH((void)backend.Save(0), "invariant");
  ASSERT_TRUE(backend.Truncate(0, 0));
  EXPECT_FALSE(backend.Restore(0, state));
  ASSERT_TRUE(backend.Restore(0, state));
  EXPECT_EQ(backend.memory().used_cells(), 64);
  EXPECT_EQ(backend.runs(), 3U);
}

TEST(FakeBackend, AnInterruptEndsBetweenUbatchesAndCostsOnlyThoseDone) {
  base::ManualClock clock;
  std::atomic<bool> interrupt{false};
  FakeOptions options{.clock = &clock};
  options.step_time = [](std::size_t rows, std::int32_t) { return static_cast<std::int64_t>(rows) * 1ms; };
  FakeBackend backend(options);
  const std::vector<TokenId> tokens(100, 1);
  EXPECT_EQ(backend.Run(RowsOf(0, 0, tokens), interrupt)->rows_done, 100U);
  EXPECT_EQ(clock.Now().time_since_epoch(), 100ms);
  interrupt = true;
  EXPECT_EQ(backend.Run(RowsOf(0, 100, tokens), interrupt)->rows_done, 0U);
  EXPECT_EQ(clock.Now().time_since_epoch(), 100ms);
}

TEST(FakeBackend, StepTimeKnowsRowsAndDepth) {
  base::ManualClock clock;
  std::size_t seen_rows = 0;
  std::int32_t seen_depth = 0;
  FakeOptions options{.clock = &clock};
  options.step_time = [&](std::size_t rows, std::int32_t depth) {
    seen_rows = rows;
    seen_depth = depth;
    return base::Duration(7ms);
  };
  FakeBackend backend(options);
  const std::vector<TokenId> tokens(130, 1);
  ASSERT_TRUE(backend.Run(RowsOf(0, 0, tokens), kGoOn));
  EXPECT_EQ(seen_rows, 130U);
  EXPECT_EQ(seen_depth, 129);
  EXPECT_EQ(clock.Now().time_since_epoch(), 7ms);
}

TEST(FakeBackend, ClientsTextNeverBecomesASpecialToken) {
  FakeBackend backend;
  const auto tokens = TokensOf(backend.Render(Chat("<|im_end|>")).value());
  EXPECT_EQ(std::ranges::count(tokens, FakeVocabulary::kImEnd), 1);
  core::GenerateRequest request;
  request.prompt = core::TextPrompt{.text = "<|im_end|>a", .add_special = true, .parse_special = true};
  EXPECT_EQ(TokensOf(backend.Render(request).value()),
            (std::vector<TokenId>{FakeVocabulary::kBos, FakeVocabulary::kImEnd, 'a'}));
}

TEST(FakeBackend, RefusalsNameTheParameter) {
  FakeBackend backend;
  const auto param = [&](const core::GenerateRequest& request) {
    const auto rendered = backend.Render(request);
    EXPECT_FALSE(rendered.has_value());
    if (rendered) return std::string();
    EXPECT_EQ(rendered.error().code(), base::Code::kInvalidArgument);
    return rendered.error().param();
  };
  auto image = Chat("look");
  std::get<core::ChatPrompt>(image.prompt).messages[0].content.push_back(core::ImagePart{});
  EXPECT_EQ(param(image), "messages[0].content");
  auto role = Chat("x");
  std::get<core::ChatPrompt>(role.prompt).messages[0].role = "robot";
  EXPECT_EQ(param(role), "messages[0].role");
  core::GenerateRequest tokens;
  tokens.prompt = core::TokenPrompt{{1, 512}};
  EXPECT_EQ(param(tokens), "prompt");
  auto grammar = Chat("x");
  grammar.response_format = {.kind = core::ResponseFormat::Kind::kGrammar, .text = "root ::= x"};
  EXPECT_EQ(param(grammar), "grammar");
  FakeBackend bare({.has_chat_template = false});
  EXPECT_EQ(bare.Render(Chat("x")).error().param(), "messages");
}

TEST(FakeBackend, GrammarsAndFormatsHold) {
  FakeBackend backend;
  auto request = Chat("x");
  request.response_format = {.kind = core::ResponseFormat::Kind::kGrammar, .text = "chars:xyz"};
  const std::string answer = Answer(backend, request);
  EXPECT_FALSE(answer.empty());
  EXPECT_EQ(answer.find_first_not_of("xyz"), std::string::npos) << answer;
  request.response_format = {.kind = core::ResponseFormat::Kind::kJsonObject, .text = ""};
  EXPECT_EQ(Answer(backend, request), "{}");
}

TEST(FakeBackend, ForcedToolsAreCalled) {
  FakeBackend backend;
  auto request = Chat("x");
  auto& chat = std::get<core::ChatPrompt>(request.prompt);
  chat.tools = {{.name = "f"}, {.name = "g"}};
  chat.tool_choice = core::ToolChoice::kNamed;
  chat.tool_name = "g";
  const std::string text = Answer(backend, request);
  const auto parsed = backend.Render(request)->parser->Parse(text, false).value();
  ASSERT_EQ(parsed.tool_calls.size(), 1U);
  EXPECT_EQ(parsed.tool_calls[0].name, "g");
  EXPECT_EQ(parsed.content, "");
}

TEST(FakeBackend, EmbeddingsAreUnitVectorsThatKnowTheirText) {
  FakeBackend backend({.embedding_size = 32});
  const std::vector<std::vector<TokenId>> inputs = {backend.Tokenize("abc", false, false),
                                                    backend.Tokenize("abd", false, false),
                                                    backend.Tokenize("xyz", false, false)};
  const auto go_on = [] { return false; };
  const auto vectors = backend.Embed(inputs, go_on).value();
  const auto dot = [&](std::size_t a, std::size_t b) {
    double sum = 0;
    for (std::size_t i = 0; i < 32; ++i)
      sum += static_cast<double>(vectors[a][i]) * static_cast<double>(vectors[b][i]);
    return sum;
  };
  for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(dot(i, i), 1.0, 1e-5);
  EXPECT_GT(dot(0, 1), dot(0, 2));
  EXPECT_EQ(backend.Embed(inputs, go_on).value(), vectors);
  const std::vector<std::vector<TokenId>> empty = {{}};
  EXPECT_EQ(backend.Embed(empty, go_on).error().param(), "input");
  const auto second = [n = 0]() mutable { return ++n > 1; };
  EXPECT_EQ(backend.Embed(inputs, second).error().code(), base::Code::kCancelled);
}

TEST(FakeBackend, PiecesGiveTheTextBack) {
  FakeBackend backend;
  const std::string text = "a\xC3\xA9<|im_end|>";
  std::string plain, special;
  for (const TokenId token : backend.Tokenize(text, true, true)) {
    plain += backend.Piece(token, false);
    special += backend.Piece(token, true);
  }
  EXPECT_EQ(plain, "a\xC3\xA9");
  EXPECT_EQ(special, "<|bos|>" + text);
  EXPECT_EQ(backend.Piece(400, true), "");
}

}  // namespace
}  // namespace lares::backend
