#include "jobs/scaling/shape_options.hpp"

#include <catch2/catch.hpp>
#include <map>

#include "engine/error.hpp"
#include "jobs/scaling/shape_count.hpp"

using Catch::Matchers::StartsWith;
using flopsieve::engine::Error;
using namespace flopsieve::jobs;

namespace {

std::int64_t total(const ShapeOptions& options) {
  return count_parameters(shape_of(options)).total();
}

ShapeOptions preset(const std::string& name) {
  ShapeOptions options;
  options.preset = name;
  return options;
}

ShapeOptions small() {
  ShapeOptions options;
  options.d_model = 24;
  options.heads = 4;
  options.layers = 2;
  options.vocabulary = 10;
  return options;
}

template <class Change>
std::string message_of(const Change& change, ShapeOptions options = small()) {
  change(options);
  try {
    shape_of(options);
  } catch (const Error& error) {
    CHECK(error.code() == flopsieve::engine::ExitCode::bad_input);
    return error.what();
  }
  return "none";
}

}  // namespace

TEST_CASE("presets have the parameters of the models they are called after") {
  // GPT-2: what the published weights have (the paper's own 117M, 345M, 762M, 1542M are wrong);
  // pytorch-default: sum of the sizes of nn.Transformer().parameters().
  const std::map<std::string, std::int64_t> totals = {
      {"gpt2", 124'439'808},          {"gpt2-medium", 354'823'168},
      {"gpt2-large", 774'030'080},    {"gpt2-xl", 1'557'611'200},
      {"gpt3-175b", 174'604'259'328}, {"chinchilla-70b", 70'062'571'520},
      {"pytorch-default", 44'140'544}};
  for (const Preset& each : shape_presets()) {
    INFO(each.name);
    if (totals.count(each.name) > 0) CHECK(total(preset(each.name)) == totals.at(each.name));
  }
  CHECK(static_cast<double>(total(preset("chinchilla-70b"))) == Approx(70e9).epsilon(2e-3));
  CHECK(static_cast<double>(total(preset("gopher-280b"))) == Approx(280e9).epsilon(2e-3));
  CHECK(shape_presets().size() == totals.size() + 1);
}

TEST_CASE("parameters of GPT-2 without embeddings") {
  for (const auto& [name, parameters] : {std::pair<const char*, std::int64_t>{"gpt2", 85'056'000},
                                         {"gpt2-medium", 302'311'424},
                                         {"gpt2-large", 708'390'400},
                                         {"gpt2-xl", 1'475'561'600}}) {
    CHECK(count_parameters(shape_of(preset(name))).non_embedding() == parameters);
  }
}

TEST_CASE("options change a preset") {
  ShapeOptions options = preset("gpt2");
  options.bias = false;
  CHECK(total(options) == 124'337'664);  // nanoGPT with bias=False
  options = preset("gpt2");
  options.tied = false;
  CHECK(total(options) == 124'439'808 + 50'257 * 768);
  options = preset("gpt2");
  options.d_model = 1024;
  options.heads = 16;
  options.layers = 24;
  CHECK(total(options) == 354'823'168);
}

TEST_CASE("what options leave open follows from the others") {
  const Shape shape = shape_of(small());
  CHECK(shape.head_size == 6);
  CHECK(shape.kv_heads == 4);
  CHECK(shape.d_ff == 96);
  CHECK(shape.encoder_layers == 0);
  CHECK(shape.decoder_layers == 2);
  CHECK(shape.positions == Positions::learned);
  CHECK((shape.tied && shape.bias && shape.final_norm && !shape.gated));

  ShapeOptions options = small();
  options.heads = {};
  options.head_size = 8;
  CHECK(shape_of(options).heads == 3);
  options.heads = 7;
  CHECK(shape_of(options).attention_width() == 56);
  options.gated = true;
  CHECK(shape_of(options).d_ff == 64);
  options.architecture = "encoder-decoder";
  options.decoder_layers = 5;
  CHECK(shape_of(options).encoder_layers == 2);
  CHECK(shape_of(options).decoder_layers == 5);
  options = small();
  options.architecture = "encoder";
  CHECK(shape_of(options).encoder_layers == 2);
  CHECK(shape_of(options).decoder_layers == 0);
}

TEST_CASE("what is no shape is refused with the option") {
  using Options = ShapeOptions;
  CHECK_THAT(message_of([](Options& o) { o.heads = 5; }),
             StartsWith("--heads: d_model 24 is not divisible by 5"));
  CHECK_THAT(message_of([](Options& o) {
               o.heads = {};
               o.head_size = 7;
             }),
             StartsWith("--head-size: d_model 24 is not divisible by 7"));
  CHECK_THAT(message_of([](Options& o) { o.kv_heads = 3; }),
             StartsWith("--kv-heads: 3 does not divide the 4 heads"));
  CHECK_THAT(message_of([](Options& o) { o.heads = 0; }), StartsWith("--heads: "));
  CHECK_THAT(message_of([](Options& o) { o.heads = {}; }), StartsWith("--heads: give"));
  CHECK_THAT(message_of([](Options& o) { o.layers = {}; }), StartsWith("--layers: give"));
  CHECK_THAT(message_of([](Options& o) { o.vocabulary = {}; }), StartsWith("--vocabulary: give"));
  CHECK_THAT(message_of([](Options& o) { o.d_model = {}; }), StartsWith("--d-model: give"));
  CHECK_THAT(message_of([](Options& o) { o.encoder_layers = 2; }),
             StartsWith("--encoder-layers: only"));
  CHECK_THAT(message_of([](Options& o) { o.positions = "rotari"; }),
             StartsWith("--positions: allowed are learned"));
  CHECK_THAT(message_of([](Options& o) { o.norm = "batch"; }), StartsWith("--norm: allowed"));
  CHECK_THAT(message_of([](Options& o) { o.preset = "gpt4"; }), StartsWith("--preset: allowed"));
  CHECK_THAT(message_of([](Options& o) {
               o.positions = "rotary";
               o.head_size = 5;
             }),
             StartsWith("--head-size: rotary"));
  CHECK_THAT(message_of([](Options& o) {
               o.heads = 60'000;
               o.head_size = 60'000;
             }),
             StartsWith("--heads: 60000 heads of 60000"));
  for (const auto member : {&Options::d_model, &Options::kv_heads, &Options::head_size,
                            &Options::d_ff, &Options::layers, &Options::context}) {
    for (const std::int64_t bad : {std::int64_t{0}, std::int64_t{-3}, INT64_MAX, INT64_MIN}) {
      CHECK_THAT(message_of([&](Options& o) { o.*member = bad; }), StartsWith("--"));
    }
  }
  CHECK_THAT(message_of([](Options& o) { o.vocabulary = -1; }), StartsWith("--vocabulary: "));
  CHECK(message_of([](Options& o) { o.vocabulary = 0; }) == "none");
}
