// SPDX-License-Identifier: Apache-2.0
#include "backend/fake/fake_constraint.h"

#include <charconv>
#include <limits>
#include <string>

#include "backend/fake/fake_vocabulary.h"
#include "base/check.h"

namespace lares::backend {
namespace {

constexpr std::string_view kChars = "chars:", kLiteral = "literal:", kFails = "fails:";

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

class GivesUp final : public FakeConstraint {
 public:
  explicit GivesUp(std::size_t after) : left_(after) {}
  bool Allows(core::TokenId token) override {
    return FakeVocabulary::IsEnd(token) || (left_ > 0 && IsByte(token));
  }
  std::string_view failure() const override { return left_ > 0 ? "" : "the toy grammar gave up"; }

 private:
  void Advance() override {
    if (left_ > 0) --left_;
  }
  std::size_t left_;
};

}  // namespace

base::Result<std::unique_ptr<sampling::Constraint>> MakeFakeConstraint(std::string_view grammar) {
  std::unique_ptr<sampling::Constraint> made;
  if (grammar.starts_with(kChars)) made = std::make_unique<AnyOf>(grammar.substr(kChars.size()));
  if (grammar.starts_with(kLiteral)) made = std::make_unique<Exactly>(grammar.substr(kLiteral.size()));
  if (grammar.starts_with(kFails)) {
    std::size_t after = 0;
    const std::string_view number = grammar.substr(kFails.size());
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), after);
    if (error == std::errc() && end == number.data() + number.size()) made = std::make_unique<GivesUp>(after);
  }
  if (made) return made;
  return base::Fail(
      base::Error(base::Code::kInvalidArgument,
                  "this model knows the grammars \"chars:...\", \"literal:...\" and \"fails:N\" only")
          .WithParam("grammar"));
}

}  // namespace lares::backend
