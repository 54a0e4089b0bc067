#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "engine/error.hpp"
#include "jobs/job.hpp"
#include "jobs/plan_text.hpp"
#include "jobs/toml_text.hpp"

// The way from a Plan back to TOML, and the comparison of two such texts.

namespace flopsieve::jobs {
namespace {

using engine::Plan;

/// A leaf of a document: its text, and its number where it is one. A whole number has both.
struct Leaf {
  std::string text;
  double number = std::numeric_limits<double>::quiet_NaN();
};

void flatten(const Value& value, const std::string& name, std::map<std::string, Leaf>& leaves) {
  switch (value.kind) {
    case ValueKind::table:
      for (const Entry& entry : value.entries) {
        flatten(entry.value, name.empty() ? entry.key : name + "." + entry.key, leaves);
      }
      return;
    case ValueKind::array:
      for (std::size_t i = 0; i < value.elements.size(); ++i) {
        flatten(value.elements[i], fmt::format("{}[{}]", name, i + 1), leaves);
      }
      return;
    case ValueKind::string:
      leaves[name] = {value.text};
      return;
    case ValueKind::boolean:
      leaves[name] = {value.boolean ? "true" : "false"};
      return;
    case ValueKind::integer:
      leaves[name] = {std::to_string(value.integer), static_cast<double>(value.integer)};
      return;
    case ValueKind::number:
      leaves[name] = {"", value.number};
      return;
  }
}

/// Whole numbers, such as seeds, must be equal; others may differ by a rounding error.
bool same(const Leaf& a, const Leaf& b) {
  if (!a.text.empty() && !b.text.empty()) return a.text == b.text;
  if (std::isnan(a.number) || std::isnan(b.number)) {
    return a.text == b.text && std::isnan(a.number) == std::isnan(b.number);
  }
  return std::abs(a.number - b.number) <= 1e-12 * std::max(std::abs(a.number), std::abs(b.number));
}

}  // namespace

std::string resolved_job(const Plan& plan) {
  std::string text;
  if (!plan.title.empty()) text = fmt::format("title = {}\n", toml_string(plan.title));
  text += fmt::format(
      "years = \"{}-{}\"\nseed = {}\ntrajectories = {}\nattempts = {}\n"
      "batch_trajectories = {}\n",
      plan.years.front(), plan.years.back(), plan.seed, plan.trajectories, plan.attempts,
      plan.batch_trajectories);
  text += precision_text(plan.precision);
  return text + models_text(plan) + rules_text(plan);
}

std::vector<std::string> differing_keys(const std::string& resolved_a,
                                        const std::string& resolved_b) {
  std::map<std::string, Leaf> a, b;
  flatten(parse_toml(resolved_a, "stored job").root, "", a);
  flatten(parse_toml(resolved_b, "job").root, "", b);
  std::vector<std::string> keys;
  const auto ignored = [](const std::string& key) {
    return key == "trajectories" || key == "title" || key == "batch_trajectories";
  };
  for (const auto& [key, leaf] : a) {
    const auto other = b.find(key);
    if (!ignored(key) && (other == b.end() || !same(leaf, other->second))) keys.push_back(key);
  }
  for (const auto& [key, leaf] : b) {
    if (!ignored(key) && !a.contains(key)) keys.push_back(key);
  }
  return keys;
}

}  // namespace flopsieve::jobs
