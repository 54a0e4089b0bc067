#include "engine/lane_screen.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/screen.hpp"
#include "kernels/distributions.hpp"
#include "kernels/math.hpp"

namespace flopsieve::engine {
namespace {

using kernels::group_width;
using kernels::GroupSums;
using kernels::PerLane;
using Lanes = LaneScreen::Lanes;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double log10_of_2 = 0.30102999566398119521;
constexpr double ln_10 = 2.30258509299404568402;
/// More than rounding in double precision can change an exponent of ten, of order 100.
constexpr double rounding_slack = 1e-9;
/// Exponents of ten that are taken no farther.
constexpr double most_exponent = 300.0;

/// For what must not become a branch.
constexpr std::uint32_t bit(bool value) {
  return value ? 1 : 0;
}

}  // namespace

/// A number per lane with the bound of its error, and what it must lie between.
struct LaneScreen::Values {
  alignas(64) PerLane<double> value;
  alignas(64) PerLane<double> error;
  alignas(64) PerLane<double> low;
  alignas(64) PerLane<double> high;
  double factor;          ///< of error bounds
  PerLane<bool> decides;  ///< whether what lies between them passes

  /// 10^value in its place.
  void raise() {
    for (std::size_t i = 0; i < group_width; ++i) {
      if (!(std::abs(value[i]) <= most_exponent)) {
        value[i] = 0.0;
        error[i] = infinity;
      }
    }
    kernels::powers_of_ten(value, value);
    for (std::size_t i = 0; i < group_width; ++i) error[i] *= value[i] * ln_10 * bound_margin;
  }
};

namespace {

/// Skewness of z from its power sums.
template <class Values>
void set_skewness(const PerLane<double>& count, const GroupSums& sums, double error_factor,
                  Values& out) {
  for (std::size_t i = 0; i < group_width; ++i) {
    const Moments m =
        moments_of(count[i], sums.power_1[i], sums.power_2[i], sums.power_3[i], sums.power_4[i]);
    const double value = m.central_3 / (m.variance * std::sqrt(m.variance));
    const bool known = m.least_variance > 0.0;
    out.value[i] = known ? value : 0.0;
    out.error[i] =
        known ? error_factor * skewness_error(m) + double_rounding(count[i], value) : infinity;
  }
}

}  // namespace

LaneScreen::LaneScreen(const Plan& plan)
    : plan_(&plan),
      log10_least_(plan.matching.tolerance < 1.0
                       ? kernels::decimal_log(1.0 - plan.matching.tolerance)
                       : -infinity),
      log10_most_(kernels::decimal_log(1.0 + plan.matching.tolerance)) {}

/// False if nothing can be told here.
bool LaneScreen::read_matching(const Lanes& lanes, const Values& known, Values& out) const {
  const Matching& matching = plan_->matching;
  out.error = known.error;
  if (matching.match == Match::reject) {
    for (std::size_t i = 0; i < group_width; ++i) {
      out.value[i] = lanes.location[i] + known.value[i] - lanes.log10_total[i];
      out.low[i] = log10_least_;
      out.high[i] = log10_most_;
      out.decides[i] = true;
    }
    return true;
  }
  if (matching.match != Match::shift || plan_->sizes.family == SizeFamily::mixture) return false;
  for (std::size_t i = 0; i < group_width; ++i) {
    const std::uint32_t year = lanes.year_index[i];
    const Distribution& prior = plan_->sizes.parameters[0].years[year];
    out.value[i] = lanes.log10_total[i] - known.value[i];
    out.low[i] = prior.lower;
    out.high[i] = prior.upper;
    out.decides[i] = false;
    if (prior.law != kernels::Law::uniform || prior.refers()) continue;
    const double least = prior.arguments[0].value;
    const double most = prior.arguments[1].value;
    out.low[i] = std::max(prior.lower, least);
    out.high[i] = std::min(prior.upper, most);
    out.decides[i] = 1.0 / (most - least) >= plan_->matching.bound[year];
  }
  return true;
}

/// False if nothing can be told here.
bool LaneScreen::read_constraint(const Constraint& rule, const Lanes& lanes, const GroupSums& sums,
                                 const Values& known, Values& out) const {
  if (rule.is_soft() || rule.relative_to != RelativeTo::nothing) return false;
  const bool solved = plan_->matching.match == Match::shift;
  for (std::size_t i = 0; i < group_width; ++i) {
    const bool active = rule.active[lanes.year_index[i]] != 0;
    out.low[i] = active ? rule.lower[lanes.year_index[i]] : -infinity;
    out.high[i] = active ? rule.upper[lanes.year_index[i]] : infinity;
    out.decides[i] = true;
  }
  out.error = known.error;
  switch (rule.statistic.kind) {
    case StatisticKind::largest_share:
      for (std::size_t i = 0; i < group_width; ++i) {
        out.value[i] = lanes.scale[i] * log10_of_2 * sums.largest[i] - known.value[i];
      }
      out.raise();
      return true;
    case StatisticKind::cost_largest:
      for (std::size_t i = 0; i < group_width; ++i) {
        const double location = solved ? lanes.log10_total[i] - known.value[i] : lanes.location[i];
        out.value[i] =
            location + lanes.scale[i] * log10_of_2 * sums.largest[i] - lanes.log10_flop_per_usd[i];
      }
      out.raise();
      return true;
    case StatisticKind::skewness:
      set_skewness(lanes.count, sums, known.factor, out);
      return true;
    default:
      return false;
  }
}

LaneScreen::Findings LaneScreen::look(const Lanes& lanes, const GroupSums& sums,
                                      const PerLane<double>& log10_sums,
                                      double error_factor) const {
  Findings findings;
  Values known;  // but low, high and decides
  known.value = log10_sums;
  known.factor = error_factor;
  PerLane<std::uint32_t> open{};
  for (std::size_t i = 0; i < group_width; ++i) {
    const double farthest = lanes.scale[i] * std::max(sums.largest[i], -sums.smallest[i]);
    open[i] = bit(lanes.is_open[i]) & bit(farthest <= kernels::largest_fast_exponent);
    known.error[i] = error_factor * log10_sum_error(farthest) + rounding_slack;
  }
  // Without branches: which lanes pass nothing can foretell.
  const auto decide = [&](const Values& read, Rejections rejection) {
    std::uint32_t left = 0;
    for (std::size_t i = 0; i < group_width; ++i) {
      const double least = read.value[i] - read.error[i];
      const double most = read.value[i] + read.error[i];
      const std::uint32_t outside = bit(most < read.low[i]) | bit(least > read.high[i]);
      const std::uint32_t inside =
          bit(least >= read.low[i]) & bit(most <= read.high[i]) & bit(read.decides[i]);
      findings.rejections[i] |= rejection * (open[i] & outside);
      open[i] &= inside;
      findings.judged[i] += open[i];
      left += open[i];
    }
    return left > 0;
  };
  Values read;
  if (!read_matching(lanes, known, read) || !decide(read, 1)) return findings;
  for (const std::uint32_t constraint : plan_->cascade) {
    if (!read_constraint(plan_->constraints[constraint], lanes, sums, known, read)) break;
    if (!decide(read, Rejections{2} << constraint)) break;
  }
  return findings;
}

}  // namespace flopsieve::engine
