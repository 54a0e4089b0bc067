#include "jobs/feasibility.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "engine/error.hpp"
#include "engine/scaling.hpp"
#include "jobs/input_ranges.hpp"
#include "jobs/money_parser.hpp"

namespace flopsieve::jobs {
namespace {

using engine::Constraint;
using engine::Plan;
using engine::RelativeTo;
using engine::Statistic;
using engine::StatisticKind;

constexpr double infinity = std::numeric_limits<double>::infinity();

/// A closed interval and what established each end.
struct Range {
  double lower = -infinity;
  double upper = infinity;
  std::string lower_reason;
  std::string upper_reason;

  void raise(double value, const std::string& reason) {
    if (value > lower) {
      lower = value;
      lower_reason = reason;
    }
  }
  void cap(double value, const std::string& reason) {
    if (value < upper) {
      upper = value;
      upper_reason = reason;
    }
  }
};

[[noreturn]] void refuse(int year, const std::string& why) {
  throw engine::Error(engine::ExitCode::infeasible, fmt::format("infeasible: in {} {}", year, why));
}

/// What is known of one year before anything is drawn.
class YearBounds {
 public:
  YearBounds(const Plan& plan, std::size_t year)
      : plan_(plan),
        year_(year),
        total_(total_range(plan, year)),
        ratio_(sum_ratio(plan, year)),
        log10_flop_per_usd_(log10_flop_per_usd(plan.money, plan.years[year])) {
    bound_inputs();
    for (const Constraint& constraint : plan.constraints) {
      if (proves(constraint)) add(constraint);
    }
    relate_sizes();
    relate_counts();
    relate_costs();
    relate_tokens();
    relate_shape();
  }

  void check() const {
    // What the job constrains comes first, and what follows from it last.
    std::vector<std::string> names;
    for (const Constraint& each : plan_.constraints) names.push_back(each.statistic.name());
    names.insert(names.end(), {"count", "largest", "total"});
    for (const std::string& name : names) {
      const auto found = ranges_.find(name);
      if (found != ranges_.end()) check(name, found->second);
    }
    for (const auto& [name, range] : ranges_) check(name, range);
  }

 private:
  void check(const std::string& name, const Range& range) const {
    if (range.lower <= range.upper * (1.0 + (range.upper > 0.0 ? 1e-9 : -1e-9))) return;
    refuse(plan_.years[year_],
           fmt::format("{} would have to be at least {:.6g} ({}) and at most {:.6g} ({})", name,
                       range.lower, range.lower_reason, range.upper, range.upper_reason));
  }

  Range& range(const std::string& name) { return ranges_[name]; }

  bool proves(const Constraint& constraint) const {
    return constraint.active[year_] != 0 && !constraint.is_soft() &&
           constraint.relative_to != RelativeTo::previous_year;
  }

  void bound_inputs() {
    const Support k = count_range(plan_, year_);
    range("count").raise(k.lower, k.lower > 1.0 ? "models.count" : "a year has a model");
    range("count").cap(k.upper,
                       k.upper < engine::largest_count ? "models.count" : "the program's limit");
    range("total").raise(total_.lower + std::log10(ratio_.lower), "the year's total");
    range("total").cap(total_.upper + std::log10(ratio_.upper), "the year's total");
    const Support sizes = size_range(plan_, year_);
    range("smallest").raise(sizes.lower, "the law of sizes");
    range("largest").cap(sizes.upper, "the law of sizes");
  }

  void add(const Constraint& constraint) {
    Range& bounds = range(constraint.statistic.name());
    natural(constraint.statistic, bounds);
    const std::string reason = fmt::format("constraint {}", constraint.name);
    const double lower = constraint.lower[year_];
    const double upper = constraint.upper[year_];
    switch (constraint.relative_to) {
      case RelativeTo::total:
        add_relative_to_total(constraint, bounds);
        return;
      case RelativeTo::count: {
        const Range& k = range("count");
        bounds.raise(lower > 0.0 ? lower * k.lower : lower * k.upper, reason + " times the count");
        bounds.cap(upper > 0.0 ? upper * k.upper : upper * k.lower, reason + " times the count");
        return;
      }
      default:
        break;
    }
    const bool whole = constraint.statistic.info().grid.scale == engine::Grid::Scale::whole;
    bounds.raise(whole ? std::ceil(lower) : lower, reason);
    bounds.cap(whole ? std::floor(upper) : upper, reason);
  }

  void add_relative_to_total(const Constraint& constraint, Range& bounds) {
    const std::string reason = fmt::format("constraint {}", constraint.name);
    const double lower = constraint.lower[year_];
    const double upper = constraint.upper[year_];
    bounds.raise(total_.lower + lower, reason + " times the year's total");
    bounds.cap(total_.upper + upper, reason + " times the year's total");
    // These two hold whatever the total is.
    if (constraint.statistic.kind == StatisticKind::largest) {
      range("largest_share").raise(std::pow(10.0, lower) / ratio_.upper, reason);
      range("largest_share").cap(std::pow(10.0, upper) / ratio_.lower, reason);
    }
    if (constraint.statistic.kind == StatisticKind::smallest) {
      range("count").cap(std::floor(std::pow(10.0, -lower) * ratio_.upper * (1.0 + 1e-9)),
                         reason + ": no more models of this size fit into the total");
    }
  }

  void natural(const Statistic& statistic, Range& bounds) {
    const auto positive = [&] { bounds.raise(0.0, "it cannot be negative"); };
    switch (statistic.kind) {
      case StatisticKind::largest_share:
      case StatisticKind::gini:
      case StatisticKind::share_over_budget:
      case StatisticKind::loss_making_share:
        bounds.cap(1.0, "it is a share");
        positive();
        break;
      case StatisticKind::cumulative_share:
      case StatisticKind::share_within:
      case StatisticKind::class_share:
        bounds.cap(ratio_.upper, "it is a share of the total");
        positive();
        break;
      case StatisticKind::count_within:
        bounds.raise(1.0, "the largest model itself");
        break;
      case StatisticKind::median_skewness:
        bounds.raise(-1.0, "mean and median differ by at most one sd");
        bounds.cap(1.0, "mean and median differ by at most one sd");
        break;
      case StatisticKind::count_above:
      case StatisticKind::count_above_tokens:
      case StatisticKind::class_count:
      case StatisticKind::sd:
      case StatisticKind::range:
      case StatisticKind::cost_total:
      case StatisticKind::cost_largest:
      case StatisticKind::cost_median:
      case StatisticKind::tokens_largest:
      case StatisticKind::tokens_total:
      case StatisticKind::parameters_largest:
        positive();
        break;
      default:
        break;
    }
  }

  /// Consequences of count, total and largest share for the sizes, and of the sizes for the total.
  void relate_sizes() {
    const Range k = range("count");
    range("gini").cap(1.0 - 1.0 / k.upper, "1 - 1/k");
    range("largest_share").raise(1.0 / k.upper, "the largest of k models has at least 1/k");
    range("largest_share").cap(1.0, "it is a share");
    const Range share = range("largest_share");
    Range& total = range("total");
    Range& largest = range("largest");
    Range& smallest = range("smallest");
    total.raise(std::log10(k.lower) + smallest.lower, "k times the smallest model");
    total.cap(std::log10(k.upper) + largest.upper, "k times the largest model");
    largest.cap(total.upper + std::log10(share.upper),
                share.upper < 1.0 ? "the total times largest_share" : "the total");
    largest.raise(smallest.lower, "the smallest model: " + smallest.lower_reason);
    if (share.lower > 0.0) {
      largest.raise(total.lower + std::log10(share.lower), "the total times largest_share");
    }
    const double average = total.upper - std::log10(k.lower);
    smallest.cap(average, "the total divided by k");
    Range& mean = range("mean");
    mean.raise(smallest.lower, "the smallest model");
    mean.cap(average, "the total divided by k");
    mean.cap(largest.upper, "the largest model");
    range("median").raise(smallest.lower, "the smallest model");
    range("median").cap(largest.upper, "the largest model");
    range("range").cap(largest.upper - smallest.lower, "from the smallest to the largest model");
    range("sd").cap(0.5 * range("range").upper, "half the range");
  }

  void relate_counts() {
    for (const Constraint& constraint : plan_.constraints) {
      const Statistic& statistic = constraint.statistic;
      if (!proves(constraint) || statistic.info().grid.scale != engine::Grid::Scale::whole)
        continue;
      Range& bounds = range(statistic.name());
      bounds.cap(range("count").upper, "the number of models");
      if (statistic.kind == StatisticKind::count_above ||
          statistic.kind == StatisticKind::count_above_tokens) {
        const double threshold =
            statistic.kind == StatisticKind::count_above
                ? std::log10(statistic.parameter)
                : engine::log10_flop_of_tokens(plan_.scaling, statistic.parameter);
        bounds.cap(std::floor(std::pow(10.0, range("total").upper - threshold) * (1.0 + 1e-9)),
                   "the total divided by the threshold");
        if (threshold > range("largest").upper) bounds.cap(0.0, "the largest model is smaller");
      }
      if (statistic.kind == StatisticKind::class_count) {
        bounds.cap(std::floor(std::pow(10.0, statistic.parameter) * ratio_.upper * (1.0 + 1e-9)),
                   "no more models of this class fit into the total");
      }
    }
  }

  void relate_costs() {
    const auto usd = [&](double x) { return std::pow(10.0, x - log10_flop_per_usd_); };
    Range& largest = range("cost_largest");
    largest.raise(usd(range("largest").lower), "the smallest possible largest model");
    largest.cap(usd(range("largest").upper), "the greatest possible largest model");
    Range& total = range("cost_total");
    total.raise(usd(range("total").lower), "the smallest total");
    total.cap(usd(range("total").upper), "the greatest total");
    Range& median = range("cost_median");
    median.raise(usd(range("median").lower), "the smallest possible median");
    median.cap(usd(range("median").upper), "the greatest possible median");
  }

  void relate_tokens() {
    const engine::Scaling& law = plan_.scaling;
    const auto tokens = [&](double x) { return std::pow(10.0, engine::log10_tokens(law, x)); };
    const auto parameters = [&](double x) {
      return std::pow(10.0, engine::log10_parameters(law, x));
    };
    const Range largest = range("largest");
    range("tokens_largest").raise(tokens(largest.lower), "the smallest possible largest model");
    range("tokens_largest").cap(tokens(largest.upper), "the greatest possible largest model");
    range("parameters_largest")
        .raise(parameters(largest.lower), "the smallest possible largest model");
    range("parameters_largest")
        .cap(parameters(largest.upper), "the greatest possible largest model");
    // Tokens go with FLOP^(1 - slope): most where k models are equal, least where one has it all.
    const Range sum = range("total");
    const double k = range("count").upper;
    range("tokens_total").raise(tokens(sum.lower), "the smallest total in one model");
    range("tokens_total").cap(k * tokens(sum.upper - std::log10(k)), "the total in k equal models");
  }

  void relate_shape() {
    const Range k = range("count");
    const double count = k.upper;
    Range& skewness = range("skewness");
    const double limit = count < 2.0 ? 0.0 : (count - 2.0) / std::sqrt(count - 1.0);
    skewness.cap(limit, "(k - 2) / sqrt(k - 1)");
    skewness.raise(-limit, "-(k - 2) / sqrt(k - 1)");
    const double least = std::max({0.0, skewness.lower, -skewness.upper});
    Range& kurtosis = range("excess_kurtosis");
    kurtosis.raise(least * least - 2.0,
                   "skewness^2 - 2: kurtosis, not excess, is at least skewness^2 + 1");
    // Equal sizes have no shape: their excess kurtosis is 0 by convention.
    const double most = count < 2.0 ? 0.0 : count - 5.0 + 1.0 / (count - 1.0);
    kurtosis.cap(std::max(0.0, most), "k - 5 + 1/(k - 1)");
  }

  const Plan& plan_;
  std::size_t year_;
  Support total_;  ///< log10 of the year's total, which the sum of the sizes meets
  Support ratio_;  ///< sum / total
  double log10_flop_per_usd_;
  std::map<std::string, Range> ranges_;
};

}  // namespace

void prove_feasible_or_throw(const Plan& plan) {
  for (std::size_t year = 0; year < plan.year_count(); ++year) {
    if (is_hopeless_allocation(plan, year)) {
      refuse(plan.years[year],
             "models.largest_share is always larger than the share of the class that the largest "
             "model is in; lower it or models.smallest");
    }
    YearBounds(plan, year).check();
  }
}

}  // namespace flopsieve::jobs
