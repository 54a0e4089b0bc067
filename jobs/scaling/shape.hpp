#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace flopsieve::jobs {

/// encoder: self-attention only; decoder: self-attention and attention to the output of an encoder
/// that is not part of the shape; decoder_only: a language model, whose layers are those of an
/// encoder.
enum class Architecture { decoder_only, encoder, decoder, encoder_decoder };

/// Which positions a model knows, and what that takes: a table of context x d_model for each stack
/// (learned), a matrix in every layer (relative, Transformer-XL) or nothing.
enum class Positions { learned, sinusoidal, relative, rotary, none };

/// layer: a weight and a bias per channel; rms: a weight.
enum class Norm { layer, rms };

/// As options and results spell them: "encoder-decoder".
std::string_view to_string(Architecture architecture);
std::string_view to_string(Positions positions);
std::string_view to_string(Norm norm);

/// The inverse. Throw Error(bad_input) naming the option and the allowed words.
Architecture parse_architecture(const std::string& word);
Positions parse_positions(const std::string& word);
Norm parse_norm(const std::string& word);

/// Largest sizes: all counts of parameters then stay below 2e18.
namespace shape_limits {
inline constexpr std::int64_t d_model = 1'000'000;
inline constexpr std::int64_t heads = 65'536;
inline constexpr std::int64_t head_size = 65'536;
inline constexpr std::int64_t attention_width = 4'000'000;  ///< heads x head_size
inline constexpr std::int64_t d_ff = 10'000'000;
inline constexpr std::int64_t layers = 10'000;  ///< of each stack
inline constexpr std::int64_t vocabulary = 2'000'000'000;
inline constexpr std::int64_t context = 1'000'000'000;
}  // namespace shape_limits

/// A transformer as Vaswani et al. 2017 (arXiv 1706.03762) describe it, with the usual variants.
struct Shape {
  Architecture architecture = Architecture::decoder_only;
  std::int64_t d_model = 0;         ///< width of the residual stream
  std::int64_t heads = 0;           ///< of queries
  std::int64_t kv_heads = 0;        ///< of keys and values; divides heads (grouped queries)
  std::int64_t head_size = 0;       ///< heads x head_size may differ from d_model
  std::int64_t d_ff = 0;            ///< inner width of the feed-forward layers
  std::int64_t encoder_layers = 0;  ///< 0 without an encoder
  std::int64_t decoder_layers = 0;  ///< of a decoder-only model: all; 0 without a decoder
  std::int64_t vocabulary = 0;      ///< entries; 0: neither embedding nor output head
  std::int64_t context = 1024;      ///< positions; of an encoder-decoder: of each stack
  Positions positions = Positions::learned;
  Norm norm = Norm::layer;
  bool tied = true;        ///< the output head is the embedding
  bool bias = true;        ///< of linear layers and layer norms
  bool gated = false;      ///< feed-forward of three matrices (Shazeer 2020, arXiv 2002.05202)
  bool final_norm = true;  ///< after each stack

  std::int64_t attention_width() const { return heads * head_size; }
  std::int64_t kv_width() const { return kv_heads * head_size; }
  bool attends_across() const {
    return architecture == Architecture::decoder || architecture == Architecture::encoder_decoder;
  }
};

/// Throws Error(bad_input), starting with the option, unless least <= size <= most.
void check_size(const char* option, std::int64_t size, std::int64_t least, std::int64_t most);

/// Throws Error(bad_input), starting with the option, unless all sizes are within shape_limits,
/// kv_heads divides heads and heads have an even size where positions are rotary (they turn pairs).
void check_shape(const Shape& shape);

/// "decoder-only, 12 layers, d_model 768, 12 heads of 64, d_ff 3,072".
std::string shape_words(const Shape& shape);

/// "learned positions, tied head, biases, layer norm, final norm".
std::string kind_words(const Shape& shape);

}  // namespace flopsieve::jobs
