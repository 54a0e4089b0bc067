#include "engine/refilter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "engine/parameters.hpp"
#include "engine/tilt_window.hpp"

namespace flopsieve::engine {
namespace {

const Constraint* find(const std::vector<Constraint>& constraints, const std::string& name) {
  const auto found = std::find_if(constraints.begin(), constraints.end(),
                                  [&](const Constraint& each) { return each.name == name; });
  return found == constraints.end() ? nullptr : &*found;
}

/// Without what decides no candidate and no verdict but those of constraints.
Plan proposal(Plan plan) {
  plan.title.clear();
  plan.calibration = {};
  plan.trajectories = 0;
  plan.batch_trajectories = 0;
  plan.automatic_batch = false;
  plan.sampling = {.method = plan.sampling.method};
  plan.constraints.clear();
  plan.cascade.clear();
  plan.outputs = {};
  plan.precision = {};
  return plan;
}

std::string looser(const std::string& key, const std::string& how) {
  return fmt::format("{} {}: candidates that the stored run rejected may pass", key, how);
}

/// A constraint of the stored Plan and what has become of it.
std::string obstacle_of(const Plan& plan, const Constraint& stored, const Constraint* other) {
  const std::string key = "constraint." + stored.name;
  if (other == nullptr) return looser(key, "is gone");
  if (!(other->statistic == stored.statistic) || other->relative_to != stored.relative_to) {
    return looser(key, "is about something else");
  }
  if (stored.is_soft() || other->is_soft()) {
    if (stored.address == other->address && stored.is_soft() == other->is_soft()) return "";
    return looser(key + ".soft", "is another one");
  }
  for (std::size_t year = 0; year < plan.year_count(); ++year) {
    if (stored.active[year] == 0) continue;
    const std::string in_year = fmt::format(" in {}", plan.years[year]);
    if (other->active[year] == 0) return looser(key + ".years", "leaves out" + in_year.substr(3));
    if (!(other->lower[year] >= stored.lower[year])) {
      return looser(key + ".min", "is lower" + in_year);
    }
    if (!(other->upper[year] <= stored.upper[year])) {
      return looser(key + ".max", "is higher" + in_year);
    }
  }
  return "";
}

std::vector<Constraint> windows(const Plan& plan) {
  std::vector<Constraint> found;
  std::copy_if(plan.constraints.begin(), plan.constraints.end(), std::back_inserter(found),
               is_tilt_window);
  return found;
}

bool same_window(const Constraint& a, const Constraint& b) {
  return a.statistic == b.statistic && a.relative_to == b.relative_to && a.active == b.active &&
         a.lower == b.lower && a.upper == b.upper;
}

/// Tilted methods draw their sizes towards the windows of sums.
std::string window_obstacle(const Plan& stored, const Plan& other) {
  if (!is_tilted(stored.sampling.method)) return "";
  const std::vector<Constraint> before = windows(stored);
  const std::vector<Constraint> now = windows(other);
  for (std::size_t i = 0; i < std::max(before.size(), now.size()); ++i) {
    if (i < std::min(before.size(), now.size()) && same_window(before[i], now[i])) continue;
    const Constraint& changed = i < now.size() ? now[i] : before[i];
    return fmt::format(
        "constraint.{}: with method = \"{}\" sizes are drawn towards it, so that "
        "other candidates are drawn",
        changed.name, name(stored.sampling.method));
  }
  return "";
}

}  // namespace

std::string refilter_obstacle(const Plan& stored, const Plan& other) {
  if (!stored.sampling.filtered.empty()) {
    return "the stored run is of class \"joint\": it is filtered itself, and has no candidates";
  }
  if (stored.sampling.method == Method::split) {
    return "the stored run has method = \"split\": every constraint leads its populations, so that "
           "other candidates are drawn";
  }
  if (stored.sampling.method != other.sampling.method) {
    const std::string_view method = name(stored.sampling.method);
    std::string text =
        fmt::format("models.method: a run of this job has \"{}\", the stored one \"{}\"",
                    name(other.sampling.method), method);
    if (other.sampling.automatic) {
      text += fmt::format("; with --set models.method={} it has that too", method);
    }
    return text;
  }
  for (const Constraint& each : stored.constraints) {
    const std::string obstacle = obstacle_of(stored, each, find(other.constraints, each.name));
    if (!obstacle.empty()) return obstacle;
  }
  const std::string obstacle = window_obstacle(stored, other);
  if (!obstacle.empty()) return obstacle;
  if (plan_to_json(proposal(stored)) != plan_to_json(proposal(other))) {
    return "the inputs differ: other candidates are drawn";
  }
  return "";
}

}  // namespace flopsieve::engine
