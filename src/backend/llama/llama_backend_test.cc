// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/llama_backend.h"

#include <filesystem>
#include <fstream>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "backend/llama/test_model.h"
#include "base/log.h"

namespace lares::backend::llama {
namespace {

using base::Code;
using testing::HasSubstr;

// Keeps what was logged.
class Recorder final : public base::Logger {
 public:
  bool Enabled(base::LogLevel /*level*/) const override { return true; }
  void Write(base::LogLevel level, std::string_view message,
             std::initializer_list<base::LogField> /*f*/) override {
    lines.emplace_back(level, std::string(message));
  }
  std::vector<std::pair<base::LogLevel, std::string>> lines;
};

class LoadTest : public testing::Test {
 protected:
  void SetUp() override {
    if (TestModelPath().empty()) GTEST_SKIP() << kNoTestModel;
  }
  static LoadOptions Small() {
    return {.path = TestModelPath(), .slots = 1, .slot_cells = 256, .threads = 1};
  }
};

TEST_F(LoadTest, ReportsProgressAndThePlan) {
  Recorder log;
  std::vector<float> parts;
  LoadOptions options = Small();
  options.progress = [&](float part) {
    parts.push_back(part);
    return true;
  };
  const auto backend = Load(options, log);
  ASSERT_TRUE(backend) << backend.error().message();
  ASSERT_FALSE(parts.empty());
  EXPECT_TRUE(std::ranges::is_sorted(parts));
  EXPECT_FLOAT_EQ(parts.back(), 1.0F);
  ASSERT_FALSE(log.lines.empty());
  EXPECT_EQ(log.lines[0].first, base::LogLevel::kInfo);
  EXPECT_THAT(log.lines[0].second, HasSubstr("--ctx-size"));
  for (const auto& [level, line] : log.lines) EXPECT_LT(level, base::LogLevel::kError) << line;
}

TEST_F(LoadTest, StopsWhenProgressSaysSo) {
  const auto log = base::Logger::Silent();
  LoadOptions options = Small();
  options.progress = [](float part) { return part < 0.3F; };
  const auto backend = Load(options, *log);
  ASSERT_FALSE(backend);
  EXPECT_EQ(backend.error().code(), Code::kCancelled);
}

TEST_F(LoadTest, RefusesBeforeItReads) {
  const auto log = base::Logger::Silent();
  EXPECT_EQ(Load({.path = "/nowhere/model.gguf"}, *log).error().code(), Code::kNotFound);
  LoadOptions options = Small();
  options.kv_type = "q3_9";
  EXPECT_THAT(Load(options, *log).error().message(), HasSubstr("q8_0"));
  options = Small();
  options.slots = 100'000;
  EXPECT_EQ(Load(options, *log).error().code(), Code::kInvalidArgument);
  options = Small();
  options.chat_template = "{% for m in messages %}";
  EXPECT_THAT(Load(options, *log).error().message(), HasSubstr("chat template"));
}

TEST_F(LoadTest, ACutFileIsIncompleteWhereverItIsCut) {
  const auto log = base::Logger::Silent();
  const auto dir = std::filesystem::temp_directory_path() / ("lares_cut_" + std::to_string(::getpid()));
  std::filesystem::create_directories(dir);
  const std::string path = dir / "cut.gguf";
  std::filesystem::copy_file(TestModelPath(), path, std::filesystem::copy_options::overwrite_existing);
  LoadOptions options = Small();
  options.path = path;
  for (const std::uintmax_t size :
       {98'000'000U, 50'000'000U, 2'000'000U, 1'000'000U, 10'000U, 100U, 24U, 4U, 1U, 0U}) {
    std::filesystem::resize_file(path, size);
    const auto backend = Load(options, *log);
    ASSERT_FALSE(backend) << size;
    EXPECT_THAT(backend.error().message(), HasSubstr("cut.gguf")) << size;
  }
  std::filesystem::remove_all(dir);
}

TEST_F(LoadTest, OtherKvFormsWork) {
  const auto log = base::Logger::Silent();
  LoadOptions options = Small();
  options.kv_type = "q8_0";
  const auto backend = Load(options, *log);
  ASSERT_TRUE(backend) << backend.error().message();
  EXPECT_EQ((*backend)->facts().cell_bytes, 30U * 3 * 128 * 34 / 32);
  const std::atomic<bool> stop{false};
  const std::vector<Row> rows = {{.token = 1, .wants_logits = true}};
  EXPECT_TRUE((*backend)->Run(rows, stop));
}

}  // namespace
}  // namespace lares::backend::llama
