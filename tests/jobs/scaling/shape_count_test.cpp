#include "jobs/scaling/shape_count.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <numeric>
#include <string>
#include <vector>

using namespace flopsieve::jobs;

namespace {

Shape decoder_only(std::int64_t layers, std::int64_t d_model, std::int64_t heads,
                   std::int64_t head_size, std::int64_t d_ff) {
  Shape shape;
  shape.decoder_layers = layers;
  shape.d_model = d_model;
  shape.heads = shape.kv_heads = heads;
  shape.head_size = head_size;
  shape.d_ff = d_ff;
  return shape;
}

/// Every tensor of a shape with its dimensions, module by module as a library would create them.
class Tensors {
 public:
  explicit Tensors(const Shape& shape) : shape_{shape} {
    const std::int64_t d = shape.d_model;
    if (shape.vocabulary > 0) tensor("embedding", {shape.vocabulary, d});
    for (const bool encoder : {true, false}) stack(encoder);
    if (shape.vocabulary > 0 && !shape.tied) tensor("head", {d, shape.vocabulary});
  }

  std::int64_t sum(const std::string& part) const {
    std::int64_t result = 0;
    for (const auto& dimensions : of(part)) {
      result += std::accumulate(dimensions.begin(), dimensions.end(), std::int64_t{1},
                                std::multiplies<>());
    }
    return result;
  }

 private:
  using Dimensions = std::vector<std::int64_t>;

  std::vector<Dimensions> of(const std::string& part) const {
    const auto found = tensors_.find(part);
    return found == tensors_.end() ? std::vector<Dimensions>{} : found->second;
  }

  void tensor(const std::string& part, const Dimensions& dimensions) {
    tensors_[part].push_back(dimensions);
  }

  void linear(const std::string& part, std::int64_t in, std::int64_t out, bool bias) {
    tensor(part, {out, in});
    if (bias) tensor(part, {out});
  }

  void norm() {
    tensor("norms", {shape_.d_model});
    if (shape_.norm == Norm::layer && shape_.bias) tensor("norms", {shape_.d_model});
  }

  void attention(const std::string& part, bool relative) {
    const std::int64_t d = shape_.d_model;
    for (int head = 0; head < shape_.heads; ++head) linear(part, d, shape_.head_size, shape_.bias);
    for (int head = 0; head < shape_.kv_heads; ++head) {
      linear(part, d, shape_.head_size, shape_.bias);
      linear(part, d, shape_.head_size, shape_.bias);
    }
    if (relative) {
      for (int head = 0; head < shape_.heads; ++head)
        linear(part, d, shape_.head_size, shape_.bias);
    }
    linear(part, shape_.heads * shape_.head_size, d, shape_.bias && !relative);
  }

  void layer(bool across) {
    const std::int64_t d = shape_.d_model;
    norm();
    attention("attention", shape_.positions == Positions::relative);
    if (across) {
      norm();
      attention("cross-attention", false);
    }
    norm();
    linear("feed-forward", d, shape_.d_ff, shape_.bias);
    if (shape_.gated) linear("feed-forward", d, shape_.d_ff, shape_.bias);
    linear("feed-forward", shape_.d_ff, d, shape_.bias);
  }

  void stack(bool encoder) {
    const std::int64_t layers = encoder ? shape_.encoder_layers : shape_.decoder_layers;
    if (layers == 0) return;
    if (shape_.positions == Positions::learned) {
      tensor("positions", {shape_.context, shape_.d_model});
    }
    for (std::int64_t i = 0; i < layers; ++i) layer(!encoder && shape_.attends_across());
    if (shape_.final_norm) norm();
  }

  Shape shape_;
  std::map<std::string, std::vector<Dimensions>> tensors_;
};

/// All kinds of shapes, with sizes that have nothing in common.
std::vector<Shape> all_kinds() {
  std::vector<Shape> shapes;
  for (const auto architecture : {Architecture::decoder_only, Architecture::encoder,
                                  Architecture::decoder, Architecture::encoder_decoder}) {
    for (const auto positions : {Positions::learned, Positions::sinusoidal, Positions::relative,
                                 Positions::rotary, Positions::none}) {
      for (int bits = 0; bits < 64; ++bits) {
        Shape shape = decoder_only(5, 22, 6, 14, 31);
        const bool both = architecture == Architecture::encoder_decoder;
        if (architecture == Architecture::encoder) shape.decoder_layers = 0;
        if (both || architecture == Architecture::encoder) shape.encoder_layers = 3;
        shape.architecture = architecture;
        shape.positions = positions;
        shape.context = 13;
        shape.norm = bits & 1 ? Norm::rms : Norm::layer;
        shape.tied = bits & 2;
        shape.bias = bits & 4;
        shape.gated = bits & 8;
        shape.final_norm = bits & 16;
        shape.vocabulary = bits & 32 ? 101 : 0;
        shape.kv_heads = bits % 3 == 0 ? 2 : 6;
        shapes.push_back(shape);
      }
    }
  }
  return shapes;
}

struct Product {
  double rows, inner, columns;
};

double flop(const std::vector<Product>& products) {
  double sum = 0.0;
  for (const Product& p : products) sum += 2.0 * p.rows * p.inner * p.columns;
  return sum;
}

/// Appendix F of Hoffmann et al. as the matrix products of a whole sequence, one head at a time.
double attention_flop(const Shape& shape, double s) {
  const auto d = static_cast<double>(shape.d_model);
  const auto size = static_cast<double>(shape.head_size);
  double sum = 0.0;
  for (int head = 0; head < shape.heads; ++head) {
    sum += flop({{s, d, size}, {s, size, s}, {s, s, size}, {s, size, d}}) + 3.0 * s * s;
  }
  for (int head = 0; head < 2 * shape.kv_heads; ++head) sum += flop({{s, d, size}});
  return sum;
}

double forward_flop(const Shape& shape) {
  const auto s = static_cast<double>(shape.context);
  const auto d = static_cast<double>(shape.d_model);
  const auto inner = static_cast<double>(shape.d_ff);
  const auto entries = static_cast<double>(shape.vocabulary);
  const bool both = shape.architecture == Architecture::encoder_decoder;
  double sum = flop({{s, entries, d}, {s, d, entries}}) + (both ? flop({{s, entries, d}}) : 0.0);
  for (std::int64_t i = 0; i < shape.encoder_layers + shape.decoder_layers; ++i) {
    sum += attention_flop(shape, s) + flop({{s, d, inner}, {s, inner, d}});
    if (shape.gated) sum += flop({{s, d, inner}});
    if (i < shape.decoder_layers && shape.attends_across()) sum += attention_flop(shape, s);
  }
  return sum / s;
}

}  // namespace

TEST_CASE("counts are those of a list of all tensors, for every kind of shape") {
  for (const Shape& shape : all_kinds()) {
    INFO(shape_words(shape) << "; " << kind_words(shape));
    check_shape(shape);
    const ParameterCount count = count_parameters(shape);
    const Tensors tensors(shape);
    CHECK(count.token_embedding == tensors.sum("embedding"));
    CHECK(count.positions == tensors.sum("positions"));
    CHECK(count.attention == tensors.sum("attention"));
    CHECK(count.cross_attention == tensors.sum("cross-attention"));
    CHECK(count.feed_forward == tensors.sum("feed-forward"));
    CHECK(count.norms == tensors.sum("norms"));
    CHECK(count.output_head == tensors.sum("head"));
    CHECK(count.non_embedding() == count.total() - tensors.sum("embedding") - tensors.sum("head") -
                                       tensors.sum("positions"));
    Shape deeper = shape;
    if (shape.encoder_layers > 0) ++deeper.encoder_layers;
    CHECK(count_parameters(deeper).total() == count.total() + count.encoder_layer);
    if (shape.decoder_layers > 0) ++deeper.decoder_layers;
    CHECK(count_parameters(deeper).total() ==
          count.total() + count.encoder_layer + count.decoder_layer);
  }
}

TEST_CASE("FLOP are those of a list of all matrix products, for every kind of shape") {
  for (const Shape& shape : all_kinds()) {
    INFO(shape_words(shape) << "; " << kind_words(shape));
    CHECK(count_flop(shape).forward() == Approx(forward_flop(shape)).epsilon(1e-12));
  }
}

TEST_CASE("layers have the parameters of torch's nn.TransformerEncoderLayer and DecoderLayer") {
  struct Row {
    std::int64_t d_model, d_ff, encoder, decoder;
  };
  for (const Row& row : {Row{512, 2048, 3'152'384, 4'204'032}, Row{768, 3072, 7'087'872, 9'451'776},
                         Row{1024, 4096, 12'596'224, 16'796'672}}) {
    Shape shape = decoder_only(1, row.d_model, 8, row.d_model / 8, row.d_ff);
    shape.encoder_layers = 1;
    shape.architecture = Architecture::encoder_decoder;
    CHECK(count_parameters(shape).encoder_layer == row.encoder);
    CHECK(count_parameters(shape).decoder_layer == row.decoder);
  }
}

TEST_CASE("the transformers of Vaswani et al. 2017, with one embedding of 37,000") {
  // Their Table 3: 65 and 213 million.
  for (const auto& [d_model, total] : {std::pair{512, 63'082'496}, {1024, 214'245'376}}) {
    Shape shape = decoder_only(6, d_model, d_model / 64, 64, 4 * d_model);
    shape.encoder_layers = 6;
    shape.architecture = Architecture::encoder_decoder;
    shape.positions = Positions::sinusoidal;
    shape.vocabulary = 37'000;
    shape.final_norm = false;
    CHECK(count_parameters(shape).total() == total);
  }
}

namespace {

/// Millions of parameters, d_model, d_ff, head size, heads, layers.
struct HoffmannRow {
  std::int64_t millions, d_model, d_ff, head_size, heads, layers;
};

Shape hoffmann(const HoffmannRow& row) {
  Shape shape = decoder_only(row.layers, row.d_model, row.heads, row.head_size, row.d_ff);
  shape.positions = Positions::relative;
  shape.norm = Norm::rms;
  shape.final_norm = false;
  shape.vocabulary = 32'000;
  shape.context = 2048;
  return shape;
}

}  // namespace

TEST_CASE("all models of Table A9 of Hoffmann et al. but one to the printed million") {
  const std::vector<HoffmannRow> table = {
      {44, 512, 2048, 64, 8, 8},         {57, 576, 2304, 64, 9, 9},
      {74, 640, 2560, 64, 10, 10},       {90, 640, 2560, 64, 10, 13},
      {106, 640, 2560, 64, 10, 16},      {117, 768, 3072, 64, 12, 12},
      {140, 768, 3072, 64, 12, 15},      {163, 768, 3072, 64, 12, 18},
      {175, 896, 3584, 64, 14, 14},      {196, 896, 3584, 64, 14, 16},
      {217, 896, 3584, 64, 14, 18},      {251, 1024, 4096, 64, 16, 16},
      {278, 1024, 4096, 64, 16, 18},     {306, 1024, 4096, 64, 16, 20},
      {425, 1280, 5120, 128, 10, 18},    {489, 1280, 5120, 128, 10, 21},
      {509, 1408, 5632, 128, 11, 18},    {552, 1280, 5120, 128, 10, 24},
      {587, 1408, 5632, 128, 11, 21},    {632, 1536, 6144, 128, 12, 19},
      {664, 1408, 5632, 128, 11, 24},    {724, 1536, 6144, 128, 12, 22},
      {816, 1536, 6144, 128, 12, 25},    {893, 1792, 7168, 128, 14, 20},
      {1018, 1792, 7168, 128, 14, 23},   {1143, 1792, 7168, 128, 14, 26},
      {1266, 2048, 8192, 128, 16, 22},   {1424, 2176, 8704, 128, 17, 22},
      {1429, 2048, 8192, 128, 16, 25},   {1593, 2048, 8192, 128, 16, 28},
      {1609, 2176, 8704, 128, 17, 25},   {1731, 2304, 9216, 128, 18, 24},
      {1794, 2176, 8704, 128, 17, 28},   {2007, 2304, 9216, 128, 18, 28},
      {2283, 2304, 9216, 128, 18, 32},   {2298, 2560, 10240, 128, 20, 26},
      {2639, 2560, 10240, 128, 20, 30},  {2980, 2560, 10240, 128, 20, 34},
      {3530, 2688, 10752, 128, 22, 36},  {3802, 2816, 11264, 128, 22, 36},
      {4084, 2944, 11776, 128, 22, 36},  {4516, 3072, 12288, 128, 24, 36},
      {6796, 3584, 14336, 128, 28, 40},  {9293, 4096, 16384, 128, 32, 42},
      {11452, 4352, 17408, 128, 32, 47}, {12295, 4608, 18432, 128, 36, 44},
      {12569, 4608, 18432, 128, 32, 47}, {13735, 4864, 19456, 128, 32, 47},
      {14940, 4992, 19968, 128, 32, 49}, {16183, 5120, 20480, 128, 40, 47}};
  REQUIRE(table.size() == 50);
  for (const HoffmannRow& row : table) {
    const double millions = static_cast<double>(count_parameters(hoffmann(row)).total()) / 1e6;
    INFO(millions);
    if (row.millions == 13'735) {
      CHECK(millions == Approx(13'735.505).margin(5e-4));
    } else {
      CHECK(std::llround(millions) == row.millions);
    }
  }
}

TEST_CASE("the Gopher family by the same rule") {
  // Rae et al. 2021 (arXiv 2112.11446), Table 1: 44M, 117M, 417M, 1.4B, 7.1B and 280B.
  struct Row {
    HoffmannRow shape;
    double name, unit;
  };
  for (const auto& [row, name, unit] :
       {Row{{0, 512, 2048, 32, 16, 8}, 44.0, 1e6}, Row{{0, 768, 3072, 64, 12, 12}, 117.0, 1e6},
        Row{{0, 1536, 6144, 128, 12, 12}, 417.0, 1e6}, Row{{0, 2048, 8192, 128, 16, 24}, 14.0, 1e8},
        Row{{0, 4096, 16384, 128, 32, 32}, 71.0, 1e8},
        Row{{0, 16384, 65536, 128, 128, 80}, 280.0, 1e9}}) {
    const ParameterCount count = count_parameters(hoffmann(row));
    CHECK(std::round(static_cast<double>(count.total()) / unit) == name);
    const std::int64_t d = row.d_model;
    CHECK(count.total() == row.layers * (13 * d * d + 11 * d) + 32'000 * d);
  }
}

TEST_CASE("ratios to 6 N of Table A4 of Hoffmann et al. come without embedding and output logits") {
  struct Row {
    HoffmannRow shape;
    double ratio;
  };
  double largest_error_with_all = 0.0;
  for (const Row& row :
       {Row{{73, 640, 2560, 64, 10, 10}, 1.03}, Row{{305, 1024, 4096, 64, 16, 20}, 1.10},
        Row{{552, 1280, 5120, 128, 10, 24}, 1.08}, Row{{1100, 1792, 7168, 128, 14, 26}, 1.04},
        Row{{1600, 2048, 8192, 128, 16, 28}, 1.03}, Row{{6800, 3584, 14336, 128, 28, 40}, 0.99}}) {
    const Shape shape = hoffmann(row.shape);
    const FlopCount count = count_flop(shape);
    const double six_n = 6.0 * static_cast<double>(count_parameters(shape).total());
    INFO(row.shape.millions);
    CHECK(std::abs(training_per_forward * count.layers() / six_n - row.ratio) <= 0.005);
    largest_error_with_all =
        std::max(largest_error_with_all,
                 std::abs(training_per_forward * count.forward() / six_n - row.ratio));
  }
  CHECK(largest_error_with_all > 0.5);
}

TEST_CASE("the largest shape does not overflow") {
  Shape shape = decoder_only(shape_limits::layers, shape_limits::d_model, 62,
                             shape_limits::attention_width / 62, shape_limits::d_ff);
  shape.encoder_layers = shape_limits::layers;
  shape.architecture = Architecture::encoder_decoder;
  shape.vocabulary = shape_limits::vocabulary;
  shape.context = shape_limits::context;
  shape.gated = true;
  shape.tied = false;
  for (const auto positions : {Positions::learned, Positions::relative}) {
    shape.positions = positions;
    check_shape(shape);
    const ParameterCount count = count_parameters(shape);
    const double layers =
        static_cast<double>(shape_limits::layers) *
        (static_cast<double>(count.encoder_layer) + static_cast<double>(count.decoder_layer));
    CHECK(static_cast<double>(count.non_embedding()) == Approx(layers).epsilon(1e-6));
    CHECK(layers < 2e18);
    CHECK(count.total() > count.non_embedding());
  }
}
