// SPDX-License-Identifier: Apache-2.0
#include "backend/fake/fake_constraint.h"

#include <limits>
#include <string>

#include "backend/fake/fake_vocabulary.h"
#include "base/check.h"

namespace lares::backend {
namespace {

constexpr std::string_view kChars = "chars:", kLiteral = "literal:";

class FakeConstraint : public sampling::Constraint {
 public:
  void Mask(std::span<float> logits) final {
    for (std::size_t i = 0; i < logits.size(); ++i) {
      if (!Allows(static_cast<core::TokenId>(i))) logits[i] = -std::numeric_limits<float>::infinity();
    }
  }
  void Accept(core::TokenId token) final {
    LARES_CHECK(Allows(token));
    Advance();
  }

 private:
  virtual void Advance() = 0;
};

bool IsByte(core::TokenId token) { return token >= 0 && token < FakeVocabulary::kBos; }

class AnyOf final : public FakeConstraint {
 public:
  explicit AnyOf(std::string_view bytes) : bytes_(bytes) {}
  bool Allows(core::TokenId token) override {
    if (!IsByte(token)) return FakeVocabulary::IsEnd(token);
    return bytes_.find(static_cast<char>(token)) != std::string::npos;
  }

 private:
  void Advance() override {}
  const std::string bytes_;
};

class Exactly final : public FakeConstraint {
 public:
  explicit Exactly(std::string_view text) : text_(text) {}
  bool Allows(core::TokenId token) override {
    if (at_ == text_.size()) return FakeVocabulary::IsEnd(token);
    return IsByte(token) && static_cast<char>(token) == text_[at_];
  }

 private:
  void Advance() override {
    if (at_ < text_.size()) ++at_;
  }
  const std::string text_;
  std::size_t at_ = 0;
};

}  // namespace

base::Result<std::unique_ptr<sampling::Constraint>> MakeFakeConstraint(std::string_view grammar) {
  std::unique_ptr<sampling::Constraint> made;
  if (grammar.starts_with(kChars)) made = std::make_unique<AnyOf>(grammar.substr(kChars.size()));
  if (grammar.starts_with(kLiteral)) made = std::make_unique<Exactly>(grammar.substr(kLiteral.size()));
  if (made) return made;
  return base::Fail(base::Error(base::Code::kInvalidArgument,
                                "this model knows the grammars \"chars:...\" and \"literal:...\" only")
                        .WithParam("grammar"));
}

}  // namespace lares::backend
