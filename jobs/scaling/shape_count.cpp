#include "jobs/scaling/shape_count.hpp"

namespace flopsieve::jobs {
namespace {

struct AttentionCount {
  std::int64_t weights;
  std::int64_t inner_biases;  ///< of queries, keys and values
};

AttentionCount attention(const Shape& shape) {
  const std::int64_t queries = shape.attention_width();
  const std::int64_t keys_values = 2 * shape.kv_width();
  return {shape.d_model * (2 * queries + keys_values), queries + keys_values};
}

std::int64_t cross_attention(const Shape& shape) {
  const AttentionCount count = attention(shape);
  return count.weights + (shape.bias ? count.inner_biases + shape.d_model : 0);
}

std::int64_t self_attention(const Shape& shape) {
  if (shape.positions != Positions::relative) return cross_attention(shape);
  const AttentionCount count = attention(shape);
  const std::int64_t width = shape.attention_width();
  return count.weights + shape.d_model * width + (shape.bias ? count.inner_biases + width : 0);
}

std::int64_t feed_forward(const Shape& shape) {
  const std::int64_t into = shape.gated ? 2 : 1;
  return (into + 1) * shape.d_model * shape.d_ff +
         (shape.bias ? into * shape.d_ff + shape.d_model : 0);
}

std::int64_t norm(const Shape& shape) {
  return shape.norm == Norm::layer && shape.bias ? 2 * shape.d_model : shape.d_model;
}

}  // namespace

ParameterCount count_parameters(const Shape& shape) {
  const std::int64_t encoder = shape.encoder_layers;
  const std::int64_t decoder = shape.decoder_layers;
  const std::int64_t stacks = (encoder > 0 ? 1 : 0) + (decoder > 0 ? 1 : 0);
  const std::int64_t across = shape.attends_across() ? cross_attention(shape) : 0;
  const std::int64_t norms_across = shape.attends_across() ? norm(shape) : 0;
  const std::int64_t layer = self_attention(shape) + feed_forward(shape) + 2 * norm(shape);

  ParameterCount count;
  count.token_embedding = shape.vocabulary * shape.d_model;
  if (!shape.tied) count.output_head = count.token_embedding;
  if (shape.positions == Positions::learned) {
    count.positions = stacks * shape.context * shape.d_model;
  }
  count.attention = (encoder + decoder) * self_attention(shape);
  count.cross_attention = decoder * across;
  count.feed_forward = (encoder + decoder) * feed_forward(shape);
  count.norms = (2 * (encoder + decoder) + (shape.final_norm ? stacks : 0)) * norm(shape) +
                decoder * norms_across;
  if (encoder > 0) count.encoder_layer = layer;
  if (decoder > 0) count.decoder_layer = layer + across + norms_across;
  return count;
}

FlopCount count_flop(const Shape& shape) {
  const auto d = static_cast<double>(shape.d_model);
  const auto width = static_cast<double>(shape.attention_width());
  const auto kv_width = static_cast<double>(shape.kv_width());
  const auto context = static_cast<double>(shape.context);
  const auto vocabulary = static_cast<double>(shape.vocabulary);
  const auto layers = static_cast<double>(shape.encoder_layers + shape.decoder_layers);

  FlopCount layer;
  layer.query_key_value = 2.0 * d * (width + 2.0 * kv_width);
  layer.attention_logits = 2.0 * context * width;
  layer.softmax = 3.0 * static_cast<double>(shape.heads) * context;
  layer.reduction = 2.0 * context * width;
  layer.output_projection = 2.0 * width * d;
  layer.feed_forward = (shape.gated ? 6.0 : 4.0) * d * static_cast<double>(shape.d_ff);

  FlopCount count;
  count.embedding = 2.0 * vocabulary * d;
  if (shape.architecture == Architecture::encoder_decoder) count.embedding *= 2.0;
  count.output_logits = 2.0 * vocabulary * d;
  count.query_key_value = layers * layer.query_key_value;
  count.attention_logits = layers * layer.attention_logits;
  count.softmax = layers * layer.softmax;
  count.reduction = layers * layer.reduction;
  count.output_projection = layers * layer.output_projection;
  count.feed_forward = layers * layer.feed_forward;
  if (shape.attends_across()) {
    count.cross_attention =
        static_cast<double>(shape.decoder_layers) * (layer.layers() - layer.feed_forward);
  }
  return count;
}

}  // namespace flopsieve::jobs
