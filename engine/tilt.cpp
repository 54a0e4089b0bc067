#include "engine/tilt.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "kernels/math.hpp"

namespace flopsieve::engine {
namespace {

constexpr double minus_infinity = -std::numeric_limits<double>::infinity();

/// Rounding of a density or an exponential is far below it.
constexpr double rounding = 2e-11;

constexpr double cell_width = 1.0 / static_cast<double>(kernels::cell_count);

double safe_log(double value) {
  return value >= std::numeric_limits<double>::min() ? kernels::natural_log(value) : minus_infinity;
}

/// Where a bound is loose anyway, one for a few cells saves its time.
std::size_t cells_together(const TiltBound& bound) {
  constexpr std::size_t most = 8;
  const double varies = bound.variation() / 0.1;
  std::size_t together = 1;
  while (together < most && 2.0 * static_cast<double>(together) <= varies) together *= 2;
  return together;
}

Plan plan_with(const Sizes& sizes) {
  Plan plan;
  plan.sizes = sizes;
  return plan;
}

}  // namespace

TiltBase::TiltBase(const Sizes& sizes, const TiltRange& range, double log10_most)
    : plan_(plan_with(sizes)) {
  if (is_grid()) {
    set_points(range.low, log10_most);
  } else {
    set_frame(range, log10_most);
  }
}

void TiltBase::set_frame(const TiltRange& range, double log10_most) {
  const auto& [lowest, highest] = bound_.emplace(plan_.sizes, range).support();
  // Where no size fits into the window the law stays whole: nothing will be kept.
  const bool is_cut = log10_most > lowest && log10_most < highest;
  frame_ = {lowest, (is_cut ? log10_most : highest) - lowest};
  log10_largest_ = frame_.location + frame_.scale;
}

void TiltBase::make_cells() const {
  const double log_scale = kernels::natural_log(frame_.scale);
  const double width = frame_.scale * cell_width;
  const std::size_t together = cells_together(*bound_);
  log_bounds_.resize(kernels::cell_count);
  for (std::size_t first = 0; first < kernels::cell_count; first += together) {
    const double low = frame_.location + static_cast<double>(first) * width;
    const double high = frame_.location + static_cast<double>(first + together) * width;
    std::fill_n(log_bounds_.begin() + static_cast<std::ptrdiff_t>(first), together,
                rounding + log_scale + bound_->log_largest(low, high));
  }
  for (std::size_t cell = 0; cell <= kernels::cell_count; ++cell) {
    const double below = (static_cast<double>(cell) * cell_width - 1.0) * frame_.scale;
    sizes_.push_back(kernels::power_of_ten(std::min(below, 0.0)));
  }
}

/// A cell per point, whose density has the probability of the point; those that are too large have
/// none.
void TiltBase::set_points(const CandidateInputs& inputs, double log10_most) {
  LawStorage storage;
  const auto points =
      static_cast<double>(std::get<kernels::GridSizes>(law_of(plan_, inputs, storage)).points);
  const auto& [location, step] = frame_of(plan_, inputs);
  frame_ = {location, step * static_cast<double>(kernels::cell_count)};
  double last = points - 1.0;
  while (last > 0.0 && location + last * step > log10_most) last -= 1.0;
  log10_largest_ = location + last * step;
  const double log_density =
      rounding + kernels::natural_log(static_cast<double>(kernels::cell_count) / points);
  for (std::size_t cell = 0; cell <= kernels::cell_count; ++cell) {
    const double log10_size = location + static_cast<double>(cell) * step;
    sizes_.push_back(kernels::power_of_ten(std::min(log10_size - log10_largest_, 0.0)));
    if (cell == kernels::cell_count) break;
    log_bounds_.push_back(static_cast<double>(cell) <= last ? log_density : minus_infinity);
  }
}

std::span<const double> TiltBase::sizes(bool largest) const {
  if (sizes_.empty()) make_cells();
  return std::span(sizes_).subspan(largest && !is_grid() ? 1 : 0, kernels::cell_count);
}

void TiltBase::add_term(const TiltTerm& term, std::span<double> exponents) const {
  constexpr double tiny = 1e-9;  // OOM; rounding of x is far below it
  const bool raises = term.strength > 0.0;
  const double bound = term.strength + std::abs(term.strength) * rounding;
  const double width = frame_.scale * cell_width;
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

kernels::SizeLaw TiltBase::law(const CandidateInputs& inputs, LawStorage& storage) const {
  return law_of(plan_, inputs, storage);
}

double TiltBase::log_density(const CandidateInputs& inputs, const kernels::SizeLaw& law,
                             double z) const {
  if (is_grid()) return log_bounds()[kernels::cell_of(static_cast<float>(z))] - rounding;
  const Frame own = frame_of(plan_, inputs);
  return safe_log(frame_.scale / own.scale * kernels::density(law, law_z(own, z)));
}

}  // namespace flopsieve::engine
