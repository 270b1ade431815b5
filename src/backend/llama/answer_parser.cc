// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/answer_parser.h"

#include <exception>
#include <string>

#include <chat.h>

namespace lares::backend::llama {
namespace {

class CommonAnswerParser final : public AnswerParser {
 public:
  explicit CommonAnswerParser(common_chat_parser_params params) : params_(std::move(params)) {}

  base::Result<ParsedAnswer> Parse(std::string_view text, bool partial) const override {
    try {
      return Convert(common_chat_parse(std::string(text), partial, params_));
    } catch (const std::exception& e) {
      return base::Fail(base::Code::kInternal, e.what());
    }
  }

 private:
  static ParsedAnswer Convert(common_chat_msg message) {
    ParsedAnswer answer;
    answer.content = message.content_parts.empty() ? std::move(message.content) : message.render_content("");
    answer.reasoning = std::move(message.reasoning_content);
    for (auto& call : message.tool_calls) {
      answer.tool_calls.push_back(
          {.id = std::move(call.id), .name = std::move(call.name), .arguments = std::move(call.arguments)});
    }
    return answer;
  }

  common_chat_parser_params params_;
};

}  // namespace

std::shared_ptr<const AnswerParser> MakeAnswerParser(const common_chat_params& params) {
  common_chat_parser_params parser(params);
  parser.reasoning_format = COMMON_REASONING_FORMAT_AUTO;
  if (!params.parser.empty()) parser.parser.load(params.parser);
  return std::make_shared<CommonAnswerParser>(std::move(parser));
}

}  // namespace lares::backend::llama
