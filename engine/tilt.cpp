#include "engine/tilt.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "kernels/math.hpp"
#include "kernels/normal.hpp"

namespace flopsieve::engine {
namespace {

constexpr double minus_infinity = -std::numeric_limits<double>::infinity();

/// An unbounded law is cut where it has less than 1e-15 left.
constexpr double farthest_sd = 8.0;

/// Rounding of a density or an exponential is far below it.
constexpr double rounding = 2e-11;

double safe_log(double value) {
  return value >= std::numeric_limits<double>::min() ? kernels::natural_log(value) : minus_infinity;
}

/// The largest value of the normal density with this mean and sd between low and high.
double largest_normal(double mean, double sd, double low, double high) {
  constexpr double peak = 0.39894228040143267794;
  const double distance = (std::clamp(mean, low, high) - mean) / sd;
  return peak / sd * kernels::exponential(-0.5 * distance * distance);
}

Plan plan_with(const Sizes& sizes) {
  Plan plan;
  plan.sizes = sizes;
  return plan;
}

/// Where a law may lie, in its own z.
struct Reach {
  double low;
  double high;
};

Reach reach_of(SizeFamily family, const CandidateInputs& inputs,
               const std::vector<kernels::MixtureComponent>& components) {
  switch (family) {
    case SizeFamily::truncated_normal:
    case SizeFamily::uniform:
    case SizeFamily::power_law:
      return {0.0, 1.0};
    case SizeFamily::skew_normal:
    case SizeFamily::skew_normal_direct: {
      const kernels::SkewNormalShape shape = shape_of(family, inputs);
      const double reach =
          farthest_sd * std::sqrt(shape.absolute * shape.absolute + shape.normal * shape.normal);
      return {shape.constant - reach, shape.constant + reach};
    }
    default:
      break;
  }
  if (components.empty()) return {-farthest_sd, farthest_sd};
  Reach all{std::numeric_limits<double>::infinity(), minus_infinity};
  for (const kernels::MixtureComponent& each : components) {
    all.low = std::min(all.low, each.mean - farthest_sd * each.sd);
    all.high = std::max(all.high, each.mean + farthest_sd * each.sd);
  }
  return all;
}

}  // namespace

TiltBase::TiltBase(const Sizes& sizes, const TiltRange& range, double log10_most)
    : plan_(plan_with(sizes)),
      inputs_(range.low),
      high_mean_(range.high.parameters[0]),
      high_sd_(range.high.parameters[1]),
      law_frame_(frame_of(plan_, inputs_)) {
  // A range in the tails of a prior may hold laws that never lie between their bounds.
  if (!has_range()) law_ = law_of(plan_, inputs_, storage_);
  set_components();
  if (has_range() && sizes.family == SizeFamily::truncated_normal) set_least_mass();
  mode_ = find_mode();
  set_frame(log10_most);
  constexpr double width = 1.0 / static_cast<double>(kernels::cell_count);
  for (std::size_t cell = 0; cell <= kernels::cell_count; ++cell) {
    const double from = static_cast<double>(cell) * width;
    const double log10_size = is_grid() ? frame_.location + frame_.scale * from - log10_largest_
                                        : (from - 1.0) * frame_.scale;
    sizes_.push_back(kernels::power_of_ten(std::min(log10_size, 0.0)));
    if (cell == kernels::cell_count) break;
    const double density = is_grid()     ? largest_at(from)
                           : has_range() ? largest_of_range(from, from + width)
                                         : largest_between(from, from + width);
    log_bounds_.push_back(rounding + safe_log(density));
  }
}

/// The mass rises and falls with the mean, and falls or rises and falls with the sd: it is least at
/// a corner.
void TiltBase::set_least_mass() {
  const auto& p = inputs_.parameters;
  least_mass_ = 1.0;
  for (const double mean : {p[0], high_mean_}) {
    for (const double sd : {p[1], high_sd_}) {
      const double mass = kernels::normal_between((p[2] - mean) / sd, (p[3] - mean) / sd);
      least_mass_ = std::min(least_mass_, std::max(mass, 1e-300));
    }
  }
}

void TiltBase::set_frame(double log10_most) {
  if (is_grid()) {
    // A cell per point; those that are too large have no weight.
    const auto& [location, step] = law_frame_;
    frame_ = {location, step * static_cast<double>(kernels::cell_count)};
    const auto points = static_cast<double>(std::get<kernels::GridSizes>(law_).points);
    double last = points - 1.0;
    while (last > 0.0 && location + last * step > log10_most) last -= 1.0;
    log10_largest_ = location + last * step;
    return;
  }
  const Reach reach = reach_of(plan_.sizes.family, inputs_, components_);
  double lowest = law_frame_.location + law_frame_.scale * reach.low;
  double highest = law_frame_.location + law_frame_.scale * reach.high;
  if (has_range() && plan_.sizes.family == SizeFamily::normal) {
    lowest = law_frame_.location + high_sd_ * reach.low;
    highest = high_mean_ + high_sd_ * reach.high;
  }
  // Where no size fits into the window the law stays whole: nothing will be kept.
  const bool is_cut = log10_most > lowest && log10_most < highest;
  frame_ = {lowest, (is_cut ? log10_most : highest) - lowest};
  log10_largest_ = frame_.location + frame_.scale;
}

std::span<const double> TiltBase::sizes(bool largest) const {
  return std::span(sizes_).subspan(largest && !is_grid() ? 1 : 0, kernels::cell_count);
}

void TiltBase::add_term(const TiltTerm& term, std::span<double> exponents) const {
  constexpr double tiny = 1e-9;  // OOM; rounding of x is far below it
  const bool raises = term.strength > 0.0;
  const double bound = term.strength + std::abs(term.strength) * rounding;
  const double width = frame_.scale / static_cast<double>(kernels::cell_count);
  const std::span<const double> of_largest = sizes(raises);
  for (std::size_t cell = 0; cell < kernels::cell_count; ++cell) {
    const double above = static_cast<double>(cell) * width;
    const double low = frame_.location + above;
    const double high = is_grid() ? low : low + width;
    // What is cut is taken for whole where that makes more of it.
    const bool is_inside = raises ? high > term.from - tiny && low < term.below + tiny
                                  : low > term.from + tiny && high < term.below - tiny;
    if (!is_inside) continue;
    double g = 1.0;
    if (term.sum == TiltSum::flop) g = of_largest[cell];
    if (term.sum == TiltSum::log10_flop) g = above + (raises ? high - low : 0.0);
    exponents[cell] += bound * g;
  }
}

/// Of a grid: the density of a cell with the probability of its point.
double TiltBase::largest_at(double point) const {
  const double index = point * static_cast<double>(kernels::cell_count);
  const auto points = static_cast<double>(std::get<kernels::GridSizes>(law_).points);
  const bool is_one =
      index < points && law_frame_.location + index * law_frame_.scale <= log10_largest_;
  return is_one ? static_cast<double>(kernels::cell_count) / points : 0.0;
}

/// Every distance from the mean has an sd for which it is likeliest: itself.
double TiltBase::largest_of_range(double low, double high) const {
  const double from = frame_.location + frame_.scale * low;
  const double to = frame_.location + frame_.scale * high;
  const double distance = std::max({0.0, from - high_mean_, inputs_.parameters[0] - to});
  const double sd = std::clamp(distance, inputs_.parameters[1], high_sd_);
  return frame_.scale * largest_normal(0.0, sd, distance, distance) / least_mass_;
}

void TiltBase::set_components() {
  double sum = 0.0;
  if (plan_.sizes.family == SizeFamily::mixture) {
    components_.assign(
        storage_.components.begin(),
        storage_.components.begin() + static_cast<std::ptrdiff_t>(plan_.sizes.components.size()));
  } else if (plan_.sizes.family == SizeFamily::empirical) {
    const KernelPoints& kernel = plan_.sizes.kernel;
    double below = 0.0;
    for (std::size_t i = 0; i < kernel.centres.size(); ++i) {
      components_.push_back({kernel.cumulative_weights[i] - below,
                             (kernel.centres[i] - kernel.mean) / kernel.sd,
                             kernel.bandwidth / kernel.sd});
      below = kernel.cumulative_weights[i];
    }
  }
  for (const kernels::MixtureComponent& each : components_) sum += each.weight;
  for (kernels::MixtureComponent& each : components_) each.weight /= sum;
}

double TiltBase::find_mode() const {
  const auto& p = inputs_.parameters;
  switch (plan_.sizes.family) {
    case SizeFamily::truncated_normal:
      return (p[0] - p[2]) / (p[3] - p[2]);
    case SizeFamily::power_law:
      return p[0] >= 1.0 ? 1.0 : 0.0;
    case SizeFamily::skew_normal:
    case SizeFamily::skew_normal_direct: {
      // It lies within 1.2 standard deviations of Azzalini's location, where the density is
      // positive.
      const kernels::SkewNormalShape shape = shape_of(plan_.sizes.family, inputs_);
      double low = shape.constant - 1.2 * std::abs(shape.absolute);
      double high = shape.constant + 1.2 * std::abs(shape.absolute);
      for (int i = 0; i < 100; ++i) {
        const double a = low + (high - low) / 3.0;
        const double b = high - (high - low) / 3.0;
        (kernels::density(law_, a) < kernels::density(law_, b) ? low : high) =
            kernels::density(law_, a) < kernels::density(law_, b) ? a : b;
      }
      return 0.5 * (low + high);
    }
    default:
      return 0.0;
  }
}

/// The largest density of z between low and high, or a bound of it.
double TiltBase::largest_between(double from, double to) const {
  const double low = law_z(law_frame_, from);
  const double high = law_z(law_frame_, to);
  const double scale = frame_.scale / law_frame_.scale;
  if (components_.empty()) return scale * kernels::density(law_, std::clamp(mode_, low, high));
  double sum = 0.0;
  for (const kernels::MixtureComponent& each : components_) {
    sum += each.weight * largest_normal(each.mean, each.sd, low, high);
  }
  return scale * sum;
}

kernels::SizeLaw TiltBase::law(const CandidateInputs& inputs, LawStorage& storage) const {
  return law_of(plan_, inputs, storage);
}

double TiltBase::log_density(const CandidateInputs& inputs, const kernels::SizeLaw& law,
                             double z) const {
  if (is_grid()) return log_bounds_[kernels::cell_of(static_cast<float>(z))] - rounding;
  const Frame own = frame_of(plan_, inputs);
  return safe_log(frame_.scale / own.scale * kernels::density(law, law_z(own, z)));
}

}  // namespace flopsieve::engine
