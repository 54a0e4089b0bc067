#include "jobs/feasibility.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <string>

#include "engine/error.hpp"
#include "jobs/input_parser.hpp"

namespace flopsieve::jobs {
namespace {

using engine::Plan;
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

/// What is known of one year before anything is drawn.
class YearBounds {
 public:
  YearBounds(const Plan& plan, std::size_t year) : plan_(plan), year_(year) {
    bound_count();
    bound_total();
    for (const engine::Constraint& constraint : plan.constraints) {
      if (constraint.active[year] != 0) add(constraint);
    }
    relate();
  }

  void check() const {
    // What the job constrains comes first: another range may only be a consequence.
    for (const engine::Constraint& constraint : plan_.constraints) {
      const auto found = ranges_.find(constraint.statistic.name());
      if (found != ranges_.end()) check(found->first, found->second);
    }
    for (const auto& [name, range] : ranges_) check(name, range);
  }

 private:
  void check(const std::string& name, const Range& range) const {
    if (range.lower <= range.upper * (1.0 + (range.upper > 0.0 ? 1e-9 : -1e-9))) return;
    throw engine::Error(
        engine::ExitCode::infeasible,
        fmt::format("infeasible: in {} {} would have to be at least {:.6g} ({}) and at most {:.6g} "
                    "({})",
                    plan_.years[year_], name, range.lower, range.lower_reason, range.upper,
                    range.upper_reason));
  }

  Range& range(const std::string& name) { return ranges_[name]; }

  void bound_count() {
    Range& count = range("count");
    count.raise(1.0, "a year has at least one model");
    count.cap(engine::largest_count, "the program's limit");
    if (plan_.count.model != engine::CountModel::input) return;
    const Support support = jobs::support(plan_.count.input.years[year_]);
    count.raise(std::floor(support.lower + 0.5), "models.count");
    count.cap(std::floor(support.upper + 0.5), "models.count");
  }

  void bound_total() {
    const engine::Total& total = plan_.total;
    const Support input = jobs::support(total.input.years[year_]);
    double low = input.lower;
    double high = input.upper;
    if (total.model == engine::TotalModel::growth) {
      const double base = std::log10(total.base_flop * total.usage_multiplier) +
                          std::log10(total.train_share[year_]);
      const int years = plan_.years[year_] - total.base_year;
      low = base + years * std::log10(std::max(total.growth + input.lower, 1e-3));
      high = years == 0 ? base : base + years * std::log10(total.growth + input.upper);
    }
    if (plan_.matching.match == engine::Match::reject) {
      low += std::log10(std::max(1.0 - plan_.matching.tolerance, 1e-300));
      high += std::log10(1.0 + plan_.matching.tolerance);
    }
    range("total").raise(low, "the year's total");
    range("total").cap(high, "the year's total");
  }

  void add(const engine::Constraint& constraint) {
    const std::string name = constraint.statistic.name();
    Range& bounds = range(name);
    natural(constraint.statistic, bounds);
    const std::string reason = fmt::format("constraint {}", constraint.name);
    bounds.raise(constraint.lower[year_], reason);
    bounds.cap(constraint.upper[year_], reason);
  }

  void natural(const Statistic& statistic, Range& bounds) {
    const auto positive = [&] { bounds.raise(0.0, "it cannot be negative"); };
    switch (statistic.kind) {
      case StatisticKind::largest_share:
      case StatisticKind::gini:
      case StatisticKind::share_over_budget:
        bounds.cap(1.0, "it is a share");
        positive();
        break;
      case StatisticKind::count_above:
      case StatisticKind::count_within:
      case StatisticKind::class_count:
        bounds.cap(range("count").upper, "the number of models");
        positive();
        break;
      case StatisticKind::sd:
      case StatisticKind::range:
      case StatisticKind::cumulative_share:
      case StatisticKind::share_within:
      case StatisticKind::class_share:
      case StatisticKind::cost_total:
      case StatisticKind::cost_largest:
      case StatisticKind::cost_median:
        positive();
        break;
      default:
        break;
    }
  }

  /// Consequences of the bounds on one statistic for another.
  void relate() {
    const Range count = range("count");
    range("largest_share").raise(1.0 / count.upper, "the largest of k models has at least 1/k");
    Range& largest = range("largest");
    const Range share = range("largest_share");
    largest.cap(range("total").upper + std::log10(std::min(share.upper, 1.0)),
                share.upper < 1.0 ? "the total times largest_share" : "the total");
    if (share.lower > 0.0) {
      largest.raise(range("total").lower + std::log10(share.lower),
                    "the total times largest_share");
    }
    const double usd =
        std::log10(plan_.money.flop_per_usd) +
        (plan_.years[year_] - plan_.money.base_year) * std::log10(plan_.money.improvement);
    Range& cost = range("cost_largest");
    cost.raise(std::pow(10.0, largest.lower - usd), "the smallest possible largest model");
    cost.cap(std::pow(10.0, largest.upper - usd), "the greatest possible largest model");
    range("cost_total").raise(std::pow(10.0, range("total").lower - usd), "the smallest total");
    range("cost_total").cap(std::pow(10.0, range("total").upper - usd), "the greatest total");
    relate_shape(count);
  }

  void relate_shape(const Range& models) {
    const double count = models.upper;
    Range& skewness = range("skewness");
    const double limit = count < 2.0 ? 0.0 : (count - 2.0) / std::sqrt(count - 1.0);
    skewness.cap(limit, "(k - 2) / sqrt(k - 1)");
    skewness.raise(-limit, "-(k - 2) / sqrt(k - 1)");
    const double least = std::max({0.0, skewness.lower, -skewness.upper});
    Range& kurtosis = range("excess_kurtosis");
    kurtosis.raise(least * least - 2.0, "skewness^2 - 2");
    if (count < 2.0) return;
    const double most = count - 5.0 + 1.0 / (count - 1.0);
    // A single model has no shape: its excess kurtosis is 0 by convention.
    kurtosis.cap(models.lower < 2.0 ? std::max(0.0, most) : most, "k - 5 + 1/(k - 1)");
  }

  const Plan& plan_;
  std::size_t year_;
  std::map<std::string, Range> ranges_;
};

}  // namespace

void prove_feasible_or_throw(const Plan& plan) {
  for (std::size_t year = 0; year < plan.year_count(); ++year) YearBounds(plan, year).check();
}

}  // namespace flopsieve::jobs
