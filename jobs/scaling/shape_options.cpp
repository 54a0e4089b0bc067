#include "jobs/scaling/shape_options.hpp"

#include <fmt/format.h>

#include "engine/error.hpp"
#include "jobs/scaling/proportions.hpp"
#include "jobs/suggest.hpp"

namespace flopsieve::jobs {
namespace {

using engine::Error;
using engine::ExitCode;

[[noreturn]] void refuse(const std::string& message) {
  throw Error(ExitCode::bad_input, message);
}

Preset gpt(const char* name, std::int64_t layers, std::int64_t d_model, std::int64_t heads,
           std::int64_t context) {
  Preset preset{name, {}};
  preset.shape.layers = layers;
  preset.shape.d_model = d_model;
  preset.shape.heads = heads;
  preset.shape.vocabulary = 50'257;
  preset.shape.context = context;
  preset.shape.positions = "learned";
  return preset;
}

/// Relative positions, a single embedding of 32,000 entries, RMS norms, none at the end.
Preset gopher(const char* name, std::int64_t d_model, std::int64_t heads) {
  Preset preset = gpt(name, 80, d_model, heads, 2048);
  preset.shape.vocabulary = 32'000;
  preset.shape.positions = "relative";
  preset.shape.norm = "rms";
  preset.shape.final_norm = false;
  return preset;
}

Preset pytorch() {
  Preset preset = gpt("pytorch-default", 6, 512, 8, 1024);
  preset.shape.architecture = "encoder-decoder";
  preset.shape.vocabulary = 0;
  preset.shape.positions = "none";
  return preset;
}

template <class T>
void fill(std::optional<T>& value, const std::optional<T>& otherwise) {
  if (!value) value = otherwise;
}

void fill(std::string& value, const std::string& otherwise) {
  if (value.empty()) value = otherwise;
}

std::int64_t quotient(std::int64_t d_model, std::int64_t divisor, const char* option,
                      const char* other) {
  if (divisor > 0 && d_model % divisor == 0) return d_model / divisor;
  if (divisor <= 0) refuse(fmt::format("{}: a whole number from 1, not {}", option, divisor));
  refuse(
      fmt::format("{}: d_model {} is not divisible by {}; give {} too where their product is not "
                  "d_model",
                  option, d_model, divisor, other));
}

void set_heads(const ShapeOptions& options, Shape& shape) {
  if (options.heads) {
    shape.heads = *options.heads;
    shape.head_size = options.head_size
                          ? *options.head_size
                          : quotient(shape.d_model, shape.heads, "--heads", "--head-size");
  } else if (options.head_size) {
    shape.head_size = *options.head_size;
    shape.heads = quotient(shape.d_model, shape.head_size, "--head-size", "--heads");
  } else {
    refuse("--heads: give the number of attention heads, or --head-size");
  }
  shape.kv_heads = options.kv_heads.value_or(shape.heads);
}

void set_layers(const ShapeOptions& options, Shape& shape) {
  const bool both = shape.architecture == Architecture::encoder_decoder;
  if (!both && (options.encoder_layers || options.decoder_layers)) {
    refuse(fmt::format("{}: only an encoder-decoder has two stacks; give --layers",
                       options.encoder_layers ? "--encoder-layers" : "--decoder-layers"));
  }
  const auto of = [&](const std::optional<std::int64_t>& own) {
    if (own) return *own;
    if (!options.layers) refuse("--layers: give the number of layers, or a --preset");
    return *options.layers;
  };
  if (both || shape.architecture == Architecture::encoder) {
    shape.encoder_layers = of(options.encoder_layers);
  }
  if (shape.architecture != Architecture::encoder) {
    shape.decoder_layers = of(options.decoder_layers);
  }
}

}  // namespace

const std::vector<Preset>& shape_presets() {
  static const std::vector<Preset> presets = {
      gpt("gpt2", 12, 768, 12, 1024),         gpt("gpt2-medium", 24, 1024, 16, 1024),
      gpt("gpt2-large", 36, 1280, 20, 1024),  gpt("gpt2-xl", 48, 1600, 25, 1024),
      gpt("gpt3-175b", 96, 12'288, 96, 2048), gopher("chinchilla-70b", 8192, 64),
      gopher("gopher-280b", 16'384, 128),     pytorch()};
  return presets;
}

ShapeOptions with_preset(const ShapeOptions& options) {
  if (options.preset.empty()) return options;
  std::vector<std::string> names;
  for (const Preset& preset : shape_presets()) {
    names.push_back(preset.name);
    if (preset.name != options.preset) continue;
    ShapeOptions filled = options;
    const ShapeOptions& from = preset.shape;
    fill(filled.architecture, from.architecture);
    for (const auto member : {&ShapeOptions::d_model, &ShapeOptions::heads, &ShapeOptions::kv_heads,
                              &ShapeOptions::head_size, &ShapeOptions::d_ff, &ShapeOptions::layers,
                              &ShapeOptions::encoder_layers, &ShapeOptions::decoder_layers,
                              &ShapeOptions::vocabulary, &ShapeOptions::context}) {
      fill(filled.*member, from.*member);
    }
    fill(filled.positions, from.positions);
    fill(filled.norm, from.norm);
    for (const auto member : {&ShapeOptions::tied, &ShapeOptions::bias, &ShapeOptions::gated,
                              &ShapeOptions::final_norm}) {
      fill(filled.*member, from.*member);
    }
    return filled;
  }
  refuse(fmt::format("--preset: allowed are {}; found \"{}\"{}", fmt::join(names, ", "),
                     options.preset, did_you_mean(options.preset, names)));
}

Shape kind_of_shape(const ShapeOptions& options, Positions positions) {
  Shape shape;
  if (!options.architecture.empty()) shape.architecture = parse_architecture(options.architecture);
  shape.positions = options.positions.empty() ? positions : parse_positions(options.positions);
  if (!options.norm.empty()) shape.norm = parse_norm(options.norm);
  shape.vocabulary = options.vocabulary.value_or(shape.vocabulary);
  shape.context = options.context.value_or(shape.context);
  shape.tied = options.tied.value_or(shape.tied);
  shape.bias = options.bias.value_or(shape.bias);
  shape.gated = options.gated.value_or(shape.gated);
  shape.final_norm = options.final_norm.value_or(shape.final_norm);
  return shape;
}

Shape shape_of(const ShapeOptions& given) {
  const ShapeOptions options = with_preset(given);
  Shape shape = kind_of_shape(options, Positions::learned);
  if (!options.d_model) refuse("--d-model: give the width of the model, or a --preset");
  if (!options.vocabulary) refuse("--vocabulary: give its entries, or 0 for no embedding");
  shape.d_model = *options.d_model;
  check_size("--d-model", shape.d_model, 1, shape_limits::d_model);
  set_heads(options, shape);
  set_layers(options, shape);
  shape.d_ff = options.d_ff.value_or(default_d_ff(shape.d_model, shape.gated));
  check_shape(shape);
  return shape;
}

}  // namespace flopsieve::jobs
