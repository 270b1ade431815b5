// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/prompt_renderer.h"

#include <gtest/gtest.h>

#include "backend/llama/real_backend_test.h"

namespace lares::backend::llama {
namespace {

using PromptRendererTest = RealModelTest;

TEST_F(PromptRendererTest, AdaptersThatAreNotThereAreTheClientsError) {
  core::GenerateRequest request;
  request.prompt = core::TextPrompt{.text = "hello"};
  EXPECT_TRUE(backend().Render(request));
  request.adapters = {{.name = "legal", .scale = 1.0F}};
  const auto refused = backend().Render(request);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), base::Code::kInvalidArgument);
  EXPECT_EQ(refused.error().param(), "adapters");
}

}  // namespace
}  // namespace lares::backend::llama
