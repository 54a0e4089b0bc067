#include "jobs/scaling/design_text.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "jobs/scaling/optimal_text.hpp"
#include "jobs/scaling/proportions.hpp"
#include "jobs/scaling/shape_count.hpp"
#include "jobs/text_table.hpp"

namespace flopsieve::jobs {
namespace {

using Json = nlohmann::ordered_json;

std::string number(std::int64_t value) {
  return grouped(static_cast<unsigned long long>(value));
}

const char* counted_words(Counted counted) {
  return counted == Counted::all ? "parameters" : "parameters without embeddings";
}

/// Relative to the target.
double difference(const Design& design, const DesignTask& task) {
  return static_cast<double>(design.parameters - task.target) / static_cast<double>(task.target);
}

std::string target_lines(const DesignContent& content) {
  const DesignTask& task = content.task;
  std::string text =
      fmt::format("Shapes for {} {}", number(task.target), counted_words(task.counted));
  if (content.law) {
    text += fmt::format(" ({}: {} FLOP, {} tokens)", content.law->law.name,
                        amount_text(content.law->optimum.flop),
                        amount_text(content.law->optimum.tokens));
  }
  const Shape& kind = task.kind;
  text += fmt::format("\n{}; vocabulary {}{}{}, context {}; {}\n", to_string(kind.architecture),
                      number(kind.vocabulary),
                      content.has_unknown_entry ? " with one entry for unknown tokens" : "",
                      content.is_default_vocabulary ? " (default)" : "", number(kind.context),
                      kind_words(kind));
  if (content.law && !content.law->law.note.empty()) {
    text += fmt::format("{}: {}.\n", content.law->law.name, content.law->law.note);
  }
  return text + "\n";
}

std::string found_lines(const DesignContent& content) {
  const DesignTask& task = content.task;
  const DesignResult& result = content.result;
  std::string text = fmt::format("{} shapes searched ({}); {} within {:g} % of the target{}\n",
                                 grouped(result.shapes), grid_words(task.grid, task.kind.gated),
                                 grouped(result.within), 100.0 * task.tolerance,
                                 result.within == 0 ? ", so the nearest ones stand above." : ".");
  text += fmt::format(
      "Ranking: shapes within {:g} % of the target by penalty, then distance; after them all "
      "others "
      "by distance.\n"
      "Penalty: 0 for d_ff = {} d_model, heads x size = d_model, heads of 64 to 128 (d_model / 4 "
      "to "
      "d_model / 2 where it is\n"
      "below 256) and a usual depth (d_model / layers from 16 to 640, not deeper than useful); 1 "
      "for each doubling away from that.\n",
      100.0 * task.tolerance, task.kind.gated ? "8/3" : "4");
  if (!result.best.empty() && task.counted == Counted::all) {
    const ParameterCount count = count_parameters(shape_of(result.best.front(), task.kind));
    const auto matrices = static_cast<double>(count.token_embedding + count.output_head);
    const double share = matrices / static_cast<double>(count.total());
    if (share > 0.5) {
      text += fmt::format(
          "Note: {:.0f} % of the first shape's parameters are its vocabulary; a smaller one leaves "
          "room for a wider or deeper model.\n",
          100.0 * share);
    }
  }
  return text;
}

std::string table(const DesignContent& content) {
  TextTable rows({"rank", "parameters", "off target", "d_model", "layers", "heads", "head size",
                  "d_ff", "d_ff/d_model", "d_model/layers", "penalty"});
  std::size_t rank = 0;
  for (const Design& design : content.result.best) {
    const auto width = static_cast<double>(design.d_model);
    rows.add({std::to_string(++rank), number(design.parameters),
              fmt::format("{:+.3f} %", 100.0 * difference(design, content.task)),
              number(design.d_model), number(design.layers), number(design.heads),
              number(design.head_size), number(design.d_ff),
              fmt::format("{:.3g}", static_cast<double>(design.d_ff) / width),
              fmt::format("{:.4g}", width / static_cast<double>(design.layers)),
              fmt::format("{:.3f}", design.penalty)});
  }
  return target_lines(content) + rows.text() + "\n" + found_lines(content);
}

Json design_json(const Design& design, const DesignTask& task) {
  const Shape shape = shape_of(design, task.kind);
  const ParameterCount count = count_parameters(shape);
  return {{"parameters", count.total()},
          {"non_embedding_parameters", count.non_embedding()},
          {"difference", difference(design, task)},
          {"within_tolerance", design.is_within},
          {"penalty", design.penalty},
          {"d_model", design.d_model},
          {"layers", design.layers},
          {"heads", design.heads},
          {"kv_heads", shape.kv_heads},
          {"head_size", design.head_size},
          {"d_ff", design.d_ff}};
}

Json target_json(const DesignContent& content) {
  const DesignTask& task = content.task;
  Json json = {{"parameters", task.target},
               {"counted", task.counted == Counted::all ? "all" : "non_embedding"},
               {"tolerance", task.tolerance},
               {"law", Json()},
               {"flop", Json()},
               {"tokens", Json()}};
  if (content.law) {
    json["law"] = content.law->law.name;
    json["flop"] = content.law->optimum.flop;
    json["tokens"] = content.law->optimum.tokens;
  }
  return json;
}

Json to_json(const DesignContent& content) {
  const Shape& kind = content.task.kind;
  Json json;
  json["target"] = target_json(content);
  json["kind"] = {{"architecture", to_string(kind.architecture)},
                  {"vocabulary", kind.vocabulary},
                  {"context", kind.context},
                  {"positions", to_string(kind.positions)},
                  {"norm", to_string(kind.norm)},
                  {"tied", kind.tied},
                  {"bias", kind.bias},
                  {"gated", kind.gated},
                  {"final_norm", kind.final_norm}};
  json["shapes_searched"] = content.result.shapes;
  json["shapes_within_tolerance"] = content.result.within;
  json["shapes"] = Json::array();
  for (const Design& design : content.result.best) {
    json["shapes"].push_back(design_json(design, content.task));
  }
  return json;
}

std::string csv(const DesignContent& content) {
  std::string text =
      "rank,parameters,non_embedding_parameters,difference,within_tolerance,penalty,d_model,layers,"
      "heads,kv_heads,head_size,d_ff\n";
  std::size_t rank = 0;
  for (const Design& design : content.result.best) {
    const Shape shape = shape_of(design, content.task.kind);
    const ParameterCount count = count_parameters(shape);
    text += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{}\n", ++rank, count.total(),
                        count.non_embedding(), difference(design, content.task), design.is_within,
                        design.penalty, design.d_model, design.layers, design.heads, shape.kv_heads,
                        design.head_size, design.d_ff);
  }
  return text;
}

std::string words(const Design& design) {
  return fmt::format("d_model {}, {} layer{}, {} head{} of {}, d_ff {}", design.d_model,
                     design.layers, design.layers == 1 ? "" : "s", design.heads,
                     design.heads == 1 ? "" : "s", design.head_size, design.d_ff);
}

}  // namespace

std::string design_text(const DesignContent& content, ReportFormat format) {
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

std::string too_large_text(const DesignContent& content) {
  const DesignTask& task = content.task;
  const Design& smallest = *content.result.smallest;
  const auto& roomiest = content.result.with_largest_vocabulary;
  const std::string target = fmt::format("{} {}", number(task.target), counted_words(task.counted));
  if (!roomiest) {
    const ParameterCount count = count_parameters(shape_of(smallest, task.kind));
    std::string text = fmt::format(
        "{}: {} are too few for any shape of the grid ({}), whatever the vocabulary; the "
        "smallest has {} ({})",
        content.option, target, grid_words(task.grid, task.kind.gated), number(smallest.parameters),
        words(smallest));
    if (task.counted == Counted::all && count.positions > 0) {
      text += fmt::format(", {} of them learned positions: --positions rotary has none",
                          number(count.positions));
    }
    return text;
  }
  const std::int64_t matrices = smallest.d_model * task.kind.vocabulary * (task.kind.tied ? 1 : 2);
  return fmt::format(
      "--vocabulary: with {} entries no shape of the grid ({}) has as few as {}: in the smallest "
      "one ({}) they alone take {}. What fits: a vocabulary of at most {} entries ({}), or a "
      "budget of {} parameters for this smallest shape",
      number(task.kind.vocabulary), grid_words(task.grid, task.kind.gated), target, words(smallest),
      number(matrices),
      number(content.result.largest_vocabulary - (content.has_unknown_entry ? 1 : 0)),
      words(*roomiest), number(smallest.parameters));
}

}  // namespace flopsieve::jobs
