#include "jobs/compare.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/error.hpp"
#include "engine/summary.hpp"
#include "jobs/differing_values.hpp"
#include "jobs/report_words.hpp"

namespace flopsieve::jobs {
namespace {

using engine::Estimate;
using engine::Method;
using engine::Outputs;
using engine::Plan;
using engine::Summary;

constexpr double normal_975 = 1.959963984540054;

[[noreturn]] void refuse(const std::string& message) {
  throw engine::Error(engine::ExitCode::bad_input, message);
}

/// What every run has, in the order of the first; names in words what some of them lack.
template <class T, class Get, class Name>
std::vector<T> common(const std::vector<NamedResults>& runs, const std::string& kind,
                      const Get& get, const Name& name, std::vector<std::string>& left_out) {
  const auto has = [&](const NamedResults& run, const T& item) {
    const auto& items = get(run.results.study.plan);
    return std::find(items.begin(), items.end(), item) != items.end();
  };
  const auto in_all = [&](const T& item) {
    return std::all_of(runs.begin(), runs.end(), [&](const auto& run) { return has(run, item); });
  };
  std::vector<T> shared;
  for (const T& item : get(runs.front().results.study.plan)) {
    if (in_all(item)) shared.push_back(item);
  }
  for (const NamedResults& run : runs) {
    std::vector<std::string> names;
    for (const T& item : get(run.results.study.plan)) {
      if (!in_all(item)) names.push_back(name(item));
    }
    if (names.empty()) continue;
    left_out.push_back(fmt::format("{} {} of {}", kind, fmt::join(names, ", "), run.name));
  }
  return shared;
}

std::optional<double> half_width(const engine::QuantileEstimate& quantile) {
  if (!quantile.low || !quantile.high) return std::nullopt;
  return (*quantile.high - *quantile.low) / 2.0;
}

template <class T>
std::size_t index_of(const std::vector<T>& items, const T& item) {
  return static_cast<std::size_t>(std::find(items.begin(), items.end(), item) - items.begin());
}

/// Half the width of Wilson's score interval of a share.
Measure share(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return {};
  const auto n = static_cast<double>(whole);
  const double p = ratio(part, whole);
  const double z2 = normal_975 * normal_975;
  const double spread = std::sqrt(p * (1.0 - p) / n + z2 / (4.0 * n * n));
  return {p, normal_975 * spread / (1.0 + z2 / n)};
}

/// P(constraints) of a year.
Measure pass_rate(Method method, const engine::YearTally& year) {
  if (method == Method::split) {
    const engine::SplitReport report = engine::report_split(year);
    return {report.probability, normal_975 * report.error};
  }
  if (engine::is_tilted(method)) {
    const engine::TiltReport report = engine::report_tilt(year);
    if (std::isnan(report.error)) return {report.probability, std::nullopt};
    return {report.probability, normal_975 * report.error};
  }
  return share(year.first_passes, year.first_trials);
}

Measure acceptance_of(Acceptance what, Method method, const engine::YearTally& year) {
  switch (what) {
    case Acceptance::first_attempt_pass_rate:
      return pass_rate(method, year);
    case Acceptance::efficiency:
      return {ratio(year.survivors, year.candidates), std::nullopt};
    case Acceptance::exhausted:
      break;
  }
  return {static_cast<double>(year.exhausted), std::nullopt};
}

/// Fills the cells of a Comparison from the runs.
class Filler {
 public:
  Filler(const std::vector<NamedResults>& runs, Comparison& result) : runs_(runs), result_(result) {
    for (const NamedResults& run : runs) {
      summaries_.push_back(summarise(run.results.study.plan, run.results.tally));
    }
  }

  void fill() {
    const auto thresholds = [](const Plan& plan) -> auto& {
      return plan.outputs.thresholds;
    };
    const auto statistics = [](const Plan& plan) -> auto& {
      return plan.outputs.statistics;
    };
    result_.counts = cells(&Summary::counts, result_.thresholds, thresholds);
    result_.cumulative = cells(&Summary::cumulative, result_.thresholds, thresholds);
    leave_out_other_starts();
    const auto widths = [](const Plan& plan) -> auto& {
      return plan.outputs.frontier.widths;
    };
    result_.frontier_before = cells(&Summary::frontier_before, result_.frontier_widths, widths);
    result_.frontier_including =
        cells(&Summary::frontier_including, result_.frontier_widths, widths);
    result_.statistic_cells = cells(&Summary::statistics, result_.statistics, statistics);
    fill_acceptance();
  }

 private:
  const Plan& plan(std::size_t run) const { return runs_[run].results.study.plan; }

  std::vector<Measure> measures(const Estimate& estimate, const Plan& plan) const {
    std::vector<Measure> result;
    for (const double q : result_.quantiles) {
      const auto& quantile = estimate.quantiles[index_of(plan.outputs.quantiles, q)];
      result.push_back({quantile.value, half_width(quantile)});
    }
    result.push_back({estimate.mean, normal_975 * estimate.standard_error});
    return result;
  }

  /// One cell for each shared year and item; `own` gives the items of a plan.
  template <class T, class Own>
  std::vector<ComparedCell> cells(std::vector<Estimate> Summary::*estimates,
                                  const std::vector<T>& items, const Own& own) const {
    std::vector<ComparedCell> result;
    for (const int year : result_.years) {
      for (std::size_t i = 0; i < items.size(); ++i) {
        ComparedCell cell{year, i, {}};
        for (std::size_t run = 0; run < runs_.size(); ++run) {
          const auto& all = own(plan(run));
          const std::size_t at =
              index_of(plan(run).years, year) * all.size() + index_of(all, items[i]);
          cell.runs.push_back(measures((summaries_[run].*estimates)[at], plan(run)));
        }
        result.push_back(std::move(cell));
      }
    }
    return result;
  }

  bool same_start(int year) const {
    return std::all_of(runs_.begin(), runs_.end(), [&](const NamedResults& run) {
      return cumulative_start(run.results.study.plan, year) == cumulative_start(plan(0), year);
    });
  }

  void leave_out_other_starts() {
    std::vector<int> years;
    for (const int year : result_.years) {
      if (!same_start(year)) years.push_back(year);
    }
    if (years.empty()) return;
    result_.left_out.push_back(fmt::format(
        "cumulative counts of {} (not added up from the same year)", fmt::join(years, ", ")));
    std::erase_if(result_.cumulative, [&](const auto& cell) { return !same_start(cell.year); });
  }

  void fill_acceptance() {
    for (const int year : result_.years) {
      for (const Acceptance what :
           {Acceptance::first_attempt_pass_rate, Acceptance::efficiency, Acceptance::exhausted}) {
        ComparedCell cell{year, static_cast<std::size_t>(what), {}};
        for (const NamedResults& run : runs_) {
          const std::size_t at = index_of(run.results.study.plan.years, year);
          cell.runs.push_back({acceptance_of(what, run.results.study.plan.sampling.method,
                                             run.results.tally.years[at])});
        }
        result_.acceptance.push_back(std::move(cell));
      }
    }
  }

  const std::vector<NamedResults>& runs_;
  Comparison& result_;
  std::vector<Summary> summaries_;
};

void demand_comparable(const std::vector<NamedResults>& runs) {
  if (runs.size() < 2) refuse("compare needs at least two result files");
  for (const NamedResults& run : runs) {
    if (run.results.tally.complete > 0) continue;
    refuse(run.name + ": no trajectory is complete, so there is nothing to compare");
  }
}

bool two_share_a_seed(const std::vector<NamedResults>& runs) {
  std::vector<std::uint64_t> seeds;
  for (const NamedResults& run : runs) seeds.push_back(run.results.study.plan.seed);
  std::sort(seeds.begin(), seeds.end());
  return std::adjacent_find(seeds.begin(), seeds.end()) != seeds.end();
}

}  // namespace

Measure difference(const Measure& first, const Measure& other) {
  Measure result{other.value - first.value, std::nullopt};
  if (first.error && other.error) result.error = std::hypot(*first.error, *other.error);
  return result;
}

bool exceeds(const Measure& difference) {
  return difference.error && std::abs(difference.value) > *difference.error;
}

Comparison compare_runs(const std::vector<NamedResults>& runs) {
  demand_comparable(runs);
  Comparison result;
  std::vector<std::string> jobs;
  for (const NamedResults& run : runs) {
    result.names.push_back(run.name);
    result.classes.emplace_back(engine::result_class(run.results.study.plan));
    jobs.push_back(run.results.study.job);
  }
  result.differing = differing_values(jobs);
  result.shares_seed = two_share_a_seed(runs);
  const auto text = [](double number) { return fmt::format("{}", number); };
  result.years = common<int>(
      runs, "years", [](const Plan& plan) -> auto& { return plan.years; },
      [](int year) { return std::to_string(year); }, result.left_out);
  result.thresholds = common<double>(
      runs, "thresholds", [](const Plan& plan) -> auto& { return plan.outputs.thresholds; },
      threshold_words, result.left_out);
  result.frontier_widths = common<double>(
      runs, "frontier widths",
      [](const Plan& plan) -> auto& { return plan.outputs.frontier.widths; }, text,
      result.left_out);
  result.quantiles = common<double>(
      runs, "quantiles", [](const Plan& plan) -> auto& { return plan.outputs.quantiles; }, text,
      result.left_out);
  result.statistics = common<engine::Statistic>(
      runs, "statistics", [](const Plan& plan) -> auto& { return plan.outputs.statistics; },
      [](const engine::Statistic& each) { return each.name(); }, result.left_out);
  if (result.years.empty() || (result.thresholds.empty() && result.statistics.empty())) {
    refuse(fmt::format("nothing to compare: {}", fmt::join(result.left_out, "; ")));
  }
  Filler(runs, result).fill();
  return result;
}

std::vector<std::string> short_names(const std::vector<std::string>& files) {
  std::vector<std::string> names;
  for (const std::string& file : files) {
    const std::string name = std::filesystem::path(file).filename().string();
    if (std::find(names.begin(), names.end(), name) != names.end()) return files;
    names.push_back(name);
  }
  return names;
}

}  // namespace flopsieve::jobs
