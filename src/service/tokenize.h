// SPDX-License-Identifier: Apache-2.0
//
// The use case "tokenize": text to token ids and back, and how long a rendered chat is. Blocks and computes:
// call it on a heavy pool. Thread safe.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "core/generate_request.h"
#include "service/catalogue.h"
#include "service/lifecycle.h"
#include "service/operation.h"
#include "service/request_log.h"

namespace lares::service {

struct TokenizeResult {
  std::vector<core::TokenId> tokens;  // empty where only a count was asked for
  std::vector<std::string> pieces;    // bytes of each token, when asked for
  std::int32_t count = 0;
  std::int32_t context_tokens = 0;
};

class Tokenizer {
 public:
  explicit Tokenizer(const Catalogue& catalogue) : catalogue_(catalogue) {}

  // `work` counts the request since it was taken, and shows that it was.
  base::Result<TokenizeResult> Tokenize(const Lifecycle::Work& work, const core::Principal& principal,
                                        const std::string& model, const core::TextPrompt& prompt,
                                        bool with_pieces, Call& call) const;
  // A chat is rendered by the model's template; the answer has the count only.
  base::Result<TokenizeResult> Count(const Lifecycle::Work& work, core::GenerateRequest request,
                                     Call& call) const;
  // The tokens' bytes; they may begin or end within a character.
  base::Result<std::string> Detokenize(const Lifecycle::Work& work, const core::Principal& principal,
                                       const std::string& model, std::span<const core::TokenId> tokens,
                                       Call& call) const;

 private:
  base::Result<const Model*> Resolve(const core::Principal& principal, const Operation& operation,
                                     const std::string& model, Call& call) const;

  const Catalogue& catalogue_;
};

}  // namespace lares::service
