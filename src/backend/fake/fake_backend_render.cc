// SPDX-License-Identifier: Apache-2.0
//
// The members of FakeBackend that turn a client's request into tokens, and tokens into vectors.
#include <algorithm>
#include <cmath>
#include <random>
#include <thread>
#include <utility>
#include <variant>

#include "backend/fake/fake_backend.h"
#include "backend/fake/fake_constraint.h"
#include "backend/fake/fake_parser.h"
#include "backend/fake/fake_template.h"
#include "backend/fake/fake_vocabulary.h"

namespace lares::backend {
namespace {

using core::ResponseFormat;

std::unexpected<base::Error> Bad(const std::string& param, std::string message) {
  return base::Fail(base::Error(base::Code::kInvalidArgument, std::move(message)).WithParam(param));
}

std::string Text(const std::vector<core::TokenId>& tokens) {
  std::string text;
  for (const core::TokenId token : tokens) text += FakeVocabulary::Piece(token, true);
  return text;
}

// The tool that the client insists on; empty: none.
std::string ForcedTool(const core::ChatPrompt* chat) {
  if (chat == nullptr || chat->tools.empty()) return {};
  if (chat->tool_choice == core::ToolChoice::kNamed) return chat->tool_name;
  return chat->tool_choice == core::ToolChoice::kRequired ? chat->tools.front().name : std::string();
}

// The grammar of an answer's format; empty: none. A scripted answer is as the script says.
base::Result<std::string> FormatGrammar(const core::GenerateRequest& request, const core::ChatPrompt* chat,
                                        bool scripted) {
  const ResponseFormat& format = request.response_format;
  if (format.kind == ResponseFormat::Kind::kGrammar) {
    if (auto made = MakeFakeConstraint(format.text); !made) return base::Fail(made.error());
    return format.text;
  }
  if (format.kind == ResponseFormat::Kind::kJsonSchema) {
    const std::size_t first = format.text.find_first_not_of(" \t\r\n");
    if (first == std::string::npos || format.text[first] != '{') {
      return Bad("response_format.json_schema.schema", "a schema must be a JSON object");
    }
  }
  if (scripted) return std::string();
  if (const std::string tool = ForcedTool(chat); !tool.empty()) {
    return R"(literal:<tool_call>{"name":")" + tool + R"(","arguments":{}}</tool_call>)";
  }
  return format.kind == ResponseFormat::Kind::kText ? std::string() : std::string("literal:{}");
}

// Near for texts with the same bytes: the sum of one random direction per token.
std::vector<float> EmbedOne(const std::vector<core::TokenId>& tokens, std::size_t size) {
  std::vector<double> sum(size, 0.0);
  for (const core::TokenId token : tokens) {
    std::minstd_rand random(static_cast<std::uint32_t>(token) + 1U);
    random.discard(4);
    for (double& v : sum)
      v += static_cast<double>(random()) / static_cast<double>(std::minstd_rand::max()) - 0.5;
  }
  double square = 0;
  for (const double v : sum) square += v * v;
  std::vector<float> out(size);
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<float>(sum[i] / std::sqrt(square));
  return out;
}

// The part of the query's tokens that are in the document; between them there is an end token.
float RankOne(const std::vector<core::TokenId>& tokens, core::TokenId separator) {
  const auto middle = std::ranges::find(tokens, separator);
  if (middle == tokens.begin() || middle == tokens.end()) return 0.0F;
  const auto found = std::count_if(tokens.begin(), middle, [&](core::TokenId token) {
    return std::find(middle, tokens.end(), token) != tokens.end();
  });
  return static_cast<float>(found) / static_cast<float>(middle - tokens.begin());
}

}  // namespace

std::vector<core::TokenId> FakeBackend::TokenizePair(std::string_view query,
                                                     std::string_view document) const {
  std::vector<core::TokenId> tokens = Tokenize(query, false, false);
  tokens.push_back(EndTokens().front());
  const auto more = Tokenize(document, false, false);
  tokens.insert(tokens.end(), more.begin(), more.end());
  return tokens;
}

base::Result<std::vector<core::TokenId>> FakeBackend::RenderTokens(
    const core::GenerateRequest& request) const {
  if (const auto* chat = std::get_if<core::ChatPrompt>(&request.prompt)) {
    if (!options_.has_chat_template) {
      return Bad("messages",
                 "this model has no chat template; use /v1/completions, or give one with --chat-template");
    }
    return RenderFakeChat(*chat);
  }
  if (const auto* text = std::get_if<core::TextPrompt>(&request.prompt)) {
    return FakeVocabulary::Tokenize(text->text, text->add_special, text->parse_special);
  }
  const auto& tokens = std::get<core::TokenPrompt>(request.prompt).tokens;
  for (const core::TokenId token : tokens) {
    if (token < 0 || token >= options_.vocabulary) {
      return Bad("prompt", "token " + std::to_string(token) + " is not in the vocabulary (0 to " +
                               std::to_string(options_.vocabulary - 1) + ")");
    }
  }
  return tokens;
}

base::Result<Rendered> FakeBackend::Render(const core::GenerateRequest& request) const {
  if (!request.adapters.empty()) return Bad("adapters", "this model has no adapters");
  auto tokens = RenderTokens(request);
  if (!tokens) return base::Fail(tokens.error());
  const auto* chat = std::get_if<core::ChatPrompt>(&request.prompt);
  auto script = options_.script ? options_.script(Text(*tokens)) : std::nullopt;
  auto grammar = FormatGrammar(request, chat, script.has_value());
  if (!grammar) return base::Fail(grammar.error());

  Rendered out;
  out.prompt.symbols.reserve(tokens->size());
  for (const core::TokenId token : *tokens) out.prompt.symbols.push_back(core::Symbol::Token(token));
  if (!grammar->empty()) out.grammar = Grammar{.gbnf = std::move(*grammar)};
  if (chat != nullptr && request.parse_output) {
    const bool tools = !chat->tools.empty() && chat->tool_choice != core::ToolChoice::kNone;
    out.parser = std::make_shared<FakeParser>(tools);
  }
  model_.Learn(FakeMemory::HashOf(*tokens), std::move(script));
  return out;
}

base::Result<std::unique_ptr<sampling::Constraint>> FakeBackend::MakeConstraint(
    const Grammar& grammar) const {
  return MakeFakeConstraint(grammar.gbnf);
}

base::Result<std::vector<std::vector<float>>> FakeBackend::Embed(
    std::span<const std::vector<core::TokenId>> inputs, const std::function<bool()>& stopped) {
  std::vector<std::vector<float>> out;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const auto& tokens = inputs[i];
    const std::string param = inputs.size() == 1 ? "input" : "input[" + std::to_string(i) + "]";
    if (options_.before_embed) options_.before_embed(tokens);
    if (stopped()) return base::Fail(base::Code::kCancelled, "embedding was stopped");
    if (tokens.empty()) return Bad(param, "an input must not be empty");
    if (tokens.size() > static_cast<std::size_t>(options_.slot_cells)) {
      return Bad(param, "an input has " + std::to_string(tokens.size()) +
                            " tokens, more than the context of " + std::to_string(options_.slot_cells));
    }
    if (options_.real_time && options_.step_time) {
      std::this_thread::sleep_for(options_.step_time(tokens.size(), 0));
    }
    if (options_.purpose == core::ModelPurpose::kRank) {
      out.push_back({RankOne(tokens, EndTokens().front())});
      continue;
    }
    out.push_back(EmbedOne(tokens, static_cast<std::size_t>(options_.embedding_size)));
  }
  return out;
}

}  // namespace lares::backend
