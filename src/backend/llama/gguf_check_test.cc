// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/gguf_check.h"

#include <filesystem>
#include <fstream>
#include <functional>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "backend/llama/byte_source.h"
#include "backend/llama/gguf_writer_test.h"
#include "backend/llama/test_model.h"

namespace lares::backend::llama {
namespace {

using base::Code;
using testing::HasSubstr;

base::Result<GgufSummary> Check(const std::vector<std::uint8_t>& bytes) {
  return CheckGguf(MemorySource(bytes));
}

TEST(GgufCheck, DescribesASoundModel) {
  const auto summary = Check(GgufWriter::Model().Bytes());
  ASSERT_TRUE(summary) << summary.error().message();
  EXPECT_EQ(summary->architecture, "llama");
  EXPECT_EQ(summary->name, "Tiny");
  EXPECT_EQ(summary->form, "Q8_0");
  EXPECT_TRUE(summary->quantised);
  EXPECT_EQ(summary->tensor_count, 2U);
  EXPECT_EQ(summary->parameters, 64U * 4 + 64);
  EXPECT_EQ(summary->vocabulary, 4U);
  EXPECT_EQ(summary->block_count, 2U);
  EXPECT_EQ(summary->context_length, 128U);
  EXPECT_EQ(summary->head_count_kv, 2U);
  // Two layers, two heads of 16 for keys and as many for values.
  EXPECT_EQ(summary->kv_values_per_token, 2U * 2 * (16 + 16));
  EXPECT_TRUE(summary->has_chat_template);
  EXPECT_EQ(summary->part_count, 1U);
}

// A file says what its model was made for by how it pools, by a head, or by attention that looks ahead.
TEST(GgufCheck, TellsWhatAModelWasMadeFor) {
  using enum core::ModelPurpose;
  const auto summary_of = [](GgufWriter& file) {
    auto summary = Check(file.Bytes());
    EXPECT_TRUE(summary) << summary.error().message();
    return *summary;
  };
  GgufWriter plain = GgufWriter::Model();
  EXPECT_EQ(summary_of(plain).purpose, kGenerate);
  EXPECT_TRUE(summary_of(plain).causal);
  EXPECT_EQ(summary_of(plain.U32("llama.pooling_type", 0)).purpose, kGenerate);

  GgufWriter last = GgufWriter::Model();
  EXPECT_EQ(summary_of(last.U32("llama.pooling_type", 3)).purpose, kEmbed);
  EXPECT_EQ(summary_of(last).pooling, GgufSummary::Pooling::kLast);
  GgufWriter encoder = GgufWriter::Model();
  EXPECT_EQ(summary_of(encoder.Bool("llama.attention.causal", false)).purpose, kEmbed);
  EXPECT_EQ(summary_of(encoder).pooling, GgufSummary::Pooling::kMean);
  EXPECT_FALSE(summary_of(encoder).causal);

  GgufWriter ranks = GgufWriter::Model();
  EXPECT_EQ(summary_of(ranks.U32("llama.pooling_type", 4)).purpose, kRank);
  GgufWriter labels = GgufWriter::Model();
  EXPECT_EQ(summary_of(labels.Texts("llama.classifier.output_labels", {"LABEL_0"})).purpose, kRank);
  GgufWriter head = GgufWriter::Model();
  EXPECT_EQ(summary_of(head.Tensor("cls.output.weight", {64}, 0)).purpose, kRank);
  EXPECT_EQ(summary_of(head.U32("llama.pooling_type", 1)).purpose, kEmbed) << "what it says comes first";
}

TEST(GgufCheck, CountsHeadsPerLayer) {
  auto file = GgufWriter::Model();
  file.Remove("llama.attention.head_count_kv").U32s("llama.attention.head_count_kv", {4, 0});
  const auto summary = Check(file.Bytes());
  ASSERT_TRUE(summary) << summary.error().message();
  EXPECT_EQ(summary->kv_values_per_token, 4U * (16 + 16));
}

TEST(GgufCheck, EveryTruncationIsAnErrorWithASentence) {
  const std::vector<std::uint8_t> whole = GgufWriter::Model().Bytes();
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const auto summary = Check({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)});
    ASSERT_FALSE(summary) << "cut at " << length;
    EXPECT_GT(summary.error().message().size(), 10U) << "cut at " << length;
  }
}

TEST(GgufCheck, ACutWithinTheWeightsNamesTensorAndBytes) {
  auto bytes = GgufWriter::Model().Bytes();
  bytes.resize(bytes.size() - 1);
  const auto summary = Check(bytes);
  ASSERT_FALSE(summary);
  EXPECT_THAT(summary.error().message(), HasSubstr("the file ends at byte " + std::to_string(bytes.size())));
  EXPECT_THAT(summary.error().message(), HasSubstr("'output_norm.weight' needs 256 bytes"));
  EXPECT_THAT(summary.error().message(), HasSubstr("the download is incomplete"));
}

// Random damage must never be more than an error; ASan and UBSan see the rest.
TEST(GgufCheck, SurvivesRandomDamage) {
  const std::vector<std::uint8_t> whole = GgufWriter::Model().Bytes();
  for (unsigned seed = 0; seed < 3000; ++seed) {
    std::mt19937 random(seed);
    auto bytes = whole;
    for (unsigned i = 0; i <= seed % 4; ++i)
      bytes[random() % bytes.size()] = static_cast<std::uint8_t>(random());
    const auto summary = Check(bytes);
    if (!summary) {
      EXPECT_FALSE(summary.error().message().empty()) << "seed " << seed;
    }
  }
}

struct Refusal {
  const char* name;
  std::function<void(GgufWriter&)> damage;
  const char* says;
};

void PrintTo(const Refusal& refusal, std::ostream* out) { *out << refusal.name; }

class GgufRefusal : public testing::TestWithParam<Refusal> {};

TEST_P(GgufRefusal, Says) {
  auto file = GgufWriter::Model();
  GetParam().damage(file);
  const auto summary = Check(file.Bytes());
  ASSERT_FALSE(summary);
  EXPECT_THAT(summary.error().message(), HasSubstr(GetParam().says));
}

using File = GgufWriter;
const Refusal kRefusals[] = {
    {"Magic", [](File& f) { f.magic = "GGML"; }, "does not begin with 'GGUF'"},
    {"WebPage", [](File& f) { f.magic = "<!DOCTYPE html>"; }, "it is a web page"},
    {"LfsPointer", [](File& f) { f.magic = "version https://git-lfs.github.com"; }, "Git LFS pointer"},
    {"Version", [](File& f) { f.version = 9; }, "GGUF version 9"},
    {"BigEndian", [](File& f) { f.version = 0x03000000; }, "big-endian"},
    {"TooManyTensors", [](File& f) { f.extra_tensors = 1LL << 40; }, "tensors; at most"},
    {"NegativeKeys", [](File& f) { f.extra_keys = -100; }, "keys; at most"},
    {"MissingTensor", [](File& f) { f.extra_tensors = 1; }, "tensor"},
    {"TwiceTheKey", [](File& f) { f.U32("llama.block_count", 2); }, "'llama.block_count' is there twice"},
    {"WrongType", [](File& f) { f.Remove("llama.context_length").Text("llama.context_length", "128"); },
     "'llama.context_length' is of type string instead of u32"},
    {"WrongArrayType", [](File& f) { f.Remove("tokenizer.ggml.tokens").U32s("tokenizer.ggml.tokens", {1}); },
     "array of u32 instead of array of string"},
    {"WrongSplitType", [](File& f) { f.U32("split.no", 0); }, "'split.no' is of type u32 instead of u16"},
    {"NoArchitecture", [](File& f) { f.Remove("general.architecture"); },
     "'general.architecture' is missing"},
    {"NoLayers", [](File& f) { f.Remove("llama.block_count"); }, "'llama.block_count' is missing"},
    {"ZeroLayers", [](File& f) { f.Remove("llama.block_count").U32("llama.block_count", 0); },
     "is 0; plausible"},
    {"HeadsPerLayer",
     [](File& f) { f.Remove("llama.attention.head_count").U32s("llama.attention.head_count", {1, 2, 3}); },
     "3 items for 2 layers"},
    {"TooManyHeads",
     [](File& f) { f.Remove("llama.attention.head_count").U32("llama.attention.head_count", 65); },
     "is 65; plausible are 0 to 64"},
    {"ExpertsWithoutUse", [](File& f) { f.U32("llama.expert_count", 8); }, "expert_used_count' is missing"},
    {"EndTokenOutside",
     [](File& f) { f.Remove("tokenizer.ggml.eos_token_id").U32("tokenizer.ggml.eos_token_id", 4); },
     "eos_token_id' is 4; plausible are 0 to 3"},
    {"FewTokenTypes", [](File& f) { f.U32s("tokenizer.ggml.token_type", {1}); },
     "array of u32 instead of array of i32"},
    {"Alignment", [](File& f) { f.U32("general.alignment", 24); }, "no power of two"},
    {"Projector", [](File& f) { f.Remove("general.architecture").Text("general.architecture", "clip"); },
     "a projector"},
    {"Adapter", [](File& f) { f.Text("general.type", "adapter"); }, "an adapter"},
    {"TwiceTheTensor", [](File& f) { f.Tensor("token_embd.weight", {32}, 0); },
     "'token_embd.weight' is there twice"},
    {"FiveDims", [](File& f) { f.Tensor("x", {1, 1, 1, 1, 1}, 0); }, "5 dimensions"},
    {"EmptyTensor", [](File& f) { f.Tensor("x", {0}, 0); }, "'x' is empty"},
    {"HugeTensor", [](File& f) { f.Tensor("x", {1ULL << 40, 1ULL << 40}, 0); }, "impossibly many elements"},
    {"UnknownForm", [](File& f) { f.Tensor("x", {32}, 4); }, "form number 4"},
    {"FormOutside", [](File& f) { f.Tensor("x", {32}, 4000); }, "form number 4000"},
    {"BrokenBlock", [](File& f) { f.Tensor("x", {33}, 8); }, "no multiple of 32 as q8_0"},
    {"Overlap", [](File& f) { f.Tensor("x", {32}, 0, 32); }, "at byte 32 of the data instead of"},
    {"LongName", [](File& f) { f.Tensor(std::string(64, 'n'), {32}, 0); }, "64 bytes; at most 63"},
};
INSTANTIATE_TEST_SUITE_P(All, GgufRefusal, testing::ValuesIn(kRefusals),
                         [](const auto& param) { return std::string(param.param.name); });

class GgufOnDisk : public testing::Test {
 protected:
  void SetUp() override {
    dir_ = std::filesystem::temp_directory_path() / ("lares_gguf_" + std::to_string(::getpid()));
    std::filesystem::create_directories(dir_);
  }
  void TearDown() override { std::filesystem::remove_all(dir_); }

  std::string Write(const std::string& name, const std::vector<std::uint8_t>& bytes) {
    const std::string path = dir_ / name;
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    return path;
  }

  std::filesystem::path dir_;
};

TEST_F(GgufOnDisk, MissingAndUnusableFilesSaySo) {
  EXPECT_EQ(CheckGgufFile(dir_ / "none.gguf").error().code(), Code::kNotFound);
  EXPECT_THAT(CheckGgufFile(dir_).error().message(), HasSubstr("is not a file"));
  const auto cut = CheckGgufFile(Write("cut.gguf", {'G', 'G'}));
  EXPECT_EQ(cut.error().code(), Code::kDataLoss);
  EXPECT_THAT(cut.error().message(), HasSubstr("cut.gguf: "));
}

TEST_F(GgufOnDisk, AddsUpAllPartsAndMissesNone) {
  auto first = GgufWriter::Model();
  first.U16("split.no", 0).U16("split.count", 2);
  GgufWriter second;
  second.U16("split.no", 1).U16("split.count", 2).Tensor("blk.0.weight", {32, 2}, 0);
  const std::string path = Write("m-00001-of-00002.gguf", first.Bytes());
  EXPECT_EQ(CheckGgufFile(path).error().code(), Code::kNotFound);

  const std::string other = Write("m-00002-of-00002.gguf", second.Bytes());
  const auto summary = CheckGgufFile(path);
  ASSERT_TRUE(summary) << summary.error().message();
  EXPECT_EQ(summary->tensor_count, 3U);
  EXPECT_EQ(summary->part_count, 2U);
  EXPECT_THAT(CheckGgufFile(other).error().message(), HasSubstr("name the first part"));

  second.Remove("split.no").U16("split.no", 0);
  Write("m-00002-of-00002.gguf", second.Bytes());
  EXPECT_FALSE(CheckGgufFile(path));
}

TEST_F(GgufOnDisk, PassesTheRealModel) {
  const std::string path = TestModelPath();
  if (path.empty()) GTEST_SKIP() << kNoTestModel;
  const auto summary = CheckGgufFile(path);
  ASSERT_TRUE(summary) << summary.error().message();
  EXPECT_EQ(summary->architecture, "llama");
  EXPECT_EQ(summary->vocabulary, 49152U);
  EXPECT_EQ(summary->kv_values_per_token, 30U * 3 * 128);
  EXPECT_EQ(summary->context_length, 8192U);
}

}  // namespace
}  // namespace lares::backend::llama
