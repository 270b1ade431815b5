// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cli/models.h"
#include "cli/scripted_transport.h"
#include "cli/text_table.h"

namespace lares::cli {
namespace {

using ::testing::HasSubstr;
namespace fs = std::filesystem;

constexpr std::string_view kModels =
    R"({"object":"list","data":[{"id":"smol","aliases":["default"],"state":"loading","percent":40,
  "form":"Q8_0","architecture":"llama","context_length":8192,"size_bytes":144811200}, {"id":"bare"}, 7]})";

class ModelsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "lares_models_XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
  }
  void TearDown() override { fs::remove_all(root_); }
  void Write(const std::string& name, std::size_t bytes) {
    fs::create_directories((fs::path(root_) / name).parent_path());
    std::ofstream(fs::path(root_) / name) << std::string(bytes, 'x');
  }
  std::string root_;
};

TEST(ParseModels, ReadsWhatIsThere) {
  const auto models = ParseModels(kModels);
  ASSERT_TRUE(models);
  ASSERT_EQ(models->size(), 2U);
  EXPECT_EQ((*models)[0].id, "smol");
  EXPECT_EQ((*models)[0].aliases, std::vector<std::string>{"default"});
  EXPECT_EQ((*models)[0].context, 8192);
  EXPECT_EQ((*models)[0].bytes, 144'811'200);
  EXPECT_EQ((*models)[1].context, 0);
  for (const auto* body : {"", "[]", "{}", R"({"data":3})"}) EXPECT_FALSE(ParseModels(body)) << body;
}

TEST(FetchModels, SaysWhatWentWrong) {
  base::ManualClock clock;
  ScriptedTransport transport(clock);
  transport.scripts = {{.pieces = {{{}, R"({"error":{"message":"no key"}})"}}, .end = {.status = 401}},
                       {.pieces = {}, .end = {.failure = "nothing answers"}},
                       {.pieces = {{{}, std::string(kModels)}}}};
  EXPECT_THAT(FetchModels(transport).error().message(), HasSubstr("LARES_API_KEY"));
  EXPECT_EQ(FetchModels(transport).error().code(), base::Code::kUnavailable);
  EXPECT_EQ(FetchModels(transport)->size(), 2U);
}

TEST_F(ModelsTest, FindsFilesThreeLevelsDeep) {
  Write("b.gguf", 3);
  Write("models/a.gguf", 5);
  Write("models/c.txt", 5);
  Write("1/2/3/deep.gguf", 1);
  Write("1/2/3/4/deeper.gguf", 1);
  const auto files = FindModelFiles(root_);
  ASSERT_EQ(files.size(), 3U);
  EXPECT_EQ(files[2].path, root_ + "/models/a.gguf");
  EXPECT_EQ(files[2].bytes, 5U);
  EXPECT_TRUE(FindModelFiles(root_ + "/none").empty());
}

TEST(ModelNameOf, IsTheBaseName) {
  EXPECT_EQ(ModelNameOf("/a/b/SmolLM2-135M.Q8_0.gguf"), "SmolLM2-135M.Q8_0");
  EXPECT_EQ(ModelNameOf("gpt"), "gpt");
}

TEST(ModelsTable, ShowsServedModelsAndFiles) {
  const auto models = ParseModels(kModels);
  const std::string table = ModelsTable("http://x", *models, {{.path = "/m/a.gguf", .bytes = 98'362'432}});
  EXPECT_EQ(table,
            "Served at http://x:\n"
            "  model  context  form  size      memory  state\n"
            "  smol   8192     Q8_0  144.8 MB          loading 40 %\n"
            "  bare\n"
            "\n"
            "Files in the data directory:\n"
            "  file          size\n"
            "  /m/a.gguf  98.4 MB\n");
  const auto json = nlohmann::json::parse(ModelsJson("http://x", *models, {}));
  EXPECT_EQ(json["models"][0]["form"], "Q8_0");
}

TEST_F(ModelsTest, ConvertLeavesNothingHalfDone) {
  Write("in.gguf", 10);
  ConvertOptions options{.input = root_ + "/in.gguf", .output = root_ + "/out.gguf"};
  std::ostringstream out;
  std::ostringstream err;
  const Converter fails = [](const std::string&, const std::string& to,
                             const std::string&) -> base::Result<std::string> {
    std::ofstream(to) << "half";
    return base::Fail(base::Code::kInternal, "disk full");
  };
  const Converter works = [](const std::string&, const std::string& to,
                             const std::string& type) -> base::Result<std::string> {
    std::ofstream(to) << "whole";
    return "written as " + type;
  };
  EXPECT_EQ(Convert(options, fails, out, err), 1);
  EXPECT_THAT(err.str(), HasSubstr("disk full"));
  EXPECT_EQ(FindModelFiles(root_).size(), 1U);
  EXPECT_FALSE(fs::exists(root_ + "/out.gguf.part"));

  EXPECT_EQ(Convert(options, works, out, err), 0);
  EXPECT_THAT(out.str(), HasSubstr("written as q8_0"));
  EXPECT_EQ(Convert(options, works, out, err), 1);
  EXPECT_THAT(err.str(), HasSubstr("--force"));
  options.force = true;
  EXPECT_EQ(Convert(options, works, out, err), 0);
  options.output = options.input;
  EXPECT_EQ(Convert(options, works, out, err), 1);
  EXPECT_THAT(err.str(), HasSubstr("same file"));
}

TEST(TextTable, KnowsWideCharacters) {
  EXPECT_EQ(DisplayWidth("abc"), 3U);
  EXPECT_EQ(DisplayWidth("你好"), 4U);
  EXPECT_EQ(DisplayWidth("é"), 1U);
  EXPECT_EQ(DisplayWidth("😀"), 2U);
}

TEST(SizeText, UsesUnitsOfAThousand) {
  EXPECT_EQ(SizeText(999), "999 B");
  EXPECT_EQ(SizeText(98'362'432), "98.4 MB");
  EXPECT_EQ(SizeText(1.5e12), "1.5 TB");
}

}  // namespace
}  // namespace lares::cli
