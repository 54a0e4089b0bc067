#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/inputs.hpp"
#include "kernels/math.hpp"

// The year's total training compute.

namespace flopsieve::engine {
namespace {

constexpr double ln_10 = 2.302585092994045684;

}  // namespace

/// log10 of the growth of one year: growth.
double InputSampler::log10_growth_per_year(const Context& context) const {
  const auto infos = engine::parameters_of(TotalModel::growth);
  return kernels::decimal_log(plan_->total.growth +
                              sample(plan_->total.parameters[0], infos[0], context));
}

/// Whether the growth of a trajectory has one error, so that all years without a known total have
/// the same.
bool InputSampler::has_one_growth() const {
  const Total& total = plan_->total;
  if (total.model != TotalModel::growth || total.parameters[0].scope != Scope::trajectory) {
    return false;
  }
  const bool all_known =
      !total.known_log10.empty() && std::none_of(total.known_log10.begin(), total.known_log10.end(),
                                                 [](double x) { return std::isnan(x); });
  const std::vector<Distribution>& years = total.parameters[0].years;
  return !all_known && std::all_of(years.begin(), years.end(), [&](const Distribution& year) {
    return year == years.front() && !year.refers();
  });
}

/// log10 of the growth since the base year: growth, tapering.
double InputSampler::log10_growth(const Context& context) const {
  const Total& total = plan_->total;
  const auto infos = engine::parameters_of(total.model);
  const int years = plan_->years[context.address.year_index] - total.base_year;
  if (total.model == TotalModel::growth) {
    return static_cast<double>(years) *
           (one_growth_ ? context.trajectory.log10_growth : log10_growth_per_year(context));
  }
  const double first = total.growth + sample(total.parameters[0], infos[0], context);
  const double last = kernels::natural_log(sample(total.parameters[1], infos[1], context));
  const double time = sample(total.parameters[2], infos[2], context);
  double sum = 0.0;
  for (int j = 1; j <= years; ++j) {
    const double weight = kernels::exponential(-static_cast<double>(j - 1) / time);
    sum += last + (kernels::natural_log(first) - last) * weight;
  }
  return sum / ln_10;
}

double InputSampler::modelled_log10_total(const Context& context) const {
  const Total& total = plan_->total;
  const Trajectory& trajectory = context.trajectory;
  const Address& address = context.address;
  const auto infos = engine::parameters_of(total.model);
  const double year = static_cast<double>(plan_->years[address.year_index]);
  switch (total.model) {
    case TotalModel::growth:
    case TotalModel::tapering:
      return log10_base_ + log10_growth(context) + log10_share_[address.year_index];
    case TotalModel::table:
      return sample(total.parameters[0], infos[0], context);
    case TotalModel::saturating: {
      const double base = sample(total.parameters[0], infos[0], context);
      const double slope = sample(total.parameters[1], infos[1], context);
      const double room = sample(total.parameters[2], infos[2], context) - base;
      if (!(room > 0.0)) return base + room;  // the limit holds below the base too
      return base + room * (1.0 - kernels::exponential(-slope * (year - total.base_year) / room));
    }
    case TotalModel::trend: {
      const Address place{address.trajectory, 0, address.year_index};
      const double z = kernels::normal_quantile(draws_.uniform(Stream::total_residual, place, 0));
      return trajectory.total_trend.mean(year) + trajectory.total_trend.sigma * z;
    }
    case TotalModel::state_space:
      return trajectory.path[address.year_index][StateSeries::log10_total];
    case TotalModel::implied:
      break;
  }
  return std::numeric_limits<double>::quiet_NaN();
}

double InputSampler::log10_total(const Context& context) const {
  const Total& total = plan_->total;
  const Address& address = context.address;
  if (!total.known_log10.empty() && !std::isnan(total.known_log10[address.year_index])) {
    return total.known_log10[address.year_index];
  }
  const double modelled = modelled_log10_total(context);
  return total.log10_ceiling.empty() ? modelled
                                     : std::min(modelled, total.log10_ceiling[address.year_index]);
}

}  // namespace flopsieve::engine
