// SPDX-License-Identifier: Apache-2.0
#include "service/embed.h"

#include <utility>

namespace lares::service {

Embedder::Embedder(const Catalogue& catalogue, base::Metrics& metrics, const base::Clock& clock,
                   base::Duration timeout)
    : catalogue_(catalogue), clock_(clock), timeout_(timeout) {
  for (const Model& model : catalogue.models()) {
    tokens_[model.spec.name] =
        &metrics.AddCounter("lares_embedding_tokens_total", "Tokens read for embeddings and ranking.",
                            {{"model", model.spec.name}});
  }
}

// Who may, for which model, until when.
template <typename Request>
base::Result<const Model*> Embedder::Begin(const Operation& operation, Request& request, Call& call) const {
  if (auto ok = Permit(request.principal, operation); !ok) return base::Fail(ok.error());
  auto model = catalogue_.Find(request.model);
  if (!model) return base::Fail(std::move(model.error()));
  request.model = (*model)->spec.name;
  call.SetModel(request.model);
  if (timeout_ > base::Duration{}) request.deadline = clock_.Now() + timeout_;
  return *model;
}

void Embedder::Settle(const std::string& model, std::int32_t tokens, Call& call) const {
  tokens_.at(model)->Add(tokens);
  core::Terminal end;
  end.usage.prompt_tokens = tokens;
  call.Settle(end, "");
}

base::Result<EmbedResult> Embedder::Embed(const Lifecycle::Work& /*work*/, core::EmbedRequest request,
                                          const std::stop_token& stop, Call& call) {
  const auto model = Begin(operations::kEmbed, request, call);
  if (!model) return base::Fail(model.error());
  if (request.inputs.empty() || request.inputs.size() > kMaxEmbedInputs) {
    return base::Fail(base::Error(base::Code::kInvalidArgument, "1 to " + std::to_string(kMaxEmbedInputs) +
                                                                    " inputs, got " +
                                                                    std::to_string(request.inputs.size()))
                          .WithParam("input"));
  }
  auto answer = (*model)->engine->Embed(request, stop);
  if (!answer) return base::Fail(std::move(answer.error()));
  Settle(request.model, answer->prompt_tokens, call);
  return EmbedResult{.model = request.model, .answer = std::move(*answer)};
}

base::Result<RankResult> Embedder::Rank(const Lifecycle::Work& /*work*/, core::RankRequest request,
                                        const std::stop_token& stop, Call& call) {
  const auto model = Begin(operations::kRank, request, call);
  if (!model) return base::Fail(model.error());
  auto answer = (*model)->engine->Rank(request, stop);
  if (!answer) return base::Fail(std::move(answer.error()));
  Settle(request.model, answer->prompt_tokens, call);
  return RankResult{.model = request.model, .answer = std::move(*answer)};
}

}  // namespace lares::service
