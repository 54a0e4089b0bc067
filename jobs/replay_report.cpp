#include "jobs/replay_report.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "engine/parameters.hpp"
#include "jobs/report_words.hpp"
#include "jobs/text_table.hpp"

namespace flopsieve::jobs {
namespace {

using engine::Constraint;
using engine::Plan;
using engine::Replay;
using engine::ReplayedConstraint;
using Json = nlohmann::ordered_json;

/// JSON has neither nan nor infinities.
Json number(double value) {
  return std::isfinite(value) ? Json(value) : Json();
}

bool location_is_solved(const Plan& plan) {
  return plan.matching.match == engine::Match::shift ||
         plan.matching.match == engine::Match::rescale;
}

/// The parameters of the law of sizes, by their names in a job.
std::vector<std::pair<std::string, double>> parameters(const Plan& plan, const Replay& replay) {
  std::vector<std::pair<std::string, double>> found;
  const auto infos = engine::parameters_of(plan.sizes.family);
  for (std::size_t i = 0; i < infos.size(); ++i) {
    const bool solved = i == 0 && location_is_solved(plan);
    found.emplace_back(infos[i].name, solved ? replay.location : replay.inputs.parameters[i]);
  }
  for (std::size_t i = 0; i < plan.sizes.components.size(); ++i) {
    const auto& component = replay.inputs.components[i];
    found.emplace_back(fmt::format("component{}.weight", i + 1), component.weight);
    found.emplace_back(fmt::format("component{}.mean", i + 1), component.mean);
    found.emplace_back(fmt::format("component{}.sd", i + 1), component.sd);
  }
  return found;
}

std::string compared_words(const Constraint& rule) {
  std::string words = rule.statistic.name();
  if (rule.relative_to == engine::RelativeTo::total) words += " / total";
  if (rule.relative_to == engine::RelativeTo::count) words += " / count";
  if (rule.relative_to == engine::RelativeTo::previous_year) words += " / year before";
  return words;
}

std::string value_text(double value) {
  return std::isnan(value) ? "-" : fmt::format("{:.6g}", value);
}

std::string allowed_words(const Constraint& rule, const ReplayedConstraint& asked,
                          std::size_t year) {
  if (rule.has_ceiling()) {
    const std::string law =
        fmt::format("uncertain: {:.6g} to {:.6g}", rule.ceiling.low[year], rule.ceiling.high[year]);
    return std::isnan(asked.ceiling) ? law : fmt::format("to {:.6g} ({})", asked.ceiling, law);
  }
  if (rule.is_soft()) {
    return fmt::format("{:.6g} +- {:.6g} (soft)", rule.centre[year], rule.spread[year]);
  }
  return fmt::format("{:.6g} to {:.6g}", rule.lower[year], rule.upper[year]);
}

std::string verdict_words(const ReplayedConstraint& asked) {
  if (!asked.active) return "not active";
  if (std::isnan(asked.value) && asked.passes) return "no year before";
  std::string words = asked.passes ? "passes" : "REJECTS";
  if (!std::isnan(asked.uniform)) {
    words += fmt::format(" (uniform {:.6g}, probability {:.6g})", asked.uniform, asked.probability);
  }
  return words;
}

std::string heading(const ReplayContent& content) {
  const Plan& plan = content.plan;
  const Replay& replay = content.replay;
  std::string text = fmt::format("trajectory {}, {}, attempt {}: ", replay.address.trajectory,
                                 plan.years[replay.address.year_index], replay.address.attempt);
  if (replay.survives) {
    text += "meets everything";
  } else {
    std::vector<std::string> rejectors;
    if (!replay.matches) rejectors.emplace_back(engine::matching_name(plan.matching.match));
    for (std::size_t i = 0; i < replay.constraints.size(); ++i) {
      if (!replay.constraints[i].passes) rejectors.push_back(plan.constraints[i].name);
    }
    text += fmt::format("rejected by {}", fmt::join(rejectors, ", "));
  }
  if (content.survivor && *content.survivor != replay.address.attempt) {
    text += fmt::format("; the survivor is attempt {}", *content.survivor);
  }
  return text + "\n";
}

std::string inputs_text(const Plan& plan, const Replay& replay) {
  std::string text = fmt::format("{} models", replay.inputs.count);
  for (const auto& [name, value] : parameters(plan, replay)) {
    text += fmt::format(", {} {}", name, value_text(value));
  }
  return text + fmt::format("\ntotal {:.6f} log10 FLOP; the sizes sum to {:.6f} ({:+.3g} %): {}\n",
                            replay.inputs.log10_total, replay.log10_sum, 100.0 * replay.total_error,
                            replay.matches ? "matched" : "NOT matched");
}

std::string sizes_text(const Replay& replay) {
  std::string text = "\nlog10 FLOP of the models, descending:\n";
  constexpr std::size_t per_line = 10;
  for (std::size_t i = 0; i < replay.log10_flop.size(); ++i) {
    const bool ends = i % per_line == per_line - 1 || i + 1 == replay.log10_flop.size();
    text += fmt::format("{:.4f}{}", replay.log10_flop[i], ends ? "\n" : " ");
  }
  return text;
}

Json constraint_json(const Constraint& rule, const ReplayedConstraint& asked, std::size_t year) {
  Json json{{"name", rule.name},
            {"compares", compared_words(rule)},
            {"active", asked.active},
            {"passes", asked.passes},
            {"statistic", number(asked.statistic)},
            {"previous", number(asked.previous)},
            {"value", number(asked.value)}};
  if (!rule.is_soft()) {
    json["min"] = number(rule.lower[year]);
    json["max"] = number(rule.upper[year]);
    return json;
  }
  if (rule.has_ceiling()) {
    json["below"] = {number(rule.ceiling.low[year]), number(rule.ceiling.high[year])};
    json["ceiling"] = number(asked.ceiling);
  } else {
    json["centre"] = number(rule.centre[year]);
    json["spread"] = number(rule.spread[year]);
  }
  json["probability"] = number(asked.probability);
  json["uniform"] = number(asked.uniform);
  return json;
}

}  // namespace

std::string replay_text(const ReplayContent& content) {
  const Plan& plan = content.plan;
  const Replay& replay = content.replay;
  const std::size_t year = replay.address.year_index;
  std::string text = heading(content) + inputs_text(plan, replay);
  if (!plan.constraints.empty()) {
    TextTable table({"constraint", "compares", "value", "allowed", "verdict"});
    for (std::size_t i = 0; i < plan.constraints.size(); ++i) {
      const Constraint& rule = plan.constraints[i];
      const ReplayedConstraint& asked = replay.constraints[i];
      table.add({rule.name, compared_words(rule), value_text(asked.value),
                 allowed_words(rule, asked, year), verdict_words(asked)});
    }
    text += "\n" + table.text();
  }
  if (!plan.outputs.statistics.empty()) {
    TextTable table({"statistic", "value", "unit"});
    for (std::size_t i = 0; i < plan.outputs.statistics.size(); ++i) {
      const engine::Statistic& statistic = plan.outputs.statistics[i];
      table.add(
          {statistic.name(), value_text(replay.outputs[i]), std::string(statistic.info().unit)});
    }
    text += "\n" + table.text();
  }
  if (content.sizes) text += sizes_text(replay);
  return text;
}

std::string replay_json(const ReplayContent& content) {
  const Plan& plan = content.plan;
  const Replay& replay = content.replay;
  const std::size_t year = replay.address.year_index;
  Json json;
  json["trajectory"] = replay.address.trajectory;
  json["year"] = plan.years[year];
  json["attempt"] = replay.address.attempt;
  json["survives"] = replay.survives;
  json["survivor"] = content.survivor ? Json(*content.survivor) : Json();
  json["log10_total"] = number(replay.inputs.log10_total);
  json["count"] = replay.inputs.count;
  json["parameters"] = Json::object();
  for (const auto& [name, value] : parameters(plan, replay)) {
    json["parameters"][name] = number(value);
  }
  json["matching"] = {{"name", engine::matching_name(plan.matching.match)},
                      {"passes", replay.matches},
                      {"log10_sum", number(replay.log10_sum)},
                      {"total_error", number(replay.total_error)}};
  json["constraints"] = Json::array();
  for (std::size_t i = 0; i < plan.constraints.size(); ++i) {
    json["constraints"].push_back(
        constraint_json(plan.constraints[i], replay.constraints[i], year));
  }
  json["statistics"] = Json::object();
  const std::vector<std::string> keys = statistic_keys(plan.outputs.statistics);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    json["statistics"][keys[i]] = number(replay.outputs[i]);
  }
  if (content.sizes) json["log10_flop"] = replay.log10_flop;
  return json.dump(2) + "\n";
}

}  // namespace flopsieve::jobs
