#pragma once

#include <cstdint>

#include "jobs/scaling/shape.hpp"

/// What a shape has of parameters, exactly, and takes of FLOP.
namespace flopsieve::jobs {

/// Weights and biases, each once. An encoder-decoder has one embedding for both stacks.
///
/// Per layer, with d = d_model, k = heads x head_size, g = kv_heads x head_size: attention 2 d k +
/// 2 d g with biases k + 2 g + d; the same again for cross-attention, whose memory has d channels
/// too; feed-forward 2 d d_ff with biases d_ff + d, gated 3 d d_ff with 2 d_ff + d; a norm each.
/// Relative positions add d k with k biases to self-attention and take the bias of its output away:
/// the rule that gives all but one of the 50 models of Table A9 of Hoffmann et al. 2022 (arXiv
/// 2203.15556) to the printed million, also those with k != d. The output head has no bias.
struct ParameterCount {
  std::int64_t token_embedding = 0;
  std::int64_t positions = 0;  ///< learned tables; matrices of relative ones count as attention
  std::int64_t attention = 0;
  std::int64_t cross_attention = 0;
  std::int64_t feed_forward = 0;
  std::int64_t norms = 0;
  std::int64_t output_head = 0;  ///< 0 where tied

  std::int64_t encoder_layer = 0;  ///< one layer; 0 without an encoder
  std::int64_t decoder_layer = 0;  ///< one layer; 0 without a decoder

  std::int64_t total() const {
    return token_embedding + positions + attention + cross_attention + feed_forward + norms +
           output_head;
  }
  /// Without matrices of the vocabulary and tables of positions (Kaplan et al. 2020, section 2.1).
  std::int64_t non_embedding() const { return attention + cross_attention + feed_forward + norms; }
};

/// Of a shape that check_shape() accepts.
ParameterCount count_parameters(const Shape& shape);

/// FLOP of the forward pass per token of a full context (s = context), by Appendix F of Hoffmann et
/// al. 2022, whose terms are per sequence; a multiply-add is two. As there, attention is not halved
/// for its mask, embedding is a product with a one-hot matrix, and norms, biases, activations and
/// relative positions are left out.
///
/// Beyond it: keys and values have kv_heads (grouped queries); gated feed-forward has three
/// matrices; cross-attention is counted as self-attention over a memory of s positions. A token of
/// an encoder-decoder is one of the source and one of the target, so that each parameter is used
/// once. Doubles are exact up to 9e15.
struct FlopCount {
  double embedding = 0.0;
  double query_key_value = 0.0;
  double attention_logits = 0.0;
  double softmax = 0.0;
  double reduction = 0.0;  ///< softmax times values
  double output_projection = 0.0;
  double cross_attention = 0.0;  ///< all of it
  double feed_forward = 0.0;
  double output_logits = 0.0;

  double forward() const { return embedding + layers() + output_logits; }
  /// Without embedding and output logits: what reproduces the ratios to 6 N of Table A4.
  double layers() const {
    return query_key_value + attention_logits + softmax + reduction + output_projection +
           cross_attention + feed_forward;
  }
};

/// The backward pass takes twice the forward pass.
inline constexpr double training_per_forward = 3.0;

/// Of a shape that check_shape() accepts.
FlopCount count_flop(const Shape& shape);

}  // namespace flopsieve::jobs
