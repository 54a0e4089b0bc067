#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "jobs/job.hpp"
#include "jobs/plan_text.hpp"
#include "jobs/toml_text.hpp"

// The way from a Plan back to TOML, and the comparison of two such texts.

namespace flopsieve::jobs {
namespace {

using engine::Plan;

void flatten(const Value& value, const std::string& name, JobValues& values) {
  using Kind = JobValue::Kind;
  switch (value.kind) {
    case ValueKind::table:
      values[name] = {Kind::group, "{...}"};
      for (const Entry& entry : value.entries) {
        flatten(entry.value, name.empty() ? entry.key : name + "." + entry.key, values);
      }
      return;
    case ValueKind::array:
      values[name] = {Kind::group, "[...]"};
      for (std::size_t i = 0; i < value.elements.size(); ++i) {
        flatten(value.elements[i], fmt::format("{}[{}]", name, i + 1), values);
      }
      return;
    case ValueKind::string:
      values[name] = {Kind::text, value.text};
      return;
    case ValueKind::boolean:
      values[name] = {Kind::text, value.boolean ? "true" : "false"};
      return;
    case ValueKind::integer:
      values[name] = {Kind::whole, std::to_string(value.integer),
                      static_cast<double>(value.integer)};
      return;
    case ValueKind::number:
      values[name] = {Kind::number, fmt::format("{}", value.number), value.number};
      return;
  }
}

/// Whole numbers, such as seeds, must be equal; others may differ by a rounding error.
bool same(const JobValue& a, const JobValue& b) {
  if (a.kind == b.kind && a.text == b.text) return true;
  if (a.kind != JobValue::Kind::number && b.kind != JobValue::Kind::number) return false;
  return std::abs(a.number - b.number) <= 1e-12 * std::max(std::abs(a.number), std::abs(b.number));
}

bool is_value(const JobValues& values, const std::string& key) {
  const auto found = values.find(key);
  return found != values.end() && found->second.kind != JobValue::Kind::group;
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

JobValues job_values(const std::string& resolved) {
  JobValues values;
  flatten(parse_toml(resolved, "stored job").root, "", values);
  return values;
}

std::vector<std::string> differing_keys(const JobValues& a, const JobValues& b) {
  std::vector<std::string> keys;
  const auto ignored = [](const std::string& key) {
    return key == "trajectories" || key == "title" || key == "batch_trajectories";
  };
  for (const auto& [key, value] : a) {
    if (!is_value(a, key) || ignored(key)) continue;
    if (!is_value(b, key) || !same(value, b.at(key))) keys.push_back(key);
  }
  for (const auto& [key, value] : b) {
    if (is_value(b, key) && !is_value(a, key) && !ignored(key)) keys.push_back(key);
  }
  return keys;
}

}  // namespace flopsieve::jobs
