// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/quantize.h"

#include <algorithm>
#include <array>
#include <exception>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>

#include <llama.h>
#include <unistd.h>

#include "backend/llama/host_resources.h"
#include "backend/llama/log_bridge.h"
#include "backend/llama/sentence.h"

namespace lares::backend::llama {
namespace {

using base::Code;
using base::Fail;
using base::Result;
namespace fs = std::filesystem;

struct Type {
  std::string_view name;
  llama_ftype ftype;
  double bits;  // per weight, about
};
constexpr std::array kTypes = {
    Type{"f32", LLAMA_FTYPE_ALL_F32, 32.0},         Type{"f16", LLAMA_FTYPE_MOSTLY_F16, 16.0},
    Type{"bf16", LLAMA_FTYPE_MOSTLY_BF16, 16.0},    Type{"q8_0", LLAMA_FTYPE_MOSTLY_Q8_0, 8.5},
    Type{"q6_k", LLAMA_FTYPE_MOSTLY_Q6_K, 6.6},     Type{"q5_k_m", LLAMA_FTYPE_MOSTLY_Q5_K_M, 5.7},
    Type{"q5_k_s", LLAMA_FTYPE_MOSTLY_Q5_K_S, 5.5}, Type{"q4_k_m", LLAMA_FTYPE_MOSTLY_Q4_K_M, 4.9},
    Type{"q4_k_s", LLAMA_FTYPE_MOSTLY_Q4_K_S, 4.6}, Type{"q4_1", LLAMA_FTYPE_MOSTLY_Q4_1, 5.0},
    Type{"q4_0", LLAMA_FTYPE_MOSTLY_Q4_0, 4.5},     Type{"q3_k_m", LLAMA_FTYPE_MOSTLY_Q3_K_M, 3.9},
};

const Type* FindType(std::string_view name) {
  const auto it = std::ranges::find(kTypes, name, &Type::name);
  return it == kTypes.end() ? nullptr : &*it;
}

std::string Lower(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

double BitsPerWeight(const GgufSummary& model) {
  return model.parameters == 0
             ? 0.0
             : 8.0 * static_cast<double>(model.tensor_bytes) / static_cast<double>(model.parameters);
}

std::string WhatIsLost(const GgufSummary& from, const Type& to) {
  if (to.bits > BitsPerWeight(from) + 0.5) {
    if (to.bits >= 8.0 && from.quantised) {
      return Sentence("The weights come from ", from.form, ": what that form rounded off stays lost; ",
                      to.name, " adds an error far below it.");
    }
    return Sentence("Nothing further is lost; but ", to.name, " brings nothing back that ", from.form,
                    " rounded off.");
  }
  if (to.bits >= 15.0) return "At most a rounding far below what answers show.";
  if (to.bits >= 8.0) return "Rounding to 8 bits: no difference that answers show.";
  const std::string twice = from.quantised
                                ? Sentence(" Rounded twice: from ", from.form,
                                           ", not from the original weights, which would be better.")
                                : "";
  if (to.bits >= 5.0) return Sentence("A small loss: answers differ now and then.", twice);
  if (to.bits >= 4.0) return Sentence("Some accuracy: answers differ, small models suffer most.", twice);
  return Sentence("Much accuracy: only for models that would not fit otherwise.", twice);
}

// A file beside the output that disappears unless it is kept.
class Draft {
 public:
  explicit Draft(const std::string& output) : path_(Sentence(output, ".", ::getpid(), ".part")) {}
  ~Draft() {
    std::error_code ignored;
    if (!kept_) fs::remove(path_, ignored);
  }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;

  const std::string& path() const { return path_; }
  base::Status MoveTo(const std::string& output) {
    std::error_code error;
    fs::rename(path_, output, error);
    if (error) return Fail(Code::kInternal, Sentence("cannot put ", output, " in place: ", error.message()));
    kept_ = true;
    return {};
  }

 private:
  std::string path_;
  bool kept_ = false;
};

base::Status CheckPlace(const ConvertOptions& options, const GgufSummary& model, const Type& type) {
  std::error_code error;
  if (fs::exists(options.output, error) && !options.overwrite) {
    return Fail(Code::kAlreadyExists, Sentence(options.output, " exists already"));
  }
  if (fs::equivalent(options.input, options.output, error)) {
    return Fail(Code::kInvalidArgument, "input and output are the same file");
  }
  const fs::path folder = fs::absolute(options.output, error).parent_path();
  if (!fs::is_directory(folder, error))
    return Fail(Code::kNotFound, Sentence("there is no folder ", folder.string()));
  const auto needed =
      static_cast<std::uintmax_t>(static_cast<double>(model.parameters) * type.bits / 8.0 * 1.1);
  const auto space = fs::space(folder, error);
  if (!error && space.available < needed) {
    return Fail(Code::kResourceExhausted,
                Sentence("the result needs about ", needed >> 20U, " MiB, but ", folder.string(), " has ",
                         space.available >> 20U, " MiB free"));
  }
  return {};
}

base::Status Quantise(const ConvertOptions& options, const std::string& output, const Type& type) {
  llama_model_quantize_params params = llama_model_quantize_default_params();
  params.ftype = type.ftype;
  params.nthread = options.threads > 0 ? options.threads : ReadHostResources().cpus;
  params.allow_requantize = true;
  try {
    if (llama_model_quantize(options.input.c_str(), output.c_str(), &params) == 0) return {};
  } catch (const std::exception& e) {
    return Fail(Code::kInternal, Sentence("the model library cannot convert: ", e.what()));
  }
  return Fail(Code::kInternal,
              "the model library cannot convert this file; its reason stands in the log above");
}

}  // namespace

std::vector<std::string> ConvertTypes() {
  std::vector<std::string> names;
  names.reserve(kTypes.size());
  for (const Type& type : kTypes) names.emplace_back(type.name);
  return names;
}

Result<Converted> Convert(const ConvertOptions& options, base::Logger& logger) {
  const Type* type = FindType(Lower(options.type));
  if (type == nullptr) {
    std::string known;
    for (const Type& one : kTypes) known += Sentence(known.empty() ? "" : ", ", one.name);
    return Fail(Code::kInvalidArgument,
                Sentence("'", options.type, "' is no form of weights; known are ", known));
  }
  auto input = CheckGgufFile(options.input);
  if (!input) return Fail(input.error());
  if (auto ok = CheckPlace(options, *input, *type); !ok) return Fail(ok.error());
  const LogBridge log(logger);
  Draft draft(options.output);
  if (auto ok = Quantise(options, draft.path(), *type); !ok) return Fail(ok.error());
  auto output = CheckGgufFile(draft.path());
  if (!output) return Fail(Code::kInternal, Sentence("the result is not sound: ", output.error().message()));
  if (options.stop != nullptr && options.stop->load())
    return Fail(Code::kCancelled, "the conversion was stopped");
  if (auto ok = draft.MoveTo(options.output); !ok) return Fail(ok.error());
  return Converted{.input = *input, .output = *output, .lost = WhatIsLost(*input, *type)};
}

}  // namespace lares::backend::llama
