// SPDX-License-Identifier: Apache-2.0
#include "cli/model_list.h"

#include <algorithm>
#include <chrono>
#include <filesystem>

#include <nlohmann/json.hpp>

#include "cli/stream_event.h"

namespace lares::cli {
namespace {

using base::Code;
using Json = nlohmann::json;
namespace fs = std::filesystem;

constexpr int kMaxDepth = 3;
constexpr std::size_t kMaxFiles = 10'000;
constexpr auto kTimeout = std::chrono::seconds(30);

std::string Text(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::int64_t Number(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

ServedModel ReadModel(const Json& json) {
  ServedModel model{.id = Text(json, "id"),
                    .aliases = {},
                    .state = Text(json, "state"),
                    .percent = Number(json, "percent"),
                    .form = Text(json, "form"),
                    .architecture = Text(json, "architecture"),
                    .context = std::max(Number(json, "context_length"), Number(json, "max_model_len")),
                    .bytes = Number(json, "size_bytes"),
                    .memory = Number(json, "memory_bytes")};
  const auto aliases = json.find("aliases");
  if (aliases == json.end() || !aliases->is_array()) return model;
  for (const Json& alias : *aliases) {
    if (alias.is_string()) model.aliases.push_back(alias.get<std::string>());
  }
  return model;
}

}  // namespace

base::Result<std::vector<ServedModel>> ParseModels(std::string_view body) {
  const Json json = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  const auto data = json.is_object() ? json.find("data") : json.end();
  if (!json.is_object() || data == json.end() || !data->is_array()) {
    return base::Fail(Code::kDataLoss,
                      "the server's list of models cannot be read; is it an OpenAI-compatible server?");
  }
  std::vector<ServedModel> models;
  for (const Json& entry : *data) {
    if (entry.is_object()) models.push_back(ReadModel(entry));
  }
  return models;
}

base::Result<std::vector<ServedModel>> FetchModels(Transport& transport,
                                                   const std::function<bool()>& interrupted) {
  const HttpAnswer answer =
      Fetch(transport, {.path = "/v1/models", .body = {}, .timeout = kTimeout}, {.interrupted = interrupted});
  if (interrupted && interrupted()) return base::Fail(Code::kCancelled, "interrupted");
  if (answer.end.cancelled) return base::Fail(Code::kDataLoss, "the server's list of models is too long");
  if (!answer.end.failure.empty()) return base::Fail(Code::kUnavailable, answer.end.failure);
  if (answer.end.status == 200) return ParseModels(answer.body);
  std::string message = ParseErrorBody(answer.body).message;
  if (message.empty()) message = "the server answered with status " + std::to_string(answer.end.status);
  if (answer.end.status == 401) message += " (set the key in LARES_API_KEY)";
  return base::Fail(answer.end.status == 401 ? Code::kUnauthenticated : Code::kInternal, message);
}

std::vector<ModelFile> FindModelFiles(const std::string& folder) {
  std::vector<ModelFile> files;
  std::error_code error;
  auto entry = fs::recursive_directory_iterator(folder, fs::directory_options::skip_permission_denied, error);
  for (; !error && entry != fs::recursive_directory_iterator() && files.size() < kMaxFiles;
       entry.increment(error)) {
    if (entry.depth() >= kMaxDepth) entry.disable_recursion_pending();
    std::error_code ignored;
    if (entry->path().extension() != ".gguf" || !entry->is_regular_file(ignored)) continue;
    files.push_back({.path = entry->path().string(), .bytes = entry->file_size(ignored)});
  }
  std::ranges::sort(files, {}, &ModelFile::path);
  return files;
}

std::string ModelNameOf(std::string_view path) {
  const fs::path file = fs::path(path).filename();
  return file.extension() == ".gguf" ? file.stem().string() : file.string();
}

}  // namespace lares::cli
