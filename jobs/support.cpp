#include "jobs/support.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace flopsieve::jobs {
namespace {

using engine::Argument;
using engine::Distribution;
using kernels::Law;

constexpr double infinity = std::numeric_limits<double>::infinity();

Support law_support(const Distribution& d) {
  const auto& a = d.arguments;
  if (depends_on_input(d)) return {-infinity, infinity};
  switch (d.law) {
    case Law::constant:
      return {a[0].value, a[0].value};
    case Law::uniform:
    case Law::loguniform:
      return {a[0].value, a[1].value};
    case Law::triangular:
      return {a[0].value, a[2].value};
    case Law::lognormal:
      return {0.0, infinity};
    case Law::normal:
      break;
  }
  return {-infinity, infinity};
}

/// P(X <= x) before the bounds.
double share_below(const Distribution& d, double x) {
  if (std::isinf(x)) return x > 0.0 ? 1.0 : 0.0;
  const auto& a = d.arguments;
  return kernels::cumulative(d.law, {a[0].value, a[1].value, a[2].value}, x);
}

}  // namespace

Support support(const Distribution& distribution) {
  const Support law = law_support(distribution);
  return {std::max(law.lower, distribution.lower), std::min(law.upper, distribution.upper)};
}

bool depends_on_input(const Distribution& distribution) {
  return std::any_of(
      distribution.arguments.begin(), distribution.arguments.end(),
      [](const Argument& argument) { return argument.reference != engine::Reference::none; });
}

void demand_mass(const TableReader& reader, const Value& where, const std::string& name,
                 const Distribution& distribution) {
  if (distribution.law == Law::constant || depends_on_input(distribution)) return;
  constexpr double least = 0.01;
  const double mass =
      share_below(distribution, distribution.upper) - share_below(distribution, distribution.lower);
  if (mass >= least) return;
  reader.fail(
      where,
      fmt::format("{}: less than {:.0f} % of the distribution lies between its bounds {} and "
                  "{}, so drawing again would take for ever; move it or widen the bounds",
                  name, 100.0 * least, distribution.lower, distribution.upper));
}

double quantile_between_bounds(const Distribution& distribution, double u) {
  const Support range = support(distribution);
  if (u <= 0.0) return range.lower;
  if (u >= 1.0) return range.upper;
  const double low = share_below(distribution, distribution.lower);
  const double high = share_below(distribution, distribution.upper);
  const auto& a = distribution.arguments;
  const double x = kernels::quantile(distribution.law, {a[0].value, a[1].value, a[2].value},
                                     low + u * (high - low));
  return std::clamp(x, range.lower, range.upper);
}

bool is_constant(const engine::Input& input) {
  return std::all_of(input.years.begin(), input.years.end(),
                     [](const Distribution& year) { return year.law == Law::constant; });
}

void keep_inside(Distribution& distribution, double lower, double upper) {
  if (distribution.law == Law::constant) return;
  const Support range = support(distribution);
  if (range.lower < lower) distribution.lower = lower;
  if (range.upper > upper) distribution.upper = upper;
}

}  // namespace flopsieve::jobs
