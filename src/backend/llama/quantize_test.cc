// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/quantize.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "backend/llama/llama_backend.h"
#include "backend/llama/test_model.h"

namespace lares::backend::llama {
namespace {

using base::Code;
using testing::HasSubstr;

class ConvertTest : public testing::Test {
 protected:
  void SetUp() override {
    if (OriginalModelPath().empty()) GTEST_SKIP() << kNoTestModel;
    dir_ = std::filesystem::temp_directory_path() / ("lares_convert_" + std::to_string(::getpid()));
    std::filesystem::create_directories(dir_);
  }
  void TearDown() override { std::filesystem::remove_all(dir_); }

  std::size_t Files() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(dir_), {}));
  }

  std::filesystem::path dir_;
  std::unique_ptr<base::Logger> log_ = base::Logger::Silent();
};

TEST_F(ConvertTest, WritesAModelThatLoads) {
  const ConvertOptions options{
      .input = OriginalModelPath(), .output = dir_ / "m.gguf", .type = "Q8_0", .threads = 2};
  const auto converted = Convert(options, *log_);
  ASSERT_TRUE(converted) << converted.error().message();
  EXPECT_EQ(converted->input.form, "Q4_1");
  EXPECT_EQ(converted->output.form, "Q8_0");
  EXPECT_GT(converted->output.tensor_bytes, converted->input.tensor_bytes);
  EXPECT_THAT(converted->lost, HasSubstr("Q4_1"));
  EXPECT_EQ(Files(), 1U) << "no draft is left";
  const auto backend = Load({.path = options.output, .slots = 1, .slot_cells = 256, .threads = 1}, *log_);
  ASSERT_TRUE(backend) << backend.error().message();
  EXPECT_EQ((*backend)->facts().form, "Q8_0");
  EXPECT_EQ(Convert(options, *log_).error().code(), Code::kAlreadyExists);
}

TEST_F(ConvertTest, RefusesAndLeavesNothing) {
  EXPECT_THAT(
      Convert({.input = OriginalModelPath(), .output = dir_ / "m", .type = "q9"}, *log_).error().message(),
      HasSubstr("q4_k_m"));
  EXPECT_EQ(Convert({.input = dir_ / "none", .output = dir_ / "m"}, *log_).error().code(), Code::kNotFound);
  EXPECT_EQ(Convert({.input = OriginalModelPath(), .output = dir_ / "no/m"}, *log_).error().code(),
            Code::kNotFound);
  EXPECT_EQ(Convert({.input = OriginalModelPath(), .output = OriginalModelPath(), .overwrite = true}, *log_)
                .error()
                .code(),
            Code::kInvalidArgument);
  std::ofstream(dir_ / "junk.gguf") << "GGUF";
  EXPECT_FALSE(Convert({.input = dir_ / "junk.gguf", .output = dir_ / "m"}, *log_));
  EXPECT_EQ(Files(), 1U);
}

}  // namespace
}  // namespace lares::backend::llama
