// SPDX-License-Identifier: Apache-2.0
#include "cli/models.h"

#include <chrono>
#include <filesystem>
#include <ostream>
#include <sstream>
#include <system_error>
#include <thread>

#include <nlohmann/json.hpp>

#include "app/command_line.h"
#include "base/clock.h"
#include "base/terminal_text.h"
#include "cli/find_server.h"
#include "cli/text_table.h"

namespace lares::cli {
namespace {

using base::Code;
using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

int Complain(const base::Error& error, std::ostream& err) {
  err << "lares: " << base::ForTerminal(error.message()) << "\n";
  return error.code() == Code::kUnavailable ? app::kExitUnavailable : app::kExitFailure;
}

std::string StateText(const ServedModel& model) {
  return model.state == "loading" ? "loading " + std::to_string(model.percent) + " %" : model.state;
}

base::Status CheckFiles(const ConvertOptions& options) {
  std::error_code error;
  if (!fs::is_regular_file(options.input, error)) {
    return base::Fail(Code::kNotFound, "there is no file " + options.input);
  }
  if (!fs::exists(options.output, error)) return {};
  if (fs::equivalent(options.input, options.output, error)) {
    return base::Fail(Code::kInvalidArgument, "IN and OUT are the same file");
  }
  if (options.force) return {};
  return base::Fail(Code::kAlreadyExists, options.output + " exists already; --force replaces it");
}

}  // namespace

std::string ModelsTable(const std::string& server, const std::vector<ServedModel>& served,
                        const std::vector<ModelFile>& files) {
  std::string text;
  if (!server.empty()) {
    TextTable table({"model", "context", "form", "size", "memory", "state"});
    for (const ServedModel& model : served) {
      table.Add({base::ForTerminal(model.id), model.context > 0 ? std::to_string(model.context) : "",
                 base::ForTerminal(model.form),
                 model.bytes > 0 ? SizeText(static_cast<double>(model.bytes)) : "",
                 model.memory > 0 ? SizeText(static_cast<double>(model.memory)) : "",
                 base::ForTerminal(StateText(model))});
    }
    text += "Served at " + server + ":\n" + table.Text();
  }
  if (!files.empty()) {
    TextTable table({"file", "size"});
    for (const ModelFile& file : files)
      table.Add({base::ForTerminal(file.path), SizeText(static_cast<double>(file.bytes))});
    text += (text.empty() ? "" : "\n") + std::string("Files in the data directory:\n") + table.Text();
  }
  return text;
}

std::string ModelsJson(const std::string& server, const std::vector<ServedModel>& served,
                       const std::vector<ModelFile>& files) {
  Json json;
  json["server"] = server.empty() ? Json() : Json(server);
  json["models"] = Json::array();
  for (const ServedModel& model : served) {
    json["models"].push_back({{"id", model.id},
                              {"aliases", model.aliases},
                              {"state", model.state},
                              {"context_length", model.context},
                              {"form", model.form},
                              {"architecture", model.architecture},
                              {"size_bytes", model.bytes},
                              {"memory_bytes", model.memory}});
  }
  json["files"] = Json::array();
  for (const ModelFile& file : files)
    json["files"].push_back({{"path", file.path}, {"size_bytes", file.bytes}});
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

namespace {

int ModelsOnce(const app::Config& config, const ModelsOptions& options, std::ostream& out,
               std::ostream& err) {
  const auto url = FindServer(config);
  if (!url) return Complain(url.error(), err);
  std::vector<ServedModel> served;
  std::string server;
  if (url->has_value()) {
    const base::SystemClock clock;
    HttpClient client(ClientOptions(config, **url), clock);
    auto models = FetchModels(client);
    if (!models) return Complain(models.error(), err);
    served = std::move(*models);
    server = (*url)->shown;
  }
  const std::vector<ModelFile> files = FindModelFiles(config.data_directory);
  out << (options.json ? ModelsJson(server, served, files) : ModelsTable(server, served, files));
  if (server.empty() && !options.json) {
    err << "No server runs on the data directory " << config.data_directory
        << "; `lares serve MODEL.gguf` starts one.\n";
  }
  return app::kExitSuccess;
}

}  // namespace

int Models(const app::Config& config, const ModelsOptions& options, std::ostream& out, std::ostream& err) {
  if (!options.watch) return ModelsOnce(config, options, out, err);
  // Until somebody has seen enough (Ctrl-C), or nobody answers any more.
  for (;;) {
    std::ostringstream text;
    const int code = ModelsOnce(config, options, text, err);
    if (code != app::kExitSuccess) return code;
    out << (options.json ? "" : "\x1b[H\x1b[2J") << text.str() << std::flush;
    if (!out) return app::kExitFailure;
    std::this_thread::sleep_for(std::chrono::seconds(1));
  }
}

int Convert(const ConvertOptions& options, const Converter& converter, std::ostream& out, std::ostream& err) {
  if (auto fine = CheckFiles(options); !fine) return Complain(fine.error(), err);
  const std::string part = options.output + ".part";
  std::error_code error;
  auto said = converter(options.input, part, options.type);
  if (!said) {
    fs::remove(part, error);
    return Complain(said.error(), err);
  }
  fs::rename(part, options.output, error);
  if (error) {
    return Complain(base::Error(Code::kInternal, "cannot rename " + part + ": " + error.message()), err);
  }
  const double before = static_cast<double>(fs::file_size(options.input, error));
  const double after = static_cast<double>(fs::file_size(options.output, error));
  out << *said << (said->empty() ? "" : "\n") << options.output << ": " << SizeText(after) << ", from "
      << SizeText(before) << "\n";
  return app::kExitSuccess;
}

}  // namespace lares::cli
