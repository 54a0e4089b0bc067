#include "engine/result_tables.hpp"

#include <fmt/format.h>

#include <limits>
#include <string>
#include <vector>

#include "engine/format.hpp"
#include "engine/parameters.hpp"
#include "engine/split_io.hpp"
#include "engine/summary.hpp"
#include "engine/tally_io.hpp"
#include "engine/tilt_io.hpp"

namespace flopsieve::engine {
namespace {

/// Estimates of [year, inner] as quantile, bounds, mean and its standard error. `units` is "" where
/// each statistic has its own.
void write_estimates(H5File& file, const Plan& plan, const std::vector<Estimate>& estimates,
                     const char* group, const std::string& prefix, const Dimension& inner,
                     const char* units, const std::string& meaning) {
  const std::vector<Dimension> cell{along(group, format::year, plan.year_count()), inner};
  std::vector<double> values, bounds, means, errors;
  const double nothing = std::numeric_limits<double>::quiet_NaN();
  for (const Estimate& estimate : estimates) {
    means.push_back(estimate.mean);
    errors.push_back(estimate.standard_error);
    for (const QuantileEstimate& quantile : estimate.quantiles) {
      values.push_back(quantile.value);
      bounds.push_back(quantile.low.value_or(nothing));
      bounds.push_back(quantile.high.value_or(nothing));
    }
  }
  std::vector<Dimension> by_quantile = cell;
  by_quantile.push_back(along(group, format::quantile, plan.outputs.quantiles.size()));
  std::vector<Dimension> by_bound = by_quantile;
  by_bound.push_back(along(group, format::bound, 2));
  const auto path = [&](const char* name) { return fmt::format("{}/{}{}", group, prefix, name); };
  file.write(path("quantiles"), values, {by_quantile, units, "quantiles of the " + meaning});
  file.write(path("bounds"), bounds,
             {by_bound, units, "95 % Monte Carlo interval of each quantile of the " + meaning});
  file.write(path("mean"), means, {cell, units, "mean of the " + meaning});
  file.write(path("standard_error"), errors,
             {cell, units, "Monte Carlo standard error of the mean of the " + meaning});
}

}  // namespace

void write_summary(H5File& file, const Plan& plan, const Tally& tally) {
  const Summary summary = summarise(plan, tally);
  if (summary.counts.empty()) return;
  const Dimension threshold =
      along(format::counts, format::threshold, plan.outputs.thresholds.size());
  write_estimates(file, plan, summary.counts, format::counts, "", threshold, "1",
                  "number of models above the threshold in the year");
  write_estimates(file, plan, summary.cumulative, format::counts, "cumulative_", threshold, "1",
                  "number of models above the threshold up to the year's end");
  file.write("/counts/cumulative_base", plan.outputs.cumulative_base,
             {{threshold},
              "1",
              "known models before the forecast, included in cumulative_* of its years"});
  if (!plan.outputs.observed.empty()) {
    file.write("/counts/observed", plan.outputs.observed,
               {{along(format::counts, format::year, plan.year_count()), threshold},
                "1",
                "known models above the threshold in the year, reported instead of simulated "
                "ones; -1: simulated"});
  }
  if (!summary.frontier_before.empty()) {
    const Dimension width =
        along(format::frontier, format::width, plan.outputs.frontier.widths.size());
    write_estimates(file, plan, summary.frontier_before, format::frontier, "before_", width, "1",
                    "number of frontier-connected models in the year, convention `before`");
    write_estimates(file, plan, summary.frontier_including, format::frontier, "including_", width,
                    "1", "number of frontier-connected models in the year, convention `including`");
  }
  if (plan.outputs.statistics.empty()) return;
  write_estimates(file, plan, summary.statistics, format::statistics, "",
                  along(format::statistics, format::statistic, plan.outputs.statistics.size()), "",
                  "statistic");
}

void write_acceptance(H5File& file, const Plan& plan, const Tally& tally) {
  const Dimension year = along(format::acceptance, format::year, plan.year_count());
  const Dimension rejector =
      along(format::acceptance, format::constraint, plan.constraints.size() + 1);
  const auto numbers = [&](const char* name, std::uint64_t YearTally::*member,
                           const char* meaning) {
    std::vector<std::uint64_t> values;
    for (const YearTally& each : tally.years) values.push_back(each.*member);
    file.write(fmt::format("/acceptance/{}", name), values, {{year}, "1", meaning});
  };
  numbers("candidates", &YearTally::candidates, "candidates up to each survivor");
  numbers("survivors", &YearTally::survivors, "candidates that met every constraint");
  numbers("first_trials", &YearTally::first_trials, "trajectories that reached the year");
  numbers("first_passes", &YearTally::first_passes, "survivors at the first attempt");
  numbers("exhausted", &YearTally::exhausted, "trajectories that ran out of attempts");
  numbers("audited", &YearTally::audited, "candidates judged in full for the cutflow");
  numbers("audited_survivors", &YearTally::audited_survivors, "audited candidates that survived");
  std::vector<std::uint64_t> killed, alone, without, joint;
  for (const YearTally& each : tally.years) {
    for (const RejectorReport& report : cutflow(plan, each)) {
      killed.push_back(report.killed);
      alone.push_back(report.alone);
      without.push_back(report.without);
    }
    joint.insert(joint.end(), each.joint.begin(), each.joint.end());
  }
  file.write("/acceptance/killed", killed,
             {{year, rejector}, "1", "audited: the first to reject, in declared order"});
  file.write("/acceptance/alone", alone, {{year, rejector}, "1", "audited: rejected by this one"});
  file.write("/acceptance/without", without,
             {{year, rejector}, "1", "audited: would survive without this one"});
  file.write(
      "/acceptance/joint", joint,
      {{year, rejector, along(format::acceptance, format::other_constraint, rejector.length)},
       "1",
       "audited: rejected by both"});
  if (plan.sampling.method == Method::split) write_split_acceptance(file, plan, tally);
  if (is_tilted(plan.sampling.method)) write_tilt_acceptance(file, plan, tally);
}

void write_attributes(H5File& file, const Study& study, const Tally& tally) {
  const auto text = [&](const char* name, std::string_view value) {
    file.write_attribute("/", name, value);
  };
  text("Conventions", "CF-1.10");
  text("title", study.plan.title);
  text("source", "flopsieve: Monte Carlo by rejection");
  text(format::kind, format::kind_run);
  file.write_attribute("/", format::format_version, std::int32_t{format::version});
  file.write_attribute("/", "sampling_version", std::int32_t{sampling_version});
  text(format::identity, study.identity);
  file.write_attribute("/", "seed", study.plan.seed);
  file.write_attribute("/", "trajectories", tally.trajectories);
  file.write_attribute("/", "complete_trajectories", tally.complete);
  text("result_class", result_class(study.plan));
  text("sampling_method", name(study.plan.sampling.method));
  text("sampling_reason", study.plan.sampling.reason);
  file.write_attribute("/", "stopped_early",
                       std::int32_t{stopped_early(study.plan, tally) ? 1 : 0});
  text("calibration", study.plan.calibration.name);
  text("calibration_sha256", study.plan.calibration.sha256);
  for (const auto& [name, value] : study.provenance) text(name.c_str(), value);
  text(format::plan, plan_to_json(study.plan));
  text(format::job, study.job);
}

void write_group_scales(H5File& file, const Plan& plan) {
  using namespace format;
  write_scales(file, plan, "", {year, threshold, quantile, statistic, constraint});
  write_scales(file, plan, counts, {year, threshold, quantile, bound});
  write_scales(file, plan, statistics, {year, statistic, quantile, bound});
  write_scales(file, plan, acceptance, {year, constraint, other_constraint});
  if (!plan.outputs.frontier.widths.empty()) {
    write_scales(file, plan, frontier, {year, width, quantile, bound});
  }
}

}  // namespace flopsieve::engine
