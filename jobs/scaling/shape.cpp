#include "jobs/scaling/shape.hpp"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "engine/error.hpp"
#include "jobs/suggest.hpp"
#include "jobs/text_table.hpp"

namespace flopsieve::jobs {
namespace {

using engine::Error;
using engine::ExitCode;

template <class Enum>
Enum parse_word(const char* option, const std::string& word, std::initializer_list<Enum> allowed) {
  std::vector<std::string> names;
  for (const Enum each : allowed) {
    names.emplace_back(to_string(each));
    if (names.back() == word) return each;
  }
  throw Error(ExitCode::bad_input,
              fmt::format("{}: allowed are {}; found \"{}\"{}", option, fmt::join(names, ", "),
                          word, did_you_mean(word, names)));
}

void check_layers(const Shape& shape) {
  const bool both = shape.architecture == Architecture::encoder_decoder;
  if (both || shape.architecture == Architecture::encoder) {
    check_size(both ? "--encoder-layers" : "--layers", shape.encoder_layers, 1,
               shape_limits::layers);
  }
  if (both || shape.architecture != Architecture::encoder) {
    check_size(both ? "--decoder-layers" : "--layers", shape.decoder_layers, 1,
               shape_limits::layers);
  }
}

std::string count(std::int64_t number) {
  return grouped(static_cast<unsigned long long>(number));
}

}  // namespace

std::string_view to_string(Architecture architecture) {
  switch (architecture) {
    case Architecture::encoder:
      return "encoder";
    case Architecture::decoder:
      return "decoder";
    case Architecture::encoder_decoder:
      return "encoder-decoder";
    case Architecture::decoder_only:
      break;
  }
  return "decoder-only";
}

std::string_view to_string(Positions positions) {
  switch (positions) {
    case Positions::sinusoidal:
      return "sinusoidal";
    case Positions::relative:
      return "relative";
    case Positions::rotary:
      return "rotary";
    case Positions::none:
      return "none";
    case Positions::learned:
      break;
  }
  return "learned";
}

std::string_view to_string(Norm norm) {
  return norm == Norm::rms ? "rms" : "layer";
}

Architecture parse_architecture(const std::string& word) {
  return parse_word("--architecture", word,
                    {Architecture::decoder_only, Architecture::encoder, Architecture::decoder,
                     Architecture::encoder_decoder});
}

Positions parse_positions(const std::string& word) {
  return parse_word("--positions", word,
                    {Positions::learned, Positions::sinusoidal, Positions::relative,
                     Positions::rotary, Positions::none});
}

Norm parse_norm(const std::string& word) {
  return parse_word("--norm", word, {Norm::layer, Norm::rms});
}

void check_size(const char* option, std::int64_t size, std::int64_t least, std::int64_t most) {
  if (size >= least && size <= most) return;
  throw Error(ExitCode::bad_input,
              fmt::format("{}: a whole number from {} to {}, not {}", option, least, most, size));
}

void check_shape(const Shape& shape) {
  check_size("--d-model", shape.d_model, 1, shape_limits::d_model);
  check_size("--heads", shape.heads, 1, shape_limits::heads);
  check_size("--kv-heads", shape.kv_heads, 1, shape_limits::heads);
  check_size("--head-size", shape.head_size, 1, shape_limits::head_size);
  check_size("--d-ff", shape.d_ff, 1, shape_limits::d_ff);
  check_size("--vocabulary", shape.vocabulary, 0, shape_limits::vocabulary);
  check_size("--context", shape.context, 1, shape_limits::context);
  check_layers(shape);
  if (shape.attention_width() > shape_limits::attention_width) {
    throw Error(
        ExitCode::bad_input,
        fmt::format("--heads: {} heads of {} are {} channels; at most {} are allowed", shape.heads,
                    shape.head_size, shape.attention_width(), shape_limits::attention_width));
  }
  if (shape.heads % shape.kv_heads != 0) {
    throw Error(ExitCode::bad_input,
                fmt::format("--kv-heads: {} does not divide the {} heads, so they cannot share",
                            shape.kv_heads, shape.heads));
  }
  if (shape.positions == Positions::rotary && shape.head_size % 2 != 0) {
    throw Error(ExitCode::bad_input,
                fmt::format("--head-size: rotary positions turn pairs of channels, so it must be "
                            "even, not {}",
                            shape.head_size));
  }
}

std::string shape_words(const Shape& shape) {
  std::string text = std::string(to_string(shape.architecture)) + ", ";
  if (shape.architecture == Architecture::encoder_decoder) {
    text += fmt::format("{} + {} layers", shape.encoder_layers, shape.decoder_layers);
  } else {
    const std::int64_t layers = shape.encoder_layers + shape.decoder_layers;
    text += fmt::format("{} layer{}", layers, layers == 1 ? "" : "s");
  }
  text += fmt::format(", d_model {}, {} head{} of {}", count(shape.d_model), count(shape.heads),
                      shape.heads == 1 ? "" : "s", count(shape.head_size));
  if (shape.kv_heads != shape.heads) {
    text += fmt::format(" ({} of keys and values)", count(shape.kv_heads));
  }
  return text + fmt::format(", d_ff {}", count(shape.d_ff));
}

std::string kind_words(const Shape& shape) {
  std::string text = fmt::format("{} positions", to_string(shape.positions));
  if (shape.positions == Positions::none) text = "no positions";
  if (shape.vocabulary > 0) text += shape.tied ? ", tied head" : ", untied head";
  text += shape.bias ? ", biases" : ", no biases";
  if (shape.gated) text += ", gated feed-forward";
  text += fmt::format(", {} norm", shape.norm == Norm::rms ? "RMS" : "layer");
  return text + (shape.final_norm ? ", final norm" : ", no final norm");
}

}  // namespace flopsieve::jobs
