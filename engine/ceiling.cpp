#include "engine/ceiling.hpp"

#include <limits>

#include "kernels/math.hpp"
#include "kernels/normal.hpp"

namespace flopsieve::engine {
namespace {

/// The 95 % point of the standard normal law.
constexpr double normal_95 = 1.6448536269514722;

struct NormalLaw {
  double median, sd;
};

NormalLaw law_of(const Constraint& constraint, std::uint32_t year_index) {
  double low = constraint.ceiling.low[year_index];
  double high = constraint.ceiling.high[year_index];
  if (!constraint.statistic.is_log10_flop()) {
    low = kernels::decimal_log(low);
    high = kernels::decimal_log(high);
  }
  return {0.5 * (low + high), (high - low) / (2.0 * normal_95)};
}

}  // namespace

double ceiling_uniform(const Constraint& constraint, const Draws& draws, const Address& candidate) {
  Address at = candidate;
  if (constraint.ceiling.scope == Scope::trajectory) at = {candidate.trajectory, 0, per_trajectory};
  return draws.uniform(Stream::soft, at, constraint.address);
}

double ceiling_at(const Constraint& constraint, std::uint32_t year_index, double u) {
  const NormalLaw law = law_of(constraint, year_index);
  const double ceiling = law.median - law.sd * kernels::normal_quantile(u);
  return constraint.statistic.is_log10_flop() ? ceiling : kernels::power_of_ten(ceiling);
}

double above_median(const Constraint& constraint, std::uint32_t year_index, double value) {
  const NormalLaw law = law_of(constraint, year_index);
  if (constraint.statistic.is_log10_flop()) return (value - law.median) / law.sd;
  if (!(value > 0.0)) return -std::numeric_limits<double>::infinity();
  return (kernels::decimal_log(value) - law.median) / law.sd;
}

double chance_below(const Constraint& constraint, std::uint32_t year_index, double value) {
  return kernels::normal_tail(above_median(constraint, year_index, value));
}

}  // namespace flopsieve::engine
