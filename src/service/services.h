// SPDX-License-Identifier: Apache-2.0
//
// All use cases of this server, wired. A transport gets a reference and finds here what it may call; `app`
// constructs it. Members are thread safe as their own headers say. Everything handed in must outlive it.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/thread_pool.h"
#include "service/authenticator.h"
#include "service/catalogue.h"
#include "service/embed.h"
#include "service/generate.h"
#include "service/health.h"
#include "service/lifecycle.h"
#include "service/request_log.h"
#include "service/tokenize.h"

namespace lares::service {

struct ServicesOptions {
  std::string version = "0.0.0";
  std::string data_directory;
  bool log_content = false;
  GenerateLimits limits;
};

struct ServicesContext {
  const base::Clock& clock;
  base::Logger& logger;
  base::Metrics& metrics;
  base::ThreadPool& heavy;       // for short blocking and computing work: milliseconds
  base::ThreadPool& embeddings;  // for these alone, because each may take minutes
  Authenticator& authenticator;
};

class Services {
 public:
  Services(ServicesOptions opts, ServicesContext ctx, std::vector<Model> models)
      : options(std::move(opts)),
        context(ctx),
        catalogue(std::move(models), ctx.clock),
        lifecycle(
            &ctx.metrics.AddGauge("lares_requests_in_flight", "Requests for a model that are under way.")),
        request_log(ctx.logger, options.log_content),
        generator(catalogue, lifecycle, ctx.metrics, ctx.clock, options.limits),
        embedder(catalogue, ctx.metrics, ctx.clock, options.limits.request_timeout),
        tokenizer(catalogue),
        health(catalogue, lifecycle, ctx.clock, options.data_directory) {}
  Services(const Services&) = delete;
  Services& operator=(const Services&) = delete;

  const ServicesOptions options;
  const ServicesContext context;
  Catalogue catalogue;
  Lifecycle lifecycle;
  RequestLog request_log;
  Generator generator;
  Embedder embedder;
  Tokenizer tokenizer;
  Health health;
};

}  // namespace lares::service
