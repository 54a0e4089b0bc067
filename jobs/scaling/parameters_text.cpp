#include "jobs/scaling/parameters_text.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "jobs/text_table.hpp"

namespace flopsieve::jobs {
namespace {

using Json = nlohmann::ordered_json;

/// A line of a table: its name in CSV and JSON, and for people.
template <class T>
struct Part {
  const char* name;
  const char* words;
  T value;
};

std::vector<Part<std::int64_t>> parts(const ParameterCount& count) {
  return {{"token_embedding", "token embedding", count.token_embedding},
          {"positions", "positions", count.positions},
          {"attention", "attention", count.attention},
          {"cross_attention", "cross-attention", count.cross_attention},
          {"feed_forward", "feed-forward", count.feed_forward},
          {"norms", "norms", count.norms},
          {"output_head", "output head", count.output_head}};
}

std::vector<Part<std::int64_t>> totals(const ParameterCount& count) {
  return {{"total", "total", count.total()},
          {"non_embedding", "without embeddings", count.non_embedding()},
          {"encoder_layer", "one encoder layer", count.encoder_layer},
          {"decoder_layer", "one decoder layer", count.decoder_layer}};
}

std::vector<Part<double>> parts(const FlopCount& flop) {
  return {{"embedding", "embedding", flop.embedding},
          {"query_key_value", "queries, keys, values", flop.query_key_value},
          {"attention_logits", "attention logits", flop.attention_logits},
          {"softmax", "softmax", flop.softmax},
          {"reduction", "reduction over values", flop.reduction},
          {"output_projection", "attention output", flop.output_projection},
          {"cross_attention", "cross-attention", flop.cross_attention},
          {"feed_forward", "feed-forward", flop.feed_forward},
          {"output_logits", "output logits", flop.output_logits}};
}

/// Sums of the forward pass; embedding and output logits are not in the second.
std::vector<Part<double>> totals(const FlopCount& flop) {
  return {{"total", "total", flop.forward()}, {"layers", "layers alone", flop.layers()}};
}

double six_n(std::int64_t parameters) {
  return 6.0 * static_cast<double>(parameters);
}

std::string percent(double part, double whole) {
  return fmt::format("{:.1f} %", 100.0 * part / whole);
}

std::string number(std::int64_t value) {
  return grouped(static_cast<unsigned long long>(value));
}

/// Nothing but whole numbers; beyond 1e15 only the first digits matter.
std::string number(double value) {
  return value < 1e15 ? number(static_cast<std::int64_t>(value)) : fmt::format("{:.6g}", value);
}

std::string parameters_table(const ParameterCount& count) {
  TextTable table({"parameters", "", "share"});
  const auto whole = static_cast<double>(count.total());
  for (const auto& part : parts(count)) {
    if (part.value == 0) continue;
    table.add({part.words, number(part.value), percent(static_cast<double>(part.value), whole)});
  }
  for (const auto& each : totals(count)) {
    if (each.value > 0) table.add({each.words, number(each.value), ""});
  }
  return table.text();
}

std::string flop_table(const FlopCount& flop) {
  TextTable table({"FLOP per token", "forward", "training", "share"});
  const auto add = [&](const Part<double>& part, const std::string& share) {
    table.add({part.words, number(part.value), number(training_per_forward * part.value), share});
  };
  for (const auto& part : parts(flop)) {
    if (part.value > 0.0) add(part, percent(part.value, flop.forward()));
  }
  for (const auto& each : totals(flop)) add(each, "");
  return table.text();
}

/// Training FLOP per token beside the rule of 6 per parameter.
std::string ratio_lines(const ParametersContent& content) {
  const double all = six_n(content.count.total());
  const double inner = six_n(content.count.non_embedding());
  const double training = training_per_forward * content.flop.forward();
  const double layers = training_per_forward * content.flop.layers();
  return fmt::format(
      "6 N = {} per token: training takes {:.3f} times that, its layers alone {:.3f} times.\n"
      "6 N without embeddings = {}: {:.3f} and {:.3f} times.\n",
      number(all), training / all, layers / all, number(inner), training / inner, layers / inner);
}

std::string table(const ParametersContent& content) {
  const Shape& shape = content.shape;
  std::string text = content.preset.empty() ? "" : content.preset + ": ";
  text += fmt::format("{}; vocabulary {}, context {}; {}\n\n", shape_words(shape),
                      number(shape.vocabulary), number(shape.context), kind_words(shape));
  text += parameters_table(content.count) + "\n" + flop_table(content.flop);
  text += ratio_lines(content);
  text +=
      "FLOP by Appendix F of Hoffmann et al. 2022, at the full context; training is three "
      "times the forward pass.\n";
  if (shape.architecture == Architecture::encoder_decoder) {
    text += "A token: one of the source and one of the target.\n";
  }
  return text;
}

Json shape_json(const Shape& shape) {
  return {{"architecture", to_string(shape.architecture)},
          {"d_model", shape.d_model},
          {"heads", shape.heads},
          {"kv_heads", shape.kv_heads},
          {"head_size", shape.head_size},
          {"d_ff", shape.d_ff},
          {"encoder_layers", shape.encoder_layers},
          {"decoder_layers", shape.decoder_layers},
          {"vocabulary", shape.vocabulary},
          {"context", shape.context},
          {"positions", to_string(shape.positions)},
          {"norm", to_string(shape.norm)},
          {"tied", shape.tied},
          {"bias", shape.bias},
          {"gated", shape.gated},
          {"final_norm", shape.final_norm}};
}

template <class T>
void put(Json& json, const std::vector<Part<T>>& parts, double factor = 1.0) {
  for (const auto& part : parts) {
    if constexpr (std::is_integral_v<T>) {
      json[part.name] = part.value;
    } else {
      json[part.name] = factor * part.value;
    }
  }
}

Json to_json(const ParametersContent& content) {
  Json json;
  json["preset"] = content.preset.empty() ? Json() : Json(content.preset);
  json["shape"] = shape_json(content.shape);
  put(json["parameters"], parts(content.count));
  put(json["parameters"], totals(content.count));
  Json& flop = json["flop_per_token"];
  put(flop["forward"], parts(content.flop));
  put(flop["forward"], totals(content.flop));
  put(flop["training"], parts(content.flop), training_per_forward);
  put(flop["training"], totals(content.flop), training_per_forward);
  flop["six_parameters"] = six_n(content.count.total());
  flop["six_non_embedding_parameters"] = six_n(content.count.non_embedding());
  return json;
}

std::string csv(const ParametersContent& content) {
  std::string text = "kind,part,value\n";
  const auto rows = [&](const char* kind, const auto& parts, double factor) {
    for (const auto& part : parts) {
      if constexpr (std::is_integral_v<decltype(part.value)>) {
        text += fmt::format("{},{},{}\n", kind, part.name, part.value);
      } else {
        text += fmt::format("{},{},{}\n", kind, part.name, factor * part.value);
      }
    }
  };
  rows("parameters", parts(content.count), 1.0);
  rows("parameters", totals(content.count), 1.0);
  for (const auto& [kind, factor] : {std::pair{"forward_flop_per_token", 1.0},
                                     {"training_flop_per_token", training_per_forward}}) {
    rows(kind, parts(content.flop), factor);
    rows(kind, totals(content.flop), factor);
  }
  text += fmt::format("training_flop_per_token,six_parameters,{}\n", six_n(content.count.total()));
  text += fmt::format("training_flop_per_token,six_non_embedding_parameters,{}\n",
                      six_n(content.count.non_embedding()));
  return text;
}

}  // namespace

std::string parameters_text(const ParametersContent& content, ReportFormat format) {
  switch (format) {
    case ReportFormat::csv:
      return csv(content);
    case ReportFormat::json:
      return to_json(content).dump(2) + "\n";
    case ReportFormat::table:
      break;
  }
  return table(content);
}

}  // namespace flopsieve::jobs
