#include "engine/split_year.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/error.hpp"
#include "engine/size_law.hpp"
#include "kernels/math.hpp"
#include "kernels/math_constants.hpp"
#include "kernels/normal.hpp"

namespace flopsieve::engine {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double farthest = 150.0;  ///< OOM from the location: as in Sieve, the sums could overflow
constexpr std::uint32_t scale_points = 256;
constexpr std::uint32_t scale_level = 254;  ///< of the points that the scales are found from

bool is_drawn(const Input& input, std::uint32_t year_index) {
  return input.scope == Scope::candidate && input.years[year_index].law != kernels::Law::constant;
}

bool is_simple(const Input& input, std::uint32_t year_index) {
  if (!is_drawn(input, year_index)) return true;
  const auto& arguments = input.years[year_index].arguments;
  return input.year_correlation == 0.0 &&
         std::all_of(arguments.begin(), arguments.end(),
                     [](const Argument& a) { return a.reference == Reference::none; });
}

bool refers(const Input& input, std::uint32_t year_index) {
  const auto& arguments = input.years[year_index].arguments;
  return std::any_of(arguments.begin(), arguments.end(), [](const Argument& a) {
    return a.reference == Reference::sd || a.reference == Reference::skewness;
  });
}

double probability(double normal) {
  return std::clamp(kernels::normal_cdf(normal), 0x1p-60, 1.0 - 0x1p-53);
}

/// The value of a law cut to its bounds, at a fraction of its probability.
double value_at(const Distribution& law, double u) {
  const kernels::Parameters parameters{law.arguments[0].value, law.arguments[1].value,
                                       law.arguments[2].value};
  const auto below = [&](double bound, double otherwise) {
    return std::isfinite(bound) ? kernels::cumulative(law.law, parameters, bound) : otherwise;
  };
  const double low = below(law.lower, 0.0);
  const double p = low + u * (below(law.upper, 1.0) - low);
  return std::clamp(kernels::quantile(law.law, parameters, std::clamp(p, 0x1p-60, 1.0 - 0x1p-53)),
                    law.lower, law.upper);
}

}  // namespace

std::string SplitYear::obstacle(const Plan& plan, std::uint32_t year_index) {
  if (!is_vectorised(plan.sizes.family)) return "sizes that are neither normal nor skew-normal";
  const Match match = plan.matching.match;
  if (match != Match::reject && match != Match::none) return "this match";
  const bool redrawn = std::any_of(plan.count.parameters.begin(), plan.count.parameters.end(),
                                   [&](const Input& input) { return is_drawn(input, year_index); });
  const bool counted =
      plan.count.model == CountModel::poisson || plan.count.model == CountModel::negative_binomial;
  if (redrawn || counted) return "a number of models that is drawn for each candidate";
  for (const Input& input : plan.total.parameters) {
    if (is_drawn(input, year_index)) return "a total that is drawn for each candidate";
  }
  for (const Input& input : plan.sizes.parameters) {
    if (!is_simple(input, year_index) || refers(input, year_index)) {
      return "parameters of the sizes that depend on each other or on other years";
    }
  }
  return {};
}

SplitYear::SplitYear(const InputSampler& sampler, const Trajectory& trajectory,
                     std::uint32_t year_index)
    : sampler_(&sampler), trajectory_(&trajectory) {
  const Plan& plan = sampler.plan();
  const std::string found = obstacle(plan, year_index);
  if (!found.empty()) {
    throw Error(ExitCode::bad_input, fmt::format("splitting is not possible with {}", found));
  }
  const Address address{trajectory.index, 0, year_index};
  fixed_ = sampler.candidate(trajectory, address);
  candidate_.address = address;
  candidate_.sampler = &sampler;
  sizes_at_ = plan.sizes.parameters.size();
  for (const Constraint& each : plan.constraints) {
    soft_.push_back(sizes_at_);
    if (each.is_soft()) ++sizes_at_;
  }
  const std::size_t per_size = plan.sizes.family == SizeFamily::normal ? 1 : 2;
  dimension_ = sizes_at_ + per_size * fixed_.count;
  find_scales();
}

SplitProblem SplitYear::problem() {
  return {dimension_, [this](std::span<const double> points, std::span<double> violations) {
            for (std::size_t i = 0; i < violations.size(); ++i) {
              violations[i] = violation(points.subspan(i * dimension_, dimension_));
            }
          }};
}

const Candidate& SplitYear::candidate(std::span<const double> point) {
  draw_parameters(point);
  draw_sizes(point.subspan(sizes_at_));
  sum_sizes();
  ordered_.begin(candidate_, z_.data(), 1);
  return candidate_;
}

void SplitYear::draw_parameters(std::span<const double> point) {
  const Plan& plan = sampler_->plan();
  const std::uint32_t year = candidate_.address.year_index;
  candidate_.inputs = fixed_;
  for (std::size_t i = 0; i < plan.sizes.parameters.size(); ++i) {
    const Input& input = plan.sizes.parameters[i];
    if (!is_drawn(input, year)) continue;
    candidate_.inputs.parameters[i] = value_at(input.years[year], probability(point[i]));
  }
  const Frame frame = frame_of(plan, candidate_.inputs);
  candidate_.location = frame.location;
  candidate_.scale = frame.scale;
}

void SplitYear::draw_sizes(std::span<const double> normals) {
  const SizeFamily family = sampler_->plan().sizes.family;
  const kernels::SkewNormalShape shape = shape_of(family, candidate_.inputs);
  z_.resize(fixed_.count);
  for (std::size_t i = 0; i < z_.size(); ++i) {
    const double z = family == SizeFamily::normal
                         ? normals[i]
                         : shape.absolute * std::abs(normals[2 * i]) +
                               shape.normal * normals[2 * i + 1] + shape.constant;
    z_[i] = static_cast<float>(z);
  }
}

void SplitYear::sum_sizes() {
  Candidate& c = candidate_;
  c.size_sum = c.power_1 = c.power_2 = c.power_3 = c.power_4 = 0.0;
  c.largest_z = -infinity;
  c.smallest_z = infinity;
  for (const float each : z_) {
    const auto z = static_cast<double>(each);
    c.size_sum += kernels::power_of_two(c.scale * kernels::log2_of_10 * z);
    c.power_1 += z;
    c.power_2 += z * z;
    c.power_3 += z * z * z;
    c.power_4 += z * z * (z * z);
    c.largest_z = std::max(c.largest_z, z);
    c.smallest_z = std::min(c.smallest_z, z);
  }
  c.log10_size_sum = kernels::decimal_log(c.size_sum);
}

/// Rejector 0 is the matching; what it compares is in OOM.
void SplitYear::find_scales() {
  const std::size_t rejectors = sampler_->plan().constraints.size() + 1;
  std::vector<double> sums(rejectors), squares(rejectors), numbers(rejectors), point(dimension_);
  for (std::uint32_t i = 0; i < scale_points; ++i) {
    draw_normals(sampler_->draws(), {trajectory_->index, candidate_.address.year_index, 0},
                 {scale_level, i, 0}, point);
    candidate(point);
    for (std::size_t r = 0; r < rejectors; ++r) {
      const double value = r == 0 ? candidate_.log10_sum() : compared(r - 1);
      if (!std::isfinite(value)) continue;
      numbers[r] += 1.0;
      sums[r] += value;
      squares[r] += value * value;
    }
  }
  for (std::size_t r = 0; r < rejectors; ++r) {
    const double n = std::max(numbers[r], 1.0);
    const double variance = squares[r] / n - sums[r] / n * (sums[r] / n);
    scales_.push_back(variance > 0.0 ? std::sqrt(variance) : 1.0);
  }
}

double SplitYear::compared(std::size_t constraint) {
  const Constraint& rule = sampler_->plan().constraints[constraint];
  const double previous = trajectory_->previous.empty() ? std::numeric_limits<double>::quiet_NaN()
                                                        : trajectory_->previous[constraint];
  return compared(rule, candidate_, {evaluate(rule.statistic, candidate_, ordered_), 0.0}, previous).value;
}

double SplitYear::total_violation() const {
  const Matching& matching = sampler_->plan().matching;
  const Candidate& c = candidate_;
  if (!(c.scale * std::max(c.largest_z, -c.smallest_z) <= farthest)) return infinity;
  if (matching.match == Match::none) return 0.0;
  const double apart = c.log10_sum() - c.inputs.log10_total;
  if (std::abs(kernels::power_of_ten(apart) - 1.0) <= matching.tolerance) return 0.0;
  return std::abs(apart) / scales_[0];
}

double SplitYear::constraint_violation(std::size_t constraint, std::span<const double> point) {
  const Constraint& rule = sampler_->plan().constraints[constraint];
  const std::uint32_t year = candidate_.address.year_index;
  if (rule.active[year] == 0) return 0.0;
  const double value = compared(constraint);
  if (std::isnan(value)) return rule.relative_to == RelativeTo::previous_year ? 0.0 : infinity;
  if (!rule.is_soft()) {
    return std::max({0.0, rule.lower[year] - value, value - rule.upper[year]}) /
           scales_[constraint + 1];
  }
  const double z = (value - rule.centre[year]) / rule.spread[year];
  return std::max(0.0, 0.5 * z * z + kernels::natural_log(probability(point[soft_[constraint]])));
}

double SplitYear::violation(std::span<const double> point) {
  candidate(point);
  double worst = total_violation();
  for (std::size_t i = 0; i < soft_.size() && worst < infinity; ++i) {
    worst = std::max(worst, constraint_violation(i, point));
  }
  return worst;
}

}  // namespace flopsieve::engine
