#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/plan.hpp"
#include "engine/sieve.hpp"
#include "engine/study.hpp"

/// Builders of Plans for the tests of this folder.
namespace flopsieve::engine::testing {

inline constexpr double infinity = std::numeric_limits<double>::infinity();

inline Distribution law(kernels::Law kind, double a, double b = 0.0, double c = 0.0) {
  return {kind, {Argument{a}, Argument{b}, Argument{c}}, -infinity, infinity};
}

inline Distribution constant(double value) {
  return law(kernels::Law::constant, value);
}

inline Distribution uniform(double lower, double upper) {
  return law(kernels::Law::uniform, lower, upper);
}

inline Distribution normal(double mean, double sd) {
  return law(kernels::Law::normal, mean, sd);
}

inline Distribution within(Distribution distribution, double lower, double upper) {
  distribution.lower = lower;
  distribution.upper = upper;
  return distribution;
}

inline Input by_candidate(const Distribution& distribution, std::size_t years = 1) {
  return {Scope::candidate, 0.0, std::vector<Distribution>(years, distribution)};
}

inline Input by_trajectory(const Distribution& distribution, std::size_t years = 1) {
  return {Scope::trajectory, 0.0, std::vector<Distribution>(years, distribution)};
}

/// The parameters of the models that the Plans of these tests mostly use.
inline Input& total_of(Plan& plan) {
  plan.total.parameters.resize(1);
  return plan.total.parameters[0];
}
inline Input& count_of(Plan& plan) {
  plan.count.parameters.resize(std::max<std::size_t>(plan.count.parameters.size(), 1));
  return plan.count.parameters[0];
}
inline Input& mean_of(Plan& plan) {
  return plan.sizes.parameters.at(0);
}
inline Input& sd_of(Plan& plan) {
  return plan.sizes.parameters.at(1);
}
inline Input& skewness_of(Plan& plan) {
  return plan.sizes.parameters.at(2);
}

/// Trials with the trajectories that they refer to.
struct Trials {
  std::deque<Trajectory> trajectories;
  std::vector<Trial> list;

  void add(const InputSampler& inputs, const Address& address) {
    trajectories.push_back(inputs.trajectory(address.trajectory));
    list.push_back({&trajectories.back(), address});
  }
  std::size_t size() const { return list.size(); }
  const Trial& operator[](std::size_t i) const { return list[i]; }
  operator std::span<const Trial>() const { return list; }
};

inline Constraint bounded(const std::string& statistic, double lower, double upper,
                          std::size_t years = 1) {
  Constraint constraint;
  constraint.name = statistic;
  constraint.statistic = parse_statistic(statistic);
  constraint.active.assign(years, 1);
  constraint.lower.assign(years, lower);
  constraint.upper.assign(years, upper);
  return constraint;
}

/// A constraint that refuses nobody for certain: the statistic near `centre` in every year.
inline Constraint soft(const std::string& statistic, double centre, double spread,
                       std::size_t years = 1) {
  Constraint constraint = bounded(statistic, -infinity, infinity, years);
  constraint.centre.assign(years, centre);
  constraint.spread.assign(years, spread);
  constraint.address = soft_address(constraint);
  return constraint;
}

inline void add_constraint(Plan& plan, Constraint constraint) {
  plan.cascade.push_back(static_cast<std::uint32_t>(plan.constraints.size()));
  plan.constraints.push_back(std::move(constraint));
}

/// One model of `sizes` around the year's total: everything constant, matched by shift with a
/// uniform prior of the mean on [20, 30], so that nothing is rejected. Tests replace what they
/// are about.
inline Plan plain_plan(std::vector<int> years) {
  const std::size_t n = years.size();
  Plan plan;
  plan.title = "test";
  plan.seed = 20241121;
  plan.years = std::move(years);
  plan.trajectories = 64;
  plan.batch_trajectories = 8;
  plan.sizes.parameters.resize(3);
  plan.total.model = TotalModel::table;
  total_of(plan) = by_candidate(constant(26.0), n);
  count_of(plan) = by_candidate(constant(10.0), n);
  mean_of(plan) = by_candidate(uniform(20.0, 30.0), n);
  sd_of(plan) = by_candidate(constant(1.0), n);
  skewness_of(plan) = by_candidate(constant(0.0), n);
  plan.matching.bound.assign(n, 0.1);
  plan.outputs.quantiles = {0.05, 0.5, 0.95};
  plan.outputs.forecast_from = plan.years.front();
  return plan;
}

/// Uneven and partly failing: k from 2 to 600, and an acceptance that hangs on the trajectory's
/// total, so that some trajectories run out of their attempts.
inline Plan uneven_plan(Keep keep) {
  Plan plan = plain_plan({2024, 2025});
  plan.trajectories = 66 * 4 - 1;  // the last batch is short
  plan.batch_trajectories = 4;
  plan.attempts = 12;
  total_of(plan) = by_trajectory(normal(26.0, 1.0), 2);
  count_of(plan) = by_candidate(law(kernels::Law::loguniform, 2.0, 600.0), 2);
  sd_of(plan) = by_candidate(uniform(0.8, 1.8), 2);
  skewness_of(plan) = by_candidate(uniform(-0.9, 0.2), 2);
  mean_of(plan) = by_candidate(uniform(22.0, 25.0), 2);
  plan.matching.bound.assign(2, 1.0 / 3.0);
  add_constraint(plan, bounded("largest_share", 0.05, 0.6, 2));
  add_constraint(plan, bounded("allocation_gradient", 0.5, 1.6, 2));
  plan.outputs.thresholds = {1e24, 1e25, 1e26};
  plan.outputs.cumulative_base = {9, 4, 0};
  plan.outputs.statistics = {parse_statistic("mean"), parse_statistic("largest_share"),
                             parse_statistic("count"), parse_statistic("gini")};
  plan.outputs.keep = keep;
  plan.outputs.keep_samples = keep == Keep::samples ? 30 : 0;
  return plan;
}

/// Counts of 1 to 40 models, most of which are above the lowest threshold; to be known
/// to so many models.
inline Plan precise_plan(double absolute) {
  Plan plan = plain_plan({2024, 2025});
  plan.seed = 3;
  plan.trajectories = 6'010;
  plan.batch_trajectories = 40;
  count_of(plan) = by_candidate(uniform(0.5, 40.5), 2);
  add_constraint(plan, bounded("largest_share", 0.0, 0.9, 2));
  plan.attempts = 50;
  plan.outputs.thresholds = {1e20, 1e25};
  plan.outputs.cumulative_base = {0, 0};
  plan.outputs.statistics = {parse_statistic("largest")};
  plan.outputs.keep = Keep::statistics;
  plan.precision.absolute = absolute;
  return plan;
}

/// The settings of the independent prototype of the default job (prototype_test.cpp).
inline Plan prototype_plan(const std::vector<int>& years) {
  const std::size_t n = years.size();
  Plan plan = plain_plan(years);
  plan.total.model = TotalModel::growth;
  total_of(plan) = by_candidate(normal(0.0, 0.5), n);
  plan.total.growth = 3.9375;
  plan.total.base_flop = 1.350e26;
  plan.total.usage_multiplier = 2.5;
  plan.total.base_year = 2023;
  plan.count.model = CountModel::poisson;
  count_of(plan).years.clear();
  for (const int year : years) {
    plan.total.train_share.push_back(year <= 2026 ? 0.4 : 0.3);
    count_of(plan).years.push_back(
        law(kernels::Law::lognormal, std::log(57.0) + 0.146 * (year - 2023), 0.2));
  }
  mean_of(plan) = by_candidate(uniform(22.5, 26.8), n);
  plan.matching.bound.assign(n, 1.0 / (26.8 - 22.5));
  sd_of(plan) = by_candidate(uniform(1.4, 2.0), n);
  skewness_of(plan) = by_candidate(uniform(-0.95, 0.0), n);
  add_constraint(plan, bounded("largest_share", 0.05, 0.50, n));
  add_constraint(plan, bounded("allocation_gradient", 0.948, 1.077, n));
  plan.outputs.thresholds = {1e25, 1e26};
  plan.outputs.cumulative_base = {0, 0};
  return plan;
}

inline Study study_of(const Plan& plan) {
  return {plan, plan_identity(plan), "seed = 1\n", {{"program", "flopsieve test"}}};
}

}  // namespace flopsieve::engine::testing
