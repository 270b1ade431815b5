// SPDX-License-Identifier: Apache-2.0
//
// Attention row by row (tools/llama/patches, 9): right for every kind of head, cache and mask, and the same
// to the last bit whatever the number of threads and of other rows.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <ggml-cpu.h>
#include <ggml.h>
#include <gtest/gtest.h>

namespace lares::backend::llama {
namespace {

struct Shape {
  std::string name;
  std::int64_t key_size = 64;
  std::int64_t value_size = 64;
  std::int64_t heads = 9;
  std::int64_t kv_heads = 3;
  std::int64_t keys = 256;
  std::int64_t queries = 1;
  std::int64_t streams = 3;
  ggml_type cache = GGML_TYPE_F16;
  float max_bias = 0;  // of ALiBi
  float softcap = 0;
  bool sinks = false;
  std::int64_t window = 0;  // keys that a query sees, 0: all before it

  [[nodiscard]] float Scale() const { return 1.0F / std::sqrt(static_cast<float>(key_size)); }
};

struct ContextDeleter {
  void operator()(ggml_context* p) const { ggml_free(p); }
};

std::vector<float> Noise(std::int64_t count, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> out(static_cast<std::size_t>(count));
  std::ranges::generate(out, [&] { return normal(random); });
  return out;
}

// The tensors of one attention with values of their own, and what they hold as numbers.
class Attention {
 public:
  explicit Attention(const Shape& shape) : s_(shape) {
    context_.reset(ggml_init({.mem_size = std::size_t{64} << 20, .mem_buffer = nullptr, .no_alloc = false}));
    q_ = ggml_new_tensor_4d(context_.get(), GGML_TYPE_F32, s_.key_size, s_.queries, s_.heads, s_.streams);
    k_ = Cache(s_.key_size, 1, keys_);
    v_ = Cache(s_.value_size, 2, values_);
    queries_ = Noise(ggml_nelements(q_), 3);
    std::ranges::copy(queries_, ggml_get_data_f32(q_));
    mask_ = ggml_new_tensor_4d(context_.get(), GGML_TYPE_F16, s_.keys, s_.queries, 1, s_.streams);
    for (std::int64_t i = 0; i < ggml_nelements(mask_); ++i) {
      const std::int64_t key = i % s_.keys;
      const std::int64_t query = i / s_.keys % s_.queries;
      const std::int64_t stream = i / s_.keys / s_.queries;
      static_cast<ggml_fp16_t*>(mask_->data)[i] = ggml_fp32_to_fp16(MaskOf(key, query, stream));
    }
    if (s_.sinks) {
      sinks_ = ggml_new_tensor_1d(context_.get(), GGML_TYPE_F32, s_.heads);
      std::ranges::copy(Noise(s_.heads, 4), ggml_get_data_f32(sinks_));
    }
  }

  // Of all rows: [stream][query][head][value_size]. By themselves, or in tiles.
  std::vector<float> Compute(int threads, int rows) {
    ggml_tensor* out =
        ggml_flash_attn_ext(context_.get(), q_, k_, v_, mask_, s_.Scale(), s_.max_bias, s_.softcap);
    ggml_prec_set_acc(out, GGML_PREC_F32);
    ggml_flash_attn_ext_set_rows(out, rows);
    if (sinks_ != nullptr) ggml_flash_attn_ext_add_sinks(out, sinks_);
    ggml_cgraph* graph = ggml_new_graph(context_.get());
    ggml_build_forward_expand(graph, out);
    EXPECT_EQ(ggml_graph_compute_with_ctx(context_.get(), graph, threads), GGML_STATUS_SUCCESS);
    const float* data = ggml_get_data_f32(out);
    return {data, data + ggml_nelements(out)};
  }

  // The same, by the formula.
  [[nodiscard]] std::vector<double> Expected() const {
    std::vector<double> out;
    for (std::int64_t stream = 0; stream < s_.streams; ++stream) {
      for (std::int64_t query = 0; query < s_.queries; ++query) {
        for (std::int64_t head = 0; head < s_.heads; ++head) {
          std::ranges::copy(Row(stream, query, head), std::back_inserter(out));
        }
      }
    }
    return out;
  }

 private:
  // A tensor as a model's cache lies: all heads of one key side by side.
  ggml_tensor* Cache(std::int64_t size, std::uint32_t seed, std::vector<float>& values) {
    ggml_tensor* all = ggml_new_tensor_4d(context_.get(), s_.cache, size, s_.kv_heads, s_.keys, s_.streams);
    values = Noise(ggml_nelements(all), seed);
    const ggml_type_traits_cpu* traits = ggml_get_type_traits_cpu(s_.cache);
    if (s_.cache == GGML_TYPE_F32) {
      std::ranges::copy(values, ggml_get_data_f32(all));
    } else {
      traits->from_float(values.data(), all->data, ggml_nelements(all));
      ggml_get_type_traits(s_.cache)->to_float(all->data, values.data(), ggml_nelements(all));
    }
    return ggml_permute(context_.get(), all, 0, 2, 1, 3);
  }

  // The last stream sees nothing but its first three keys, the others all before them but a hole.
  [[nodiscard]] float MaskOf(std::int64_t key, std::int64_t query, std::int64_t stream) const {
    const std::int64_t last = stream == s_.streams - 1 ? 2 : s_.keys - 20 - 30 * stream + query;
    const bool seen = key <= last && (s_.window == 0 || key > last - s_.window) && (key < 5 || key > 7);
    if (!seen) return -INFINITY;
    return s_.max_bias > 0 ? static_cast<float>(key - last) : 0.0F;
  }

  [[nodiscard]] double Slope(std::int64_t head) const {
    if (s_.max_bias == 0) return 1;
    const auto power =
        static_cast<double>(std::int64_t{1} << static_cast<int>(std::floor(std::log2(s_.heads))));
    const auto h = static_cast<double>(head);
    return h < power ? std::exp2(-s_.max_bias / power * (h + 1))
                     : std::exp2(-s_.max_bias / 2 / power * (2 * (h - power) + 1));
  }

  [[nodiscard]] const float* Cached(const std::vector<float>& values, std::int64_t size, std::int64_t stream,
                                    std::int64_t key, std::int64_t head) const {
    const std::int64_t kv_head = head / (s_.heads / s_.kv_heads);
    return values.data() + ((stream * s_.keys + key) * s_.kv_heads + kv_head) * size;
  }

  [[nodiscard]] double Score(std::int64_t stream, std::int64_t query, std::int64_t head,
                             std::int64_t key) const {
    const float* q = queries_.data() + ((stream * s_.heads + head) * s_.queries + query) * s_.key_size;
    const float* k = Cached(keys_, s_.key_size, stream, key, head);
    double dot = 0;
    for (std::int64_t d = 0; d < s_.key_size; ++d) dot += static_cast<double>(q[d]) * k[d];
    dot *= s_.Scale();
    if (s_.softcap > 0) dot = s_.softcap * std::tanh(dot / s_.softcap);
    return dot + Slope(head) * MaskOf(key, query, stream);
  }

  [[nodiscard]] std::vector<double> Row(std::int64_t stream, std::int64_t query, std::int64_t head) const {
    std::vector<double> sum(static_cast<std::size_t>(s_.value_size));
    double weights = sinks_ == nullptr ? 0 : std::exp(static_cast<double>(ggml_get_data_f32(sinks_)[head]));
    for (std::int64_t key = 0; key < s_.keys; ++key) {
      const double weight = std::exp(Score(stream, query, head, key));
      const float* v = Cached(values_, s_.value_size, stream, key, head);
      for (std::size_t d = 0; d < sum.size(); ++d) sum[d] += weight * v[d];
      weights += weight;
    }
    for (double& x : sum) x = weights == 0 ? 0 : x / weights;
    return sum;
  }

  Shape s_;
  std::unique_ptr<ggml_context, ContextDeleter> context_;
  ggml_tensor* q_ = nullptr;
  ggml_tensor* k_ = nullptr;
  ggml_tensor* v_ = nullptr;
  ggml_tensor* mask_ = nullptr;
  ggml_tensor* sinks_ = nullptr;
  std::vector<float> queries_;
  std::vector<float> keys_;
  std::vector<float> values_;
};

constexpr int kByItself = 1;

class AttentionRows : public testing::TestWithParam<Shape> {};

TEST_P(AttentionRows, AreWhatTheFormulaSays) {
  Attention attention(GetParam());
  const std::vector<float> got = attention.Compute(2, kByItself);
  const std::vector<double> expected = attention.Expected();
  ASSERT_EQ(got.size(), expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], expected[i], 2e-5) << i;
}

// With one thread the rows are many, and each thread takes whole ones; with 16 they are few, and their keys
// are shared out.
TEST_P(AttentionRows, AreTheSameWithAnyNumberOfThreads) {
  Attention attention(GetParam());
  const std::vector<float> alone = attention.Compute(1, kByItself);
  for (const int threads : {2, 3, 16}) EXPECT_EQ(attention.Compute(threads, kByItself), alone) << threads;
}

INSTANTIATE_TEST_SUITE_P(
    All, AttentionRows,
    testing::Values(
        Shape{.name = "GroupedHeads"}, Shape{.name = "LongContext", .keys = 1300},
        Shape{.name = "ManyQueries", .keys = 600, .queries = 5},
        Shape{.name = "OneKvHead", .heads = 20, .kv_heads = 1},
        Shape{.name = "AHeadEach", .heads = 4, .kv_heads = 4},
        Shape{.name = "SizesNoVectorFits", .key_size = 40, .value_size = 72},
        Shape{.name = "KeysWiderThanValues", .key_size = 576, .value_size = 512, .heads = 4, .kv_heads = 1},
        Shape{.name = "Q8Cache", .cache = GGML_TYPE_Q8_0}, Shape{.name = "Q4Cache", .cache = GGML_TYPE_Q4_0},
        Shape{.name = "F32Cache", .cache = GGML_TYPE_F32}, Shape{.name = "Alibi", .max_bias = 8},
        Shape{.name = "Softcap", .softcap = 3}, Shape{.name = "Sinks", .sinks = true},
        Shape{.name = "Window", .keys = 700, .window = 100}, Shape{.name = "KeysOfNoWholeTile", .keys = 77}),
    [](const auto& shape) { return shape.param.name; });

// What a row gets hangs on its own query and keys alone: a stream among others has what it has by itself.
TEST(AttentionRowsTogether, AreWhatEachIsAlone) {
  const Shape shape{.name = "", .keys = 600, .streams = 2};
  Shape many = shape;
  many.queries = 7;
  // The seeds give the first stream of both the same keys and values; its first query comes first in each
  // head.
  Attention alone(shape);
  Attention together(many);
  const std::vector<float> one = alone.Compute(2, kByItself);
  const std::vector<float> all = together.Compute(2, kByItself);
  const auto head = static_cast<std::ptrdiff_t>(shape.value_size);
  EXPECT_TRUE(std::equal(one.begin(), one.begin() + head, all.begin()));
}

}  // namespace
}  // namespace lares::backend::llama
