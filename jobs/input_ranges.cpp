#include "jobs/input_ranges.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/parameters.hpp"
#include "kernels/allocation.hpp"

namespace flopsieve::jobs {
namespace {

using engine::Plan;
using engine::SizeFamily;
using engine::TotalModel;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr Support anything{-infinity, infinity};

Support parameter(const std::vector<engine::Input>& parameters, std::size_t i, std::size_t year) {
  return support(parameters[i].years[year]);
}

/// log10 of the growth factor of one year.
Support log10_growth(const engine::Total& total, std::size_t year) {
  using engine::least_growth;
  const Support noise = parameter(total.parameters, 0, year);
  const Support first{std::log10(std::max(total.growth + noise.lower, least_growth)),
                      std::log10(std::max(total.growth + noise.upper, least_growth))};
  if (total.model == TotalModel::growth) return first;
  const Support last = parameter(total.parameters, 1, year);
  return {std::min(first.lower, std::log10(std::max(last.lower, least_growth))),
          std::max(first.upper, std::log10(std::max(last.upper, least_growth)))};
}

Support growth_range(const Plan& plan, std::size_t year) {
  const engine::Total& total = plan.total;
  const double base =
      std::log10(total.base_flop * total.usage_multiplier) + std::log10(total.train_share[year]);
  const int years = plan.years[year] - total.base_year;
  if (years == 0) return {base, base};
  if (years < 0) return anything;
  const Support growth = log10_growth(total, year);
  return {base + years * growth.lower, base + years * growth.upper};
}

/// x = C - (C - x0) exp(-r t / (C - x0)) lies between x0 and the lesser of C and x0 + r t, or is
/// x0 where that is above C.
Support saturating_range(const Plan& plan, std::size_t year) {
  const engine::Total& total = plan.total;
  const int years = plan.years[year] - total.base_year;
  if (years < 0) return anything;
  const Support base = parameter(total.parameters, 0, year);
  const Support slope = parameter(total.parameters, 1, year);
  const Support limit = parameter(total.parameters, 2, year);
  const double straight = years == 0 ? base.upper : base.upper + slope.upper * years;
  return {base.lower, std::max(base.upper, std::min(limit.upper, straight))};
}

Support modelled_range(const Plan& plan, std::size_t year) {
  switch (plan.total.model) {
    case TotalModel::growth:
    case TotalModel::tapering:
      return growth_range(plan, year);
    case TotalModel::table:
      return parameter(plan.total.parameters, 0, year);
    case TotalModel::saturating:
      return saturating_range(plan, year);
    case TotalModel::trend:
    case TotalModel::state_space:
    case TotalModel::implied:
      break;
  }
  return anything;
}

/// largest_share of an allocation; it may be a size divided by T.
Support allocated_share(const Plan& plan, std::size_t year) {
  const engine::Distribution& share = plan.sizes.parameters[0].years[year];
  const engine::Argument& size = share.arguments[0];
  if (size.reference != engine::Reference::inverse_total) return support(share);
  const Support total = total_range(plan, year);
  return {size.times * std::pow(10.0, -total.upper), size.times * std::pow(10.0, -total.lower)};
}

}  // namespace

Support count_range(const Plan& plan, std::size_t year) {
  if (plan.count.model == engine::CountModel::implied) {
    return {1.0, static_cast<double>(kernels::most_allocated_models)};
  }
  Support range{1.0, engine::largest_count};
  if (plan.count.model == engine::CountModel::input) {
    const Support input = parameter(plan.count.parameters, 0, year);
    range.lower = std::max(range.lower, std::floor(input.lower + 0.5));
    range.upper = std::min(range.upper, std::floor(input.upper + 0.5));
  }
  return range;
}

Support total_range(const Plan& plan, std::size_t year) {
  const engine::Total& total = plan.total;
  if (!total.known_log10.empty() && !std::isnan(total.known_log10[year])) {
    return {total.known_log10[year], total.known_log10[year]};
  }
  Support range = modelled_range(plan, year);
  if (!total.log10_ceiling.empty()) {
    range.lower = std::min(range.lower, total.log10_ceiling[year]);
    range.upper = std::min(range.upper, total.log10_ceiling[year]);
  }
  return range;
}

Support sum_ratio(const Plan& plan, std::size_t year) {
  const engine::Match match = plan.matching.match;
  if (match == engine::Match::reject || match == engine::Match::last) {
    const double tolerance = plan.matching.tolerance;
    return {std::max(0.0, 1.0 - tolerance), 1.0 + tolerance};
  }
  if (plan.sizes.family != SizeFamily::allocation) return {1.0, 1.0};
  // What lies below the smallest size is not given to models.
  const Support gradient = parameter(plan.sizes.parameters, 1, year);
  const Support smallest = parameter(plan.sizes.parameters, 2, year);
  const double residual = std::pow(10.0, std::max(gradient.lower, 0.0) * smallest.upper);
  return {std::max(0.0, 1.0 - residual), 1.0};
}

Support size_range(const Plan& plan, std::size_t year) {
  // A size is location + scale * z with a z of 24 bits.
  constexpr double rounding = 1e-5;
  const auto between = [&](std::size_t lower, std::size_t upper) {
    return Support{parameter(plan.sizes.parameters, lower, year).lower - rounding,
                   parameter(plan.sizes.parameters, upper, year).upper + rounding};
  };
  if (plan.sizes.family == SizeFamily::allocation) {
    const engine::Argument& share = plan.sizes.parameters[0].years[year].arguments[0];
    if (share.reference == engine::Reference::inverse_total) {
      return {-infinity, std::log10(share.times) + rounding};
    }
    const double most = std::min(allocated_share(plan, year).upper, 1.0);
    return {-infinity, total_range(plan, year).upper + std::log10(most) + rounding};
  }
  if (plan.matching.match == engine::Match::rescale) return anything;
  switch (plan.sizes.family) {
    case SizeFamily::uniform:
    case SizeFamily::grid:
      return between(0, 1);
    case SizeFamily::power_law:
      return between(1, 2);
    case SizeFamily::truncated_normal:
      return between(2, 3);
    default:
      return anything;
  }
}

bool is_hopeless_allocation(const Plan& plan, std::size_t year) {
  if (plan.sizes.family != SizeFamily::allocation) return false;
  // The class of the largest models has 1 - 10^(gradient * width) of T, and its largest model
  // largest_share.
  const double steepest = parameter(plan.sizes.parameters, 1, year).upper;
  const double widest = parameter(plan.sizes.parameters, 2, year).lower / plan.sizes.bins;
  return allocated_share(plan, year).lower >= 1.0 - std::pow(10.0, steepest * widest);
}

}  // namespace flopsieve::jobs
