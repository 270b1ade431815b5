// SPDX-License-Identifier: Apache-2.0
#include "app/fake_model_path.h"

#include <chrono>
#include <string>

#include "app/value_text.h"
#include "base/check.h"

namespace lares::app {
namespace {

using base::Code;

base::Status SetCount(std::string_view text, std::int64_t least, std::int64_t most, std::int32_t& out) {
  const auto value = ParseInteger(text);
  if (!value) return base::Fail(value.error());
  if (*value < least || *value > most) {
    return base::Fail(Code::kOutOfRange,
                      "allowed is " + std::to_string(least) + " to " + std::to_string(most));
  }
  out = static_cast<std::int32_t>(*value);
  return {};
}

base::Status SetTime(std::string_view text, base::Duration& out) {
  const auto value = ParseDuration(text);
  if (!value) return base::Fail(value.error());
  if (*value > std::chrono::seconds(60)) return base::Fail(Code::kOutOfRange, "allowed is up to 60s");
  out = *value;
  return {};
}

base::Status SetPath(std::string_view text, std::string& out) {
  if (!text.starts_with('/')) return base::Fail(Code::kInvalidArgument, "an absolute path is needed");
  out = text;
  return {};
}

base::Status SetPurpose(std::string_view text, core::ModelPurpose& out) {
  using enum core::ModelPurpose;
  if (text != "generate" && text != "embed" && text != "rank") {
    return base::Fail(Code::kInvalidArgument, "known are generate, embed and rank");
  }
  out = text == "generate" ? kGenerate : text == "embed" ? kEmbed : kRank;
  return {};
}

base::Status Set(std::string_view key, std::string_view value, FakeModelOptions& out) {
  if (key == "step") return SetTime(value, out.step);
  if (key == "row") return SetTime(value, out.per_row);
  if (key == "slots") return SetCount(value, 1, 4096, out.slots);
  if (key == "context") return SetCount(value, 1, 1 << 20, out.context);
  if (key == "answer") return SetCount(value, -1, 1 << 20, out.answer);
  if (key == "memory") {
    const auto bytes = ParseSize(value);
    if (!bytes) return base::Fail(bytes.error());
    out.memory = *bytes;
    return {};
  }
  if (key == "poison") return SetCount(value, 0, 511, out.poison);
  if (key == "purpose") return SetPurpose(value, out.purpose);
  if (key == "load") return SetPath(value, out.load);
  return base::Fail(Code::kInvalidArgument,
                    "known are step, row, slots, context, answer, memory, poison, purpose and load");
}

}  // namespace

base::Result<FakeModelOptions> ParseFakeModel(std::string_view path) {
  LARES_CHECK(IsFakeModel(path));
  FakeModelOptions options;
  for (const std::string& part : SplitList(path.substr(kFakeModelPrefix.size()))) {
    const std::size_t equals = part.find('=');
    const std::string key = part.substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : part.substr(equals + 1);
    if (const auto set = Set(key, value, options); !set) {
      return base::Fail(Code::kInvalidArgument, "fake model: \"" + part + "\": " + set.error().message());
    }
  }
  return options;
}

}  // namespace lares::app
