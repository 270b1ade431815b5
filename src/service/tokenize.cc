// SPDX-License-Identifier: Apache-2.0
#include "service/tokenize.h"

#include <utility>

namespace lares::service {

base::Result<const Model*> Tokenizer::Resolve(const core::Principal& principal, const Operation& operation,
                                              const std::string& model, Call& call) const {
  if (auto ok = Permit(principal, operation); !ok) return base::Fail(ok.error());
  auto found = catalogue_.Find(model);
  if (found) call.SetModel((*found)->spec.name);
  return found;
}

base::Result<TokenizeResult> Tokenizer::Tokenize(const Lifecycle::Work& /*work*/,
                                                 const core::Principal& principal, const std::string& model,
                                                 const core::TextPrompt& prompt, bool with_pieces,
                                                 Call& call) const {
  auto found = Resolve(principal, operations::kTokenize, model, call);
  if (!found) return base::Fail(std::move(found.error()));
  engine::Engine& engine = *(*found)->engine;
  auto tokens = engine.Tokenize(prompt);
  if (!tokens) return base::Fail(std::move(tokens.error()));
  TokenizeResult result;
  result.tokens = std::move(*tokens);
  result.count = static_cast<std::int32_t>(result.tokens.size());
  result.context_tokens = engine.Status().context_tokens;
  if (!with_pieces) return result;
  result.pieces.reserve(result.tokens.size());
  for (const core::TokenId& token : result.tokens) {
    auto piece = engine.Detokenize(std::span(&token, 1));
    if (!piece) return base::Fail(std::move(piece.error()));
    result.pieces.push_back(std::move(*piece));
  }
  return result;
}

base::Result<TokenizeResult> Tokenizer::Count(const Lifecycle::Work& /*work*/, core::GenerateRequest request,
                                              Call& call) const {
  auto found = Resolve(request.principal, operations::kTokenize, request.model, call);
  if (!found) return base::Fail(std::move(found.error()));
  if (auto valid = core::Validate(request); !valid) return base::Fail(valid.error());
  request.model = (*found)->spec.name;
  const auto count = (*found)->engine->Count(request);
  if (!count) return base::Fail(count.error());
  TokenizeResult result;
  result.count = *count;
  result.context_tokens = (*found)->engine->Status().context_tokens;
  return result;
}

base::Result<std::string> Tokenizer::Detokenize(const Lifecycle::Work& /*work*/,
                                                const core::Principal& principal, const std::string& model,
                                                std::span<const core::TokenId> tokens, Call& call) const {
  auto found = Resolve(principal, operations::kDetokenize, model, call);
  if (!found) return base::Fail(std::move(found.error()));
  return (*found)->engine->Detokenize(tokens);
}

}  // namespace lares::service
