#include "engine/candidate.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "engine/scaling.hpp"
#include "kernels/contiguous.hpp"
#include "kernels/math.hpp"
#include "kernels/sizes.hpp"

namespace flopsieve::engine {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

struct Moments {
  double variance, skewness, excess_kurtosis;
};

/// Population moments of z from its power sums. The mean of z - origin is small beside its spread
/// or of its order, so little cancels. A candidate of equal sizes has no shape: 0.
Moments moments(const Candidate& c) {
  const auto n = static_cast<double>(c.inputs.count);
  const double m1 = c.power_1 / n;
  const double m2 = c.power_2 / n;
  const double m3 = c.power_3 / n;
  const double m4 = c.power_4 / n;
  const double variance = m2 - m1 * m1;
  if (!(variance > 1e-13 * m2)) return {0.0, 0.0, 0.0};  // equal but for rounding
  const double central_3 = m3 - 3.0 * m1 * m2 + 2.0 * m1 * m1 * m1;
  const double central_4 = m4 - 4.0 * m1 * m3 + 6.0 * m1 * m1 * m2 - 3.0 * m1 * m1 * m1 * m1;
  return {variance, central_3 / (variance * std::sqrt(variance)),
          central_4 / (variance * variance) - 3.0};
}

double mean_size(const Candidate& c) {
  return c.location + c.scale * (c.origin + c.power_1 / static_cast<double>(c.inputs.count));
}

/// Share of the year's total T in the models with from <= x < below.
double share_of_total(const Candidate& c, const kernels::SortedSizes& sizes, double from,
                      double below) {
  const double largest_over_total =
      kernels::power_of_ten(sizes.log10_flop.back() - c.inputs.log10_total);
  return kernels::relative_between(sizes, from, below) * largest_over_total;
}

double count_between(const kernels::SortedSizes& sizes, double from, double below) {
  return static_cast<double>(kernels::count_from(sizes.log10_flop, from) -
                             kernels::count_from(sizes.log10_flop, below));
}

/// Compute-optimal parameters and tokens of a model of x log10 FLOP, log10: C = 6 N D.
double sum_of_tokens(const Candidate& c, const kernels::SortedSizes& sizes) {
  const Scaling& law = c.sampler->plan().scaling;
  const double largest = sizes.log10_flop.back();
  double sum = 0.0;
  for (const double x : sizes.log10_flop) {
    sum += kernels::power_of_ten((1.0 - law.slope) * (x - largest));
  }
  return sum * kernels::power_of_ten(log10_tokens(law, largest));
}

/// Share of the models whose cost exceeds the revenue drawn for them.
double share_of_losses(const Candidate& c, const kernels::SortedSizes& sizes) {
  const std::size_t count = sizes.log10_flop.size();
  std::size_t losses = 0;
  for (std::size_t rank = 0; rank < count; ++rank) {
    const double x = sizes.log10_flop[count - 1 - rank];
    const double cost = kernels::power_of_ten(x - c.log10_flop_per_usd());
    if (cost > c.sampler->revenue(c.address, static_cast<std::uint32_t>(rank))) ++losses;
  }
  return static_cast<double>(losses) / static_cast<double>(count);
}

double from_sums(StatisticKind kind, const Candidate& c) {
  using enum StatisticKind;
  switch (kind) {
    case count:
      return static_cast<double>(c.inputs.count);
    case total:
      return c.log10_sum();
    case total_error:
      return kernels::power_of_ten(c.log10_sum() - c.inputs.log10_total) - 1.0;
    case largest:
      return c.largest();
    case smallest:
      return c.location + c.scale * c.smallest_z;
    case range:
      return c.scale * (c.largest_z - c.smallest_z);
    case largest_share:
      return kernels::power_of_ten(c.scale * c.largest_z) / c.size_sum;
    case mean:
      return mean_size(c);
    case sd:
      return c.scale * std::sqrt(moments(c).variance);
    case skewness:
      return moments(c).skewness;
    case excess_kurtosis:
      return moments(c).excess_kurtosis;
    case cost_total:
      return kernels::power_of_ten(c.log10_sum() - c.log10_flop_per_usd());
    case cost_largest:
      return kernels::power_of_ten(c.largest() - c.log10_flop_per_usd());
    case tokens_largest:
      return kernels::power_of_ten(log10_tokens(c.sampler->plan().scaling, c.largest()));
    case parameters_largest:
      return kernels::power_of_ten(log10_parameters(c.sampler->plan().scaling, c.largest()));
    default:
      return std::numeric_limits<double>::quiet_NaN();
  }
}

/// What from_order() looks at.
SizeColumns columns_of(StatisticKind kind) {
  using enum StatisticKind;
  switch (kind) {
    case allocation_gradient:
    case allocation_slope:
    case allocation_intercept:
      return SizeColumns::log10_cumulative_share;
    case gini:
    case cumulative_share:
    case share_within:
    case class_share:
      return SizeColumns::relative;
    default:
      return SizeColumns::log10_flop;
  }
}

double from_order(const Statistic& statistic, const Candidate& c,
                  const kernels::SortedSizes& sizes) {
  using enum StatisticKind;
  const double parameter = statistic.parameter;
  switch (statistic.kind) {
    case median:
      return kernels::median(sizes.log10_flop);
    case median_skewness: {
      const double sd = c.scale * std::sqrt(moments(c).variance);
      return sd > 0.0 ? (mean_size(c) - kernels::median(sizes.log10_flop)) / sd : 0.0;
    }
    case allocation_gradient:
      return kernels::allocation_gradient(sizes);
    case allocation_slope:
      return kernels::allocation_line(sizes).slope;
    case allocation_intercept:
      return kernels::allocation_line(sizes).intercept;
    case gini:
      return kernels::gini(sizes);
    case count_above:
      return count_between(sizes, kernels::decimal_log(parameter), infinity);
    case count_within:
      return count_between(sizes, sizes.log10_flop.back() - parameter, infinity);
    case cumulative_share:
      return share_of_total(c, sizes, -infinity,
                            std::nextafter(kernels::decimal_log(parameter), infinity));
    case share_within:
      return share_of_total(c, sizes, c.inputs.log10_total - parameter, infinity);
    case class_count:
      return count_between(sizes, c.inputs.log10_total - parameter,
                           c.inputs.log10_total - (parameter - 1.0));
    case class_share:
      return share_of_total(c, sizes, c.inputs.log10_total - parameter,
                            c.inputs.log10_total - (parameter - 1.0));
    case cost_median:
      return kernels::power_of_ten(kernels::median(sizes.log10_flop) - c.log10_flop_per_usd());
    case share_over_budget: {
      const double limit = kernels::decimal_log(parameter) + c.log10_flop_per_usd();
      return count_between(sizes, std::nextafter(limit, infinity), infinity) /
             static_cast<double>(c.inputs.count);
    }
    case tokens_total:
      return sum_of_tokens(c, sizes);
    case loss_making_share:
      return share_of_losses(c, sizes);
    case count_above_tokens:
      return count_between(sizes, log10_flop_of_tokens(c.sampler->plan().scaling, parameter),
                           infinity);
    default:
      return std::numeric_limits<double>::quiet_NaN();
  }
}

}  // namespace

void to_log10_flop(double location, double scale, std::span<const float> z, std::span<double> x) {
  for (std::size_t i = 0; i < z.size(); ++i) x[i] = location + scale * static_cast<double>(z[i]);
}

void OrderedSizes::begin(const Candidate& candidate, const float* z, std::size_t stride,
                         const float* sorted) {
  candidate_ = &candidate;
  z_ = z;
  ascending_ = sorted;
  stride_ = stride;
  is_gathered_ = false;
  is_sorted_ = false;
  view_ = {};
}

std::span<const float> OrderedSizes::drawn() {
  const std::size_t count = candidate_->inputs.count;
  if (stride_ == 1) return {z_, count};
  if (!is_gathered_) {
    gathered_.resize(count);
    for (std::size_t i = 0; i < count; ++i) gathered_[i] = z_[i * stride_];
    is_gathered_ = true;
  }
  return gathered_;
}

const kernels::SortedSizes& OrderedSizes::sizes(SizeColumns columns) {
  if (view_.log10_flop.empty()) view_.log10_flop = to_log10_flop(ascending(), log10_flop_);
  if (columns >= SizeColumns::relative && view_.relative.empty()) compute_relative();
  if (columns >= SizeColumns::log10_cumulative_share && view_.log10_cumulative_share.empty()) {
    compute_shares();
  }
  return view_;
}

std::span<const double> OrderedSizes::to_log10_flop(std::span<const float> z,
                                                    std::vector<double>& x) const {
  x.resize(z.size());
  engine::to_log10_flop(candidate_->location, candidate_->scale, z, x);
  return x;
}

std::span<const float> OrderedSizes::ascending() {
  if (!is_sorted_) sort();
  return sorted_;
}

void OrderedSizes::sort() {
  if (ascending_ != nullptr) {
    sorted_.resize(candidate_->inputs.count);
    for (std::size_t i = 0; i < sorted_.size(); ++i) sorted_[i] = ascending_[i * stride_];
  } else {
    const std::span<const float> z = drawn();
    sorted_.assign(z.begin(), z.end());
    std::sort(sorted_.begin(), sorted_.end());
  }
  is_sorted_ = true;
}

void OrderedSizes::compute_relative() {
  relative_.resize(sorted_.size());
  const double largest = static_cast<double>(sorted_.back());
  for (std::size_t i = 0; i < sorted_.size(); ++i) {
    relative_[i] = candidate_->scale * (static_cast<double>(sorted_[i]) - largest);
  }
  kernels::powers_of_ten(relative_, relative_);
  view_.relative = relative_;
  cumulative_.resize(relative_.size());
  std::partial_sum(relative_.begin(), relative_.end(), cumulative_.begin());
  view_.cumulative = cumulative_;
  view_.relative_total = cumulative_.back();
}

void OrderedSizes::compute_shares() {
  const std::size_t count = sorted_.size();
  log10_cumulative_share_.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    log10_cumulative_share_[i] = cumulative_[i] / view_.relative_total;
  }
  // Models of the same size have the share of all of them.
  for (std::size_t i = count - 1; i-- > 0;) {
    if (sorted_[i] == sorted_[i + 1]) log10_cumulative_share_[i] = log10_cumulative_share_[i + 1];
  }
  kernels::decimal_logs(log10_cumulative_share_, log10_cumulative_share_);
  view_.log10_cumulative_share = log10_cumulative_share_;
}

void OrderedSizes::count_from(std::span<const double> log10_thresholds,
                              std::span<std::uint32_t> counts) {
  // Thresholds ascend: none of the models reaches those from `reached` on.
  const auto above =
      std::upper_bound(log10_thresholds.begin(), log10_thresholds.end(), candidate_->largest());
  const auto reached = static_cast<std::size_t>(above - log10_thresholds.begin());
  cuts_.resize(reached);
  for (std::size_t i = 0; i < reached; ++i) {
    cuts_[i] = kernels::least_z(candidate_->location, candidate_->scale, log10_thresholds[i]);
  }
  // In any order; who knows them in order wants them side by side anyway.
  kernels::count_from(is_sorted_ || ascending_ != nullptr ? ascending() : drawn(), cuts_,
                      counts.first(reached));
  std::fill(counts.begin() + static_cast<std::ptrdiff_t>(reached), counts.end(), 0u);
}

OrderedSizes::Placed OrderedSizes::select_from(double log10_threshold) {
  const std::span<const float> z = drawn();
  selected_.resize(std::max(selected_.size(), z.size() + 16));
  places_.resize(selected_.size());
  const float cut = kernels::least_z(candidate_->location, candidate_->scale, log10_threshold);
  const std::size_t found = kernels::select_from(z, cut, selected_, places_);
  return {to_log10_flop(std::span(selected_).first(found), log10_selected_),
          std::span(places_).first(found)};
}

double evaluate(const Statistic& statistic, const Candidate& candidate, OrderedSizes& ordered) {
  if (statistic.info().cost == 0) return from_sums(statistic.kind, candidate);
  return from_order(statistic, candidate, ordered.sizes(columns_of(statistic.kind)));
}

bool looks_back(const Plan& plan) {
  return std::any_of(plan.constraints.begin(), plan.constraints.end(), [](const Constraint& rule) {
    return rule.relative_to == RelativeTo::previous_year;
  });
}

std::vector<double> remembered(const Plan& plan, const Candidate& survivor, OrderedSizes& ordered) {
  if (!looks_back(plan)) return {};
  std::vector<double> values(plan.constraints.size(), std::numeric_limits<double>::quiet_NaN());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Constraint& rule = plan.constraints[i];
    if (rule.relative_to != RelativeTo::previous_year) continue;
    values[i] = evaluate(rule.statistic, survivor, ordered);
  }
  return values;
}

}  // namespace flopsieve::engine
