#pragma once

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/engine/support/runs.hpp"

/// Small Plans of every law of sizes and every way to meet the total.
namespace flopsieve::engine::testing {

struct Setting {
  std::string name;
  Plan plan;
};

namespace detail {

inline void set_family(Plan& plan, SizeFamily family, double offset) {
  using kernels::Law;
  const auto parameter = [&](const Distribution& law) { return by_candidate(law, 2); };
  const Input location = parameter(uniform(22.0 + offset, 26.0 + offset));
  const Input scale = parameter(uniform(0.8, 1.6));
  auto& list = plan.sizes.parameters;
  plan.sizes.family = family;
  switch (family) {
    case SizeFamily::normal:
      list = {location, scale};
      break;
    case SizeFamily::skew_normal:
      list = {location, scale, parameter(uniform(-0.8, 0.4))};
      break;
    case SizeFamily::skew_normal_direct:
      list = {location, scale, parameter(uniform(-2.0, 2.0))};
      break;
    case SizeFamily::student_t:
      list = {location, scale, parameter(uniform(4.0, 9.0))};
      break;
    case SizeFamily::empirical:
      list = {location, scale};
      // Points at -1, 0 and 2 with weights 1/4, 1/2, 1/4 have the variance 1.1875.
      plan.sizes.kernel = {{-1.0, 0.0, 2.0}, {0.25, 0.75, 1.0}, 0.5, 0.25, std::sqrt(1.4375)};
      break;
    case SizeFamily::mixture:
      list = {location};
      plan.sizes.components = {
          {parameter(constant(0.7)), parameter(constant(-0.5)), parameter(constant(0.6))},
          {parameter(uniform(0.2, 0.6)), parameter(uniform(0.5, 1.5)), parameter(constant(0.8))}};
      break;
    case SizeFamily::truncated_normal:
      set_sizes(plan, family, {23.0 + offset, 1.5, 21.0 + offset, 26.0 + offset});
      break;
    case SizeFamily::uniform:
      set_sizes(plan, family, {21.0 + offset, 26.0 + offset});
      break;
    case SizeFamily::power_law:
      set_sizes(plan, family, {0.0, 21.0 + offset, 26.0 + offset});
      list[0] = parameter(uniform(0.8, 1.1));
      break;
    case SizeFamily::grid:
      set_sizes(plan, family, {21.0 + offset, 26.0 + offset, 0.5});
      break;
    case SizeFamily::allocation:
      list = {parameter(uniform(0.05, 0.5)), parameter(uniform(0.9, 1.1)),
              parameter(uniform(-5.0, -3.0))};
      plan.count = {CountModel::implied, {}, {}, {}};
      break;
  }
}

}  // namespace detail

/// Two years, three constraints that reject some candidates and some trajectories. `offset` is
/// added to all sizes, totals, thresholds and bounds on sizes.
inline Plan setting_plan(SizeFamily family, Match match, double offset) {
  Plan plan = plain_plan({2024, 2025});
  plan.trajectories = 60;
  plan.batch_trajectories = 8;
  plan.attempts = 40;
  total_of(plan) = by_trajectory(normal(26.0 + offset, 0.4), 2);
  count_of(plan) = by_candidate(uniform(2.6, 10.4), 2);
  detail::set_family(plan, family, offset);
  plan.matching = {match, 0.0, {}};
  if (match == Match::shift) plan.matching.bound.assign(2, 0.25);
  if (match == Match::reject) plan.matching.tolerance = 0.9;
  if (match == Match::last) plan.matching = {match, 0.9, {10.0, 10.0}};
  if (match == Match::none && family != SizeFamily::allocation) set_no_total(plan);
  add_constraint(plan, bounded("largest", 24.8 + offset, 26.3 + offset, 2));
  add_constraint(plan, bounded("largest_share", 0.1, 0.8, 2));
  add_constraint(plan, bounded(fmt::format("count_above(1e{})", 25.0 + offset), 1.0, 6.0, 2));
  plan.outputs.thresholds = {std::pow(10.0, 24.0 + offset), std::pow(10.0, 25.0 + offset)};
  plan.outputs.cumulative_base = {0, 0};
  plan.outputs.statistics = {parse_statistic("sd"), parse_statistic("largest_share")};
  plan.outputs.frontier = {{0.5, 1.0}, 4, 25.0 + offset};
  plan.outputs.keep = Keep::samples;
  plan.outputs.keep_samples = address_limit;
  return plan;
}

inline std::vector<Setting> all_settings(double offset = 0.0) {
  using enum SizeFamily;
  const std::vector<std::pair<SizeFamily, Match>> pairs = {{normal, Match::shift},
                                                           {skew_normal, Match::shift},
                                                           {skew_normal_direct, Match::shift},
                                                           {mixture, Match::shift},
                                                           {student_t, Match::shift},
                                                           {empirical, Match::shift},
                                                           {normal, Match::reject},
                                                           {mixture, Match::reject},
                                                           {student_t, Match::reject},
                                                           {grid, Match::reject},
                                                           {normal, Match::last},
                                                           {uniform, Match::last},
                                                           {student_t, Match::last},
                                                           {power_law, Match::last},
                                                           {truncated_normal, Match::reject},
                                                           {normal, Match::rescale},
                                                           {mixture, Match::rescale},
                                                           {grid, Match::none},
                                                           {truncated_normal, Match::none},
                                                           {allocation, Match::none}};
  std::vector<Setting> settings;
  for (const auto& [family, match] : pairs) {
    settings.push_back({fmt::format("{} {}", static_cast<int>(family), matching_name(match)),
                        setting_plan(family, match, offset)});
  }
  return settings;
}

}  // namespace flopsieve::engine::testing
