// SPDX-License-Identifier: Apache-2.0
#include "service/embed.h"

#include <utility>

namespace lares::service {

Embedder::Embedder(const Catalogue& catalogue, base::Metrics& metrics, const base::Clock& clock,
                   base::Duration timeout)
    : catalogue_(catalogue), clock_(clock), timeout_(timeout) {
  for (const Model& model : catalogue.models()) {
    tokens_[model.spec.name] = &metrics.AddCounter(
        "lares_embedding_tokens_total", "Tokens read for embeddings.", {{"model", model.spec.name}});
  }
}

base::Result<EmbedResult> Embedder::Embed(const Lifecycle::Work& /*work*/, core::EmbedRequest request,
                                          const std::stop_token& stop, Call& call) {
  if (auto ok = Permit(request.principal, operations::kEmbed); !ok) return base::Fail(ok.error());
  auto model = catalogue_.Find(request.model);
  if (!model) return base::Fail(std::move(model.error()));
  const std::string name = (*model)->spec.name;
  call.SetModel(name);
  request.model = name;
  if (request.inputs.empty() || request.inputs.size() > kMaxEmbedInputs) {
    return base::Fail(base::Error(base::Code::kInvalidArgument, "1 to " + std::to_string(kMaxEmbedInputs) +
                                                                    " inputs, got " +
                                                                    std::to_string(request.inputs.size()))
                          .WithParam("input"));
  }
  if (timeout_ > base::Duration{}) request.deadline = clock_.Now() + timeout_;
  auto answer = (*model)->engine->Embed(request, stop);
  if (!answer) return base::Fail(std::move(answer.error()));
  tokens_.at(name)->Add(answer->prompt_tokens);
  core::Terminal end;
  end.usage.prompt_tokens = answer->prompt_tokens;
  call.Settle(end, "");
  return EmbedResult{.model = name, .answer = std::move(*answer)};
}

}  // namespace lares::service
