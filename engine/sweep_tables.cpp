#include "engine/sweep_tables.hpp"

#include <cmath>
#include <limits>
#include <string_view>
#include <utility>

#include "engine/format.hpp"
#include "engine/result_tables.hpp"
#include "engine/split_io.hpp"
#include "engine/summary.hpp"
#include "engine/tilt_io.hpp"

namespace flopsieve::engine {
namespace {

constexpr std::size_t worth_writing = std::size_t{1} << 20;

constexpr char no_group[] = "";

void append_to(std::vector<ResultTable>& tables, std::vector<ResultTable> more) {
  for (ResultTable& table : more) tables.push_back(std::move(table));
}

/// Numbers of a variant as a whole.
std::vector<ResultTable> whole_tables(const JoinedVariant& variant, const Plan& plan) {
  const auto one = [](const char* name, const char* meaning, std::uint64_t value) {
    return ResultTable{no_group, name, {}, "1", meaning, std::vector<std::uint64_t>{value}};
  };
  return {one("batches", "batches that were folded", variant.batches),
          one("trajectories", "trajectories started", variant.tally.trajectories),
          one("complete", "trajectories with a survivor in every year", variant.tally.complete),
          {no_group,
           "cumulative_base",
           {{format::threshold, plan.outputs.thresholds.size()}},
           "1",
           "known models before the forecast, included in cumulative_* of its years",
           plan.outputs.cumulative_base}};
}

struct PassRate {
  double probability = 0.0;
  double error = 0.0;
};

PassRate pass_rate(Method method, const YearTally& year) {
  if (method == Method::split) {
    const SplitReport report = report_split(year);
    return {report.probability, report.error};
  }
  if (is_tilted(method)) {
    const TiltReport report = report_tilt(year);
    return {report.probability, report.error};
  }
  const double nothing = std::numeric_limits<double>::quiet_NaN();
  if (year.first_trials == 0) return {nothing, nothing};
  const auto n = static_cast<double>(year.first_trials);
  const double p = static_cast<double>(year.first_passes) / n;
  return {p, std::sqrt(p * (1.0 - p) / n)};
}

/// P(constraints), by whatever the method says of it.
std::vector<ResultTable> probability_tables(const Plan& plan, const Tally& tally) {
  std::vector<double> probabilities, errors;
  for (const YearTally& year : tally.years) {
    const PassRate rate = pass_rate(plan.sampling.method, year);
    probabilities.push_back(rate.probability);
    errors.push_back(rate.error);
  }
  const TableDimension year{format::year, plan.year_count()};
  return {{format::acceptance,
           "probability",
           {year},
           "1",
           "P(constraints): of the first attempts of a year that reach it",
           std::move(probabilities)},
          {format::acceptance,
           "probability_error",
           {year},
           "1",
           "its standard error",
           std::move(errors)}};
}

void clear_values(std::vector<ResultTable>& tables) {
  for (ResultTable& table : tables) {
    std::visit([](auto& values) { values.clear(); }, table.values);
  }
}

std::vector<ResultTable> method_tables(bool wanted, bool known, std::vector<ResultTable> tables) {
  if (!wanted) return {};
  if (!known) clear_values(tables);
  return tables;
}

template <class T>
constexpr T unknown() {
  if constexpr (std::is_same_v<T, double>) return std::numeric_limits<double>::quiet_NaN();
  return 0;
}

}  // namespace

std::vector<ResultTable> variant_tables(const SweepStudy& study, const SweepMethods& methods,
                                        const JoinedVariant& variant) {
  const Plan& plan = variant.plan ? *variant.plan : study.base;
  const Tally none(plan);
  const Tally& tally = variant.ok() ? variant.tally : none;
  const Method method = plan.sampling.method;
  std::vector<ResultTable> tables = whole_tables(variant, plan);
  append_to(tables, summary_tables(plan, tally));
  std::vector<ResultTable> more = probability_tables(plan, tally);
  append_to(more, method_tables(methods.split, method == Method::split, split_tables(plan, tally)));
  append_to(more, method_tables(methods.tilt, is_tilted(method), tilt_tables(plan, tally)));
  if (!variant.ok()) clear_values(more);
  append_to(tables, acceptance_tables(plan, tally));
  append_to(tables, std::move(more));
  return tables;
}

std::string name_in_sweep(const ResultTable& table) {
  const std::string_view group = table.group;
  const bool alone = group.empty() ||
                     (group == format::counts && table.name.starts_with("cumul")) ||
                     table.name == "candidates" || table.name == "survivors";
  return alone ? table.name : std::string(group.substr(1)) + "_" + table.name;
}

std::vector<std::string> scales_of_sweep(const Plan& base) {
  std::vector<std::string> scales{format::year,  format::threshold,  format::quantile,
                                  format::bound, format::constraint, format::other_constraint};
  if (!base.outputs.statistics.empty()) scales.emplace_back(format::statistic);
  if (!base.outputs.frontier.widths.empty()) scales.emplace_back(format::width);
  return scales;
}

SweepTables::SweepTables(H5File& file, const SweepStudy& study, const SweepMethods& methods)
    : study_(study), methods_(methods) {
  JoinedVariant none;
  none.status.clear();
  for (const ResultTable& table : variant_tables(study, methods, none)) {
    const std::string path = "/" + name_in_sweep(table);
    std::vector<Dimension> dimensions{{std::string("/") + format::variant, study.variants}};
    for (const TableDimension& each : table.dimensions) {
      dimensions.push_back({std::string("/") + each.scale, each.length});
    }
    const DatasetInfo info{std::move(dimensions), table.units, table.meaning};
    names_.push_back(name_in_sweep(table));
    if (std::holds_alternative<std::vector<double>>(table.values)) {
      tables_.emplace_back(Table<double>{RowWriter<double>(file, path, info, kNoChunks), {}});
    } else {
      tables_.emplace_back(
          Table<std::uint64_t>{RowWriter<std::uint64_t>(file, path, info, kNoChunks), {}});
    }
  }
}

void SweepTables::append(const JoinedVariant& variant) {
  const std::vector<ResultTable> rows = variant_tables(study_, methods_, variant);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const ResultTable& row = rows[i];
    std::visit(
        [&]<class T>(Table<T>& table) {
          const auto& values = std::get<std::vector<T>>(row.values);
          if (values.empty()) {
            table.waiting.resize(table.waiting.size() + row.size(), unknown<T>());
          } else {
            table.waiting.insert(table.waiting.end(), values.begin(), values.end());
          }
        },
        tables_[i]);
    waiting_bytes_ += row.size() * sizeof(std::uint64_t);
  }
  if (waiting_bytes_ >= worth_writing) flush();
}

void SweepTables::flush() {
  for (AnyTable& any : tables_) {
    std::visit(
        [](auto& table) {
          table.writer.append(table.waiting);
          table.waiting.clear();
        },
        any);
  }
  waiting_bytes_ = 0;
}

void SweepTables::finish() {
  flush();
  for (AnyTable& any : tables_) {
    std::visit([](auto& table) { table.writer.finish(); }, any);
  }
}

}  // namespace flopsieve::engine
