// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/model_file.h"

#include <algorithm>
#include <mutex>

#include "backend/llama/sentence.h"

namespace lares::backend::llama {
namespace {

struct Progress {
  const std::function<bool(float)>* report = nullptr;
  float last = 0.0F;
  bool cancelled = false;

  static bool Report(float part, void* self) {
    auto& progress = *static_cast<Progress*>(self);
    progress.last = std::max(progress.last, part);
    if (*progress.report && !(*progress.report)(progress.last)) progress.cancelled = true;
    return !progress.cancelled;
  }
};

void InitialiseOnce() {
  static std::once_flag once;
  std::call_once(once, [] { llama_backend_init(); });
}

}  // namespace

base::Result<ModelPtr> ReadModel(const std::string& path, std::int32_t gpu_layers,
                                 const std::function<bool(float)>& progress) {
  InitialiseOnce();
  Progress state{.report = &progress};
  llama_model_params params = llama_model_default_params();
  params.n_gpu_layers = gpu_layers;
  params.use_extra_bufts = true;  // weights in the layout that this CPU's kernels like best
  params.progress_callback = Progress::Report;
  params.progress_callback_user_data = &state;
  ModelPtr model(llama_model_load_from_file(path.c_str(), params));
  if (model) return model;
  if (state.cancelled) return base::Fail(base::Code::kCancelled, "loading was cancelled");
  return base::Fail(base::Code::kInvalidArgument,
                    Sentence("the model library cannot load ", path, "; its reason stands in the log above"));
}

}  // namespace lares::backend::llama
