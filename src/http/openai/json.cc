// SPDX-License-Identifier: Apache-2.0
#include "http/openai/json.h"

#include <array>
#include <string>
#include <utility>

#include "base/utf8.h"

namespace lares::http::openai {
namespace {

base::Error Invalid(std::string message) {
  return base::Error(base::Code::kInvalidArgument, std::move(message)).WithReason("invalid_json");
}

// Counts before anything is built: a few megabytes of brackets would otherwise become gigabytes of objects.
// Commas and brackets outside of strings say all that is needed; whether it is JSON the parser decides.
class Shape {
 public:
  base::Status Check(std::string_view text) {
    bool in_string = false;
    std::size_t string_start = 0;
    std::string_view last_string;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const char c = text[i];
      if (in_string) {
        if (c == '\\') ++i;
        if (c != '"') continue;
        in_string = false;
        last_string = text.substr(string_start, i - string_start);
      } else if (c == '"') {
        in_string = true;
        string_start = i + 1;
      } else if (c == ':' && depth_ == 1) {
        member_ = last_string;
      } else if (auto fine = Count(c); !fine) {
        return base::Fail(Named(fine.error()));
      }
    }
    return {};
  }

 private:
  base::Status Count(char c) {
    if (c == '{' || c == '[') {
      if (++depth_ > kMaxJsonDepth) {
        return base::Fail(
            Invalid("the JSON is nested deeper than " + std::to_string(kMaxJsonDepth) + " levels"));
      }
      members_[depth_] = 0;
      object_[depth_] = c == '{';
      ++values_;
    } else if (c == '}' || c == ']') {
      if (depth_ > 0) --depth_;
    } else if (c == ',') {
      ++values_;
      if (++members_[depth_] >= kMaxJsonMembers && object_[depth_]) {
        return base::Fail(
            Invalid("an object of the JSON has more than " + std::to_string(kMaxJsonMembers) + " members"));
      }
    }
    if (values_ > kMaxJsonValues) {
      return base::Fail(Invalid("the JSON has more than " + std::to_string(kMaxJsonValues) + " values"));
    }
    return {};
  }

  // The body's member in which the trouble is, as a client may know it.
  base::Error Named(base::Error error) const {
    static constexpr std::size_t kMaxNameBytes = 64;
    if (member_.empty() || member_.size() > kMaxNameBytes || member_.find('\\') != std::string_view::npos)
      return error;
    return std::move(error).WithParam(std::string(member_));
  }

  std::string_view member_;
  std::size_t depth_ = 0;
  std::size_t values_ = 0;
  std::array<std::size_t, kMaxJsonDepth + 1> members_{};
  std::array<bool, kMaxJsonDepth + 1> object_{};
};

}  // namespace

base::Result<Json> ParseJsonObject(std::string_view text) {
  if (const std::size_t at = base::FindInvalidUtf8(text); at != std::string_view::npos) {
    return base::Fail(Invalid("the body is not UTF-8: byte " + std::to_string(at)));
  }
  if (auto fine = Shape().Check(text); !fine) return base::Fail(fine.error());
  try {
    Json json = Json::parse(text);
    if (!json.is_object()) return base::Fail(Invalid("the body must be a JSON object"));
    return json;
  } catch (const Json::parse_error& error) {
    // The library's own message quotes the input; the place is enough.
    const bool cut = error.byte > text.size();
    return base::Fail(Invalid(cut ? "the JSON ends too early, at byte " + std::to_string(text.size())
                                  : "the JSON is broken at byte " + std::to_string(error.byte)));
  } catch (const std::exception&) {  // numbers beyond all bounds
    return base::Fail(Invalid("the JSON cannot be read"));
  }
}

}  // namespace lares::http::openai
