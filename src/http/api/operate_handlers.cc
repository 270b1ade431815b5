// SPDX-License-Identifier: Apache-2.0
//
// What operators and their machines ask: health, liveness, readiness, metrics, version.
#include <string>
#include <utility>

#include "base/clock.h"
#include "http/api/handlers.h"
#include "http/openai/json_writer.h"
#include "http/status.h"
#include "service/health.h"

namespace lares::http::api {
namespace {

using openai::JsonWriter;

const char* HealthWord(service::HealthStatus status) {
  switch (status) {
    case service::HealthStatus::kUp:
      return "UP";
    case service::HealthStatus::kDegraded:
      return "DEGRADED";
    case service::HealthStatus::kDown:
      return "DOWN";
  }
  return "DOWN";
}

void WriteModel(JsonWriter& json, const service::ModelHealth& model) {
  json.BeginObject().Field("status", HealthWord(model.status)).Field("name", std::string_view(model.name));
  json.Field("state", service::StateWord(model.engine.state)).Field("percent", model.engine.load_percent);
  json.Field("running", model.engine.running).Field("waiting", model.engine.waiting);
  json.Field("slots", model.engine.slots);
  if (!model.engine.failure.empty()) json.Field("failure", std::string_view(model.engine.failure));
  json.Field("crashes", model.engine.crashes);
  if (!model.engine.unconfined.empty()) {
    json.Key("unconfined").BeginArray();
    for (const std::string& missing : model.engine.unconfined) json.String(missing);
    json.EndArray();
  }
  if (model.engine.trouble) {
    json.Key("trouble").BeginObject().Field("cause", std::string_view(model.engine.trouble->cause));
    if (model.since) json.Field("since", std::string_view(base::Iso8601(*model.since)));
    if (model.next_try) json.Field("next_try", std::string_view(base::Iso8601(*model.next_try)));
    json.EndObject();
  }
  json.EndObject();
}

void WriteDetails(JsonWriter& json, const service::HealthReport& report) {
  if (!report.models.empty()) {
    json.Key("model");
    WriteModel(json, report.models.front());
  }
  json.Key("models").BeginArray();
  for (const service::ModelHealth& model : report.models) WriteModel(json, model);
  json.EndArray();
  json.Key("diskSpace").BeginObject().Field("status", HealthWord(report.disk.status));
  json.Field("total", report.disk.total).Field("free", report.disk.free);
  json.Field("threshold", report.disk.threshold).EndObject();
  json.Key("database").BeginObject().Field("status", "NONE").EndObject();
}

}  // namespace

void HandleHealth(Api& api, std::shared_ptr<Exchange> exchange) {
  const service::HealthReport report = api.services().health.Report(exchange->principal());
  Response response{.status = report.status == service::HealthStatus::kDown ? 503 : 200};
  JsonWriter json(response.body);
  json.BeginObject().Field("status", HealthWord(report.status));
  json.Field("timestamp", std::string_view(base::Iso8601(report.timestamp)));
  if (report.draining) json.Field("draining", true);
  if (report.details) WriteDetails(json, report);
  json.EndObject();
  exchange->Respond(std::move(response));
}

void HandleLiveness(Api& api, std::shared_ptr<Exchange> exchange) {
  const auto alive = api.services().health.Alive();
  if (!alive) return exchange->Respond(alive.error());
  exchange->Respond(Response{.body = R"({"status":"alive"})"});
}

void HandleReadiness(Api& api, std::shared_ptr<Exchange> exchange) {
  const service::Readiness ready = api.services().health.Ready();
  Response response{.status = ready.ready ? 200 : 503};
  if (!ready.ready) response.headers.push_back({"Retry-After", "1"});
  JsonWriter(response.body)
      .BeginObject()
      .Field("status", std::string_view(ready.state))
      .Field("percent", ready.percent)
      .EndObject();
  exchange->Respond(std::move(response));
}

void HandleMetrics(Api& api, std::shared_ptr<Exchange> exchange) {
  // Hundreds of series take milliseconds to print: not on the thread that carries the streams.
  RunHeavy(
      api, exchange,
      [&api]() -> base::Result<std::string> { return api.services().context.metrics.Expose(); },
      [exchange](base::Result<std::string> text) {
        if (!text) return exchange->Respond(text.error());
        exchange->Respond(
            Response{.content_type = "text/plain; version=0.0.4; charset=utf-8", .body = std::move(*text)});
      });
}

void HandleVersion(Api& api, std::shared_ptr<Exchange> exchange) {
  Response response;
  JsonWriter(response.body)
      .BeginObject()
      .Field("name", "lares")
      .Field("version", std::string_view(api.services().options.version))
      .EndObject();
  exchange->Respond(std::move(response));
}

void HandleRoot(Api& api, std::shared_ptr<Exchange> exchange) {
  std::string text = "Lares " + api.services().options.version +
                     "\n\n"
                     "POST /v1/chat/completions   POST /v1/completions   POST /v1/embeddings\n"
                     "GET  /v1/models             POST /tokenize         POST /detokenize\n"
                     "GET  /health  /readyz  /livez  /metrics  /version\n";
  exchange->Respond(Response{.content_type = "text/plain; charset=utf-8", .body = std::move(text)});
}

}  // namespace lares::http::api
