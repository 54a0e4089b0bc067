#include "engine/result_tables.hpp"

#include <fmt/format.h>

#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "engine/format.hpp"
#include "engine/parameters.hpp"
#include "engine/split_io.hpp"
#include "engine/summary.hpp"
#include "engine/tally_io.hpp"
#include "engine/tilt_io.hpp"

namespace flopsieve::engine {
namespace {

using Lengths = std::vector<TableDimension>;

/// Estimates of [year, inner] as quantile, bounds, mean and its standard error. `units` is "" where
/// each statistic has its own.
void add_estimates(const Plan& plan, const std::vector<Estimate>& estimates, const char* group,
                   const std::string& prefix, const TableDimension& inner, const char* units,
                   const std::string& meaning, std::vector<ResultTable>& tables) {
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
  const Lengths cell{{format::year, plan.year_count()}, inner};
  Lengths by_quantile = cell;
  by_quantile.push_back({format::quantile, plan.outputs.quantiles.size()});
  Lengths by_bound = by_quantile;
  by_bound.push_back({format::bound, 2});
  const auto add = [&](const char* name, Lengths dimensions, const std::string& what,
                       std::vector<double> numbers) {
    tables.push_back({group, prefix + name, std::move(dimensions), units,
                      what + " of the " + meaning, std::move(numbers)});
  };
  add("quantiles", by_quantile, "quantiles", std::move(values));
  add("bounds", by_bound, "95 % Monte Carlo interval of each quantile", std::move(bounds));
  add("mean", cell, "mean", std::move(means));
  add("standard_error", cell, "Monte Carlo standard error of the mean", std::move(errors));
}

template <class T>
void write_table(H5File& file, const ResultTable& table, const std::vector<T>& values) {
  std::vector<Dimension> dimensions;
  for (const TableDimension& each : table.dimensions) {
    dimensions.push_back(along(table.group, each.scale, each.length));
  }
  file.write(fmt::format("{}/{}", table.group, table.name), values,
             {std::move(dimensions), table.units, table.meaning});
}

void write_tables(H5File& file, const std::vector<ResultTable>& tables) {
  for (const ResultTable& table : tables) {
    std::visit([&](const auto& values) { write_table(file, table, values); }, table.values);
  }
}

void write_known_counts(H5File& file, const Plan& plan) {
  const Dimension threshold =
      along(format::counts, format::threshold, plan.outputs.thresholds.size());
  file.write("/counts/cumulative_base", plan.outputs.cumulative_base,
             {{threshold},
              "1",
              "known models before the forecast, included in cumulative_* of its years"});
  if (plan.outputs.observed.empty()) return;
  file.write("/counts/observed", plan.outputs.observed,
             {{along(format::counts, format::year, plan.year_count()), threshold},
              "1",
              "known models above the threshold in the year, reported instead of simulated "
              "ones; -1: simulated"});
}

struct YearNumber {
  const char* name;
  const char* meaning;
  std::uint64_t YearTally::*member;
};
constexpr YearNumber year_numbers[] = {
    {"candidates", "candidates up to each survivor", &YearTally::candidates},
    {"survivors", "candidates that met every constraint", &YearTally::survivors},
    {"first_trials", "trajectories that reached the year", &YearTally::first_trials},
    {"first_passes", "survivors at the first attempt", &YearTally::first_passes},
    {"exhausted", "trajectories that ran out of attempts", &YearTally::exhausted},
    {"audited", "candidates judged in full for the cutflow", &YearTally::audited},
    {"audited_survivors", "audited candidates that survived", &YearTally::audited_survivors},
};

void add_cutflow(const Plan& plan, const Tally& tally, std::vector<ResultTable>& tables) {
  const TableDimension year{format::year, plan.year_count()};
  const TableDimension rejector{format::constraint, plan.constraints.size() + 1};
  std::vector<std::uint64_t> killed, alone, without, joint;
  for (const YearTally& each : tally.years) {
    for (const RejectorReport& report : cutflow(plan, each)) {
      killed.push_back(report.killed);
      alone.push_back(report.alone);
      without.push_back(report.without);
    }
    joint.insert(joint.end(), each.joint.begin(), each.joint.end());
  }
  const auto add = [&](const char* name, const char* meaning, Lengths dimensions,
                       std::vector<std::uint64_t> values) {
    tables.push_back({format::acceptance, name, std::move(dimensions), "1",
                      fmt::format("audited: {}", meaning), std::move(values)});
  };
  add("killed", "the first to reject, in declared order", {year, rejector}, std::move(killed));
  add("alone", "rejected by this one", {year, rejector}, std::move(alone));
  add("without", "would survive without this one", {year, rejector}, std::move(without));
  add("joint", "rejected by both", {year, rejector, {format::other_constraint, rejector.length}},
      std::move(joint));
}

}  // namespace

std::uint64_t ResultTable::size() const {
  std::uint64_t numbers = 1;
  for (const TableDimension& each : dimensions) numbers *= each.length;
  return numbers;
}

std::vector<ResultTable> summary_tables(const Plan& plan, const Tally& tally) {
  const Summary summary = summarise(plan, tally);
  std::vector<ResultTable> tables;
  const TableDimension threshold{format::threshold, plan.outputs.thresholds.size()};
  add_estimates(plan, summary.counts, format::counts, "", threshold, "1",
                "number of models above the threshold in the year", tables);
  add_estimates(plan, summary.cumulative, format::counts, "cumulative_", threshold, "1",
                "number of models above the threshold up to the year's end", tables);
  if (!plan.outputs.frontier.widths.empty()) {
    const TableDimension width{format::width, plan.outputs.frontier.widths.size()};
    add_estimates(plan, summary.frontier_before, format::frontier, "before_", width, "1",
                  "number of frontier-connected models in the year, convention `before`", tables);
    add_estimates(plan, summary.frontier_including, format::frontier, "including_", width, "1",
                  "number of frontier-connected models in the year, convention `including`",
                  tables);
  }
  if (!plan.outputs.statistics.empty()) {
    add_estimates(plan, summary.statistics, format::statistics, "",
                  {format::statistic, plan.outputs.statistics.size()}, "", "statistic", tables);
  }
  return tables;
}

std::vector<ResultTable> acceptance_tables(const Plan& plan, const Tally& tally) {
  std::vector<ResultTable> tables;
  for (const YearNumber& number : year_numbers) {
    std::vector<std::uint64_t> values;
    for (const YearTally& each : tally.years) values.push_back(each.*number.member);
    tables.push_back({format::acceptance,
                      number.name,
                      {{format::year, plan.year_count()}},
                      "1",
                      number.meaning,
                      std::move(values)});
  }
  add_cutflow(plan, tally, tables);
  return tables;
}

void write_summary(H5File& file, const Plan& plan, const Tally& tally) {
  if (tally.complete == 0) return;
  write_tables(file, summary_tables(plan, tally));
  write_known_counts(file, plan);
}

void write_acceptance(H5File& file, const Plan& plan, const Tally& tally) {
  write_tables(file, acceptance_tables(plan, tally));
  if (plan.sampling.method == Method::split) write_tables(file, split_tables(plan, tally));
  if (is_tilted(plan.sampling.method)) write_tables(file, tilt_tables(plan, tally));
}

void write_common_attributes(H5File& file, const Plan& plan, const char* kind) {
  const auto text = [&](const char* name, std::string_view value) {
    file.write_attribute("/", name, value);
  };
  text("Conventions", "CF-1.10");
  text("title", plan.title);
  text("source", "flopsieve: Monte Carlo by rejection");
  text(format::kind, kind);
  file.write_attribute("/", format::format_version, std::int32_t{format::version});
  file.write_attribute("/", "sampling_version", std::int32_t{sampling_version});
  file.write_attribute("/", "seed", plan.seed);
  text("calibration", plan.calibration.name);
  text("calibration_sha256", plan.calibration.sha256);
  text(format::plan, plan_to_json(plan));
}

void write_attributes(H5File& file, const Study& study, const Tally& tally) {
  const auto text = [&](const char* name, std::string_view value) {
    file.write_attribute("/", name, value);
  };
  write_common_attributes(file, study.plan, format::kind_run);
  text(format::identity, study.identity);
  file.write_attribute("/", "trajectories", tally.trajectories);
  file.write_attribute("/", "complete_trajectories", tally.complete);
  text("result_class", result_class(study.plan));
  text("sampling_method", name(study.plan.sampling.method));
  text("sampling_reason", study.plan.sampling.reason);
  file.write_attribute("/", "stopped_early",
                       std::int32_t{stopped_early(study.plan, tally) ? 1 : 0});
  for (const auto& [name, value] : study.provenance) text(name.c_str(), value);
  text(format::job, study.job);
}

void mark_complete(H5File& file) {
  file.write_attribute("/", format::complete, std::int32_t{1});
  file.write_attribute("/", format::metadata_sha256, file.metadata_sha256(format::metadata_sha256));
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
