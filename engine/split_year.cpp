#include "engine/split_year.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/ceiling.hpp"
#include "engine/error.hpp"
#include "engine/screen.hpp"
#include "engine/size_law.hpp"
#include "kernels/math.hpp"
#include "kernels/math_constants.hpp"

namespace flopsieve::engine {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double farthest = 150.0;  ///< OOM from the location: as in Sieve, the sums could overflow
constexpr std::uint32_t scale_points = 256;
constexpr std::uint32_t scale_level = 254;  ///< of the points that the scales are found from
constexpr double corner = 6.36;             ///< a normal beyond it has probability 1e-10
constexpr std::size_t most_sizes = 16'384;
/// Farther than any location with some prior density is.
constexpr double outside = 1000.0;

}  // namespace

std::string split_refusal(const Plan& plan) {
  if (plan.attempts == 1) {
    return "it gives every trajectory a survivor, as many attempts would; raise attempts above 1";
  }
  if (plan.sizes.family == SizeFamily::allocation) return "it cannot draw allocations";
  const bool revenue = std::any_of(
      plan.constraints.begin(), plan.constraints.end(), [](const Constraint& constraint) {
        return constraint.statistic.kind == StatisticKind::loss_making_share;
      });
  if (revenue) return "it cannot draw revenues anew, which loss_making_share hangs on";
  const Match match = plan.matching.match;
  if (match == Match::last || match == Match::rescale) {
    return fmt::format("match = \"{}\" cannot be sampled by splitting", name(match));
  }
  return {};
}

void complete_candidate(const Plan& plan, std::span<const float> z, Candidate& candidate,
                        OrderedSizes& ordered) {
  Candidate& c = candidate;
  c.size_sum = c.power_1 = c.power_2 = c.power_3 = c.power_4 = 0.0;
  c.largest_z = -infinity;
  c.smallest_z = infinity;
  const double scale = c.scale * kernels::log2_of_10;
  for (const float each : z) {
    const auto value = static_cast<double>(each);
    c.size_sum += kernels::power_of_two(scale * value);
    c.power_1 += value;
    c.power_2 += value * value;
    c.power_3 += value * value * value;
    c.power_4 += value * value * (value * value);
    c.largest_z = std::max(c.largest_z, value);
    c.smallest_z = std::min(c.smallest_z, value);
  }
  c.log10_size_sum = kernels::decimal_log(c.size_sum);
  if (plan.total.model == TotalModel::implied) {
    c.inputs.log10_total = c.log10_sum();
  } else if (plan.matching.match == Match::shift) {
    c.location = c.inputs.log10_total - c.log10_size_sum;
  }
  ordered.begin(c, z.data(), 1);
}

SplitYear::SplitYear(const InputSampler& sampler, const Trajectory& trajectory,
                     std::uint32_t year_index)
    : sampler_(&sampler),
      trajectory_(&trajectory),
      latent_(sampler.plan(), year_index),
      inputs_(sampler.plan(), sampler.draws().purpose(), &latent_),
      sizes_(sampler.plan()) {
  candidate_.address = {trajectory.index, 0, year_index};
  candidate_.sampler = &sampler;
  if (latent_.size() == 0) fixed_ = sampler.candidate(trajectory, candidate_.address);
  most_count_ = largest_count();
  dimension_ = latent_.size() + sizes_.normals_per_size() * most_count_;
  find_scales();
}

/// k where its parameters are at ends of their range, of which signs tells the upper ones, and its
/// draw at the upper end of its own; 0 where that is no number of models.
std::size_t SplitYear::count_at_end(std::size_t signs) {
  std::vector<double> point(latent_.size(), 0.0);
  const auto& parameters = latent_.count_parameters();
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    point[parameters[i]] = (signs >> i & 1) != 0 ? corner : -corner;
  }
  for (const std::size_t place : latent_.count_draws()) point[place] = corner;
  latent_.set(point);
  try {
    return inputs_.candidate(*trajectory_, candidate_.address).count;
  } catch (const Error& error) {
    if (error.code() != ExitCode::budget) throw;
    return 0;
  }
}

std::size_t SplitYear::largest_count() {
  if (fixed_) return fixed_->count;
  const std::size_t corners = std::size_t{1} << latent_.count_parameters().size();
  std::size_t most = 0;
  for (std::size_t signs = 0; signs < corners; ++signs) most = std::max(most, count_at_end(signs));
  if (count_at_end(corners - 1) > 0 && most <= most_sizes) return most;
  throw Error(ExitCode::budget,
              fmt::format("splitting: {} may have more than {} models; bound their number",
                          sampler_->plan().years[candidate_.address.year_index], most_sizes));
}

SplitProblem SplitYear::problem() {
  return {dimension_, [this](std::span<const double> points, std::span<double> violations) {
            for (std::size_t i = 0; i < violations.size(); ++i) {
              violations[i] = violation(points.subspan(i * dimension_, dimension_));
            }
          }};
}

const Candidate* SplitYear::candidate(std::span<const double> point) {
  const Plan& plan = sampler_->plan();
  latent_.set(point.first(latent_.size()));
  try {
    candidate_.inputs = fixed_ ? *fixed_ : inputs_.candidate(*trajectory_, candidate_.address);
    const std::size_t count = candidate_.inputs.count;
    if (count > most_count_) return nullptr;
    const Frame frame = frame_of(plan, candidate_.inputs);
    candidate_.location = frame.location;
    candidate_.scale = frame.scale;
    z_.resize(count);
    sizes_.draw(candidate_.inputs, point.subspan(latent_.size(), count * sizes_.normals_per_size()),
                z_);
  } catch (const Error& error) {
    if (error.code() != ExitCode::budget) throw;
    return nullptr;  // bounds that leave nothing
  }
  complete_candidate(plan, z_, candidate_, ordered_);
  return &candidate_;
}

/// Rejector 0 is the matching; what it compares is in OOM.
void SplitYear::find_scales() {
  const std::size_t rejectors = sampler_->plan().constraints.size() + 1;
  std::vector<double> sums(rejectors), squares(rejectors), numbers(rejectors), point(dimension_);
  for (std::uint32_t i = 0; i < scale_points; ++i) {
    draw_normals(sampler_->draws(), {trajectory_->index, candidate_.address.year_index, 0},
                 {scale_level, i, 0}, point);
    if (candidate(point) == nullptr) continue;
    for (std::size_t r = 0; r < rejectors; ++r) {
      const double value = r == 0 ? candidate_.log10_sum() : compare(r - 1);
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

double SplitYear::previous(std::size_t constraint) const {
  return trajectory_->previous.empty() ? std::numeric_limits<double>::quiet_NaN()
                                       : trajectory_->previous[constraint];
}

double SplitYear::compare(std::size_t constraint) {
  const Constraint& rule = sampler_->plan().constraints[constraint];
  const Screened known{evaluate(rule.statistic, candidate_, ordered_), 0.0};
  return compared(rule, candidate_, known, previous(constraint)).value;
}

double SplitYear::matching_violation() const {
  const Matching& matching = sampler_->plan().matching;
  const Candidate& c = candidate_;
  if (!(c.scale * std::max(c.largest_z, -c.smallest_z) <= farthest)) return infinity;
  if (matching.match == Match::none) return 0.0;
  if (matching.match == Match::shift) return location_violation();
  const double apart = c.log10_sum() - c.inputs.log10_total;
  if (std::abs(kernels::power_of_ten(apart) - 1.0) <= matching.tolerance) return 0.0;
  return std::abs(apart) / scales_[0];
}

/// Where the prior density is 0, how far it is from the middle of the prior, beyond all else.
double SplitYear::location_violation() const {
  const Plan& plan = sampler_->plan();
  const Candidate& c = candidate_;
  const std::uint32_t year = c.address.year_index;
  const double location = c.location - location_offset(plan, c.inputs);
  if (*inputs_.accept_location(c.inputs, *trajectory_, c.address, location, 0.0)) return 0.0;
  const double density = inputs_.location_density(c.inputs, *trajectory_, c.address, location);
  if (!(density > 0.0)) {
    return outside +
           std::abs(location - inputs_.middle_location(c.inputs, *trajectory_, c.address));
  }
  const double u = *latent_.find(Stream::acceptance, 0);
  return std::max(std::numeric_limits<double>::min(),
                  kernels::natural_log(u * plan.matching.bound[year] / density));
}

/// In standard deviations of the ceiling's law.
double SplitYear::ceiling_violation(const Constraint& rule, double value) const {
  const std::uint32_t year = candidate_.address.year_index;
  const double u = ceiling_uniform(rule, inputs_.draws(), candidate_.address);
  if (value <= ceiling_at(rule, year, u)) return 0.0;
  return std::max(std::numeric_limits<double>::min(),
                  above_median(rule, year, value) + kernels::normal_quantile(u));
}

double SplitYear::constraint_violation(std::size_t constraint) {
  const Constraint& rule = sampler_->plan().constraints[constraint];
  const std::uint32_t year = candidate_.address.year_index;
  if (rule.active[year] == 0) return 0.0;
  if (rule.relative_to == RelativeTo::previous_year && std::isnan(previous(constraint))) return 0.0;
  const double value = compare(constraint);
  if (std::isnan(value)) return infinity;
  if (!rule.is_soft()) {
    return std::max({0.0, rule.lower[year] - value, value - rule.upper[year]}) /
           scales_[constraint + 1];
  }
  if (rule.has_ceiling()) return ceiling_violation(rule, value);
  const double z = (value - rule.centre[year]) / rule.spread[year];
  const double u = *latent_.find(Stream::soft, rule.address);
  return std::max(0.0, 0.5 * z * z + kernels::natural_log(u));
}

double SplitYear::violation(std::span<const double> point) {
  if (candidate(point) == nullptr) return infinity;
  double worst = matching_violation();
  for (std::size_t i = 0; i + 1 < scales_.size() && worst < infinity; ++i) {
    worst = std::max(worst, constraint_violation(i));
  }
  return worst;
}

}  // namespace flopsieve::engine
