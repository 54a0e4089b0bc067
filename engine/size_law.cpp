#include "engine/size_law.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "engine/error.hpp"
#include "kernels/math.hpp"
#include "kernels/size_laws.hpp"

namespace flopsieve::engine {
namespace {

/// No largest size lies so many OOM below its location.
constexpr double lowest_last = 250.0;

}  // namespace

double location_offset(const Plan& plan, const CandidateInputs& inputs) {
  double weights = 0.0;
  double sum = 0.0;
  for (std::size_t i = 0; i < plan.sizes.components.size(); ++i) {
    weights += inputs.components[i].weight;
    sum += inputs.components[i].weight * inputs.components[i].mean;
  }
  return weights > 0.0 ? sum / weights : 0.0;
}

bool is_vectorised(SizeFamily family) {
  return family == SizeFamily::normal || family == SizeFamily::skew_normal ||
         family == SizeFamily::skew_normal_direct;
}

kernels::SkewNormalShape shape_of(SizeFamily family, const CandidateInputs& inputs) {
  if (family == SizeFamily::normal) return {};
  if (family == SizeFamily::skew_normal) return kernels::skew_normal_shape(inputs.parameters[2]);
  return kernels::skew_normal_direct_shape(inputs.parameters[2]);
}

namespace {

std::uint32_t grid_points(const CandidateInputs& inputs) {
  const auto& p = inputs.parameters;
  return static_cast<std::uint32_t>(std::floor((p[1] - p[0]) / p[2] + 1e-9)) + 1;
}

}  // namespace

kernels::SizeLaw law_of(const Plan& plan, const CandidateInputs& inputs, LawStorage& storage) {
  const auto& p = inputs.parameters;
  switch (plan.sizes.family) {
    case SizeFamily::skew_normal:
    case SizeFamily::skew_normal_direct:
      return kernels::SkewNormalSizes{shape_of(plan.sizes.family, inputs)};
    case SizeFamily::truncated_normal: {
      const kernels::TruncatedNormalSizes law(p[0], p[1], p[2], p[3]);
      if (law.mass() > 0.0) return law;
      throw Error(ExitCode::budget,
                  fmt::format("sizes with mean {} and sd {} never lie between {} and {}", p[0],
                              p[1], p[2], p[3]));
    }
    case SizeFamily::uniform:
      return kernels::UniformSizes{};
    case SizeFamily::power_law:
      return kernels::PowerLawSizes(p[0], p[2] - p[1]);
    case SizeFamily::student_t:
      return kernels::StudentT(p[2]);
    case SizeFamily::grid:
      return kernels::GridSizes{grid_points(inputs)};
    case SizeFamily::mixture: {
      const std::size_t size = plan.sizes.components.size();
      for (std::size_t i = 0; i < size; ++i) {
        const CandidateInputs::Component& c = inputs.components[i];
        storage.components[i] = {c.weight, c.mean - location_offset(plan, inputs), c.sd};
      }
      return kernels::MixtureSizes(std::span(storage.components).first(size));
    }
    case SizeFamily::empirical:
      return kernels::EmpiricalSizes(kernel_density(plan));
    case SizeFamily::normal:
    case SizeFamily::allocation:
      break;
  }
  return kernels::NormalSizes{};
}

kernels::KernelDensity kernel_density(const Plan& plan) {
  const KernelPoints& kernel = plan.sizes.kernel;
  return {kernel.centres, kernel.cumulative_weights, kernel.bandwidth, kernel.mean, kernel.sd};
}

namespace {

/// Where the standardised largest size may lie; nothing if low >= high.
struct LastWindow {
  double low;
  double high;
};

LastWindow last_window(double tolerance, const Candidate& candidate, const LastSize& others) {
  // Everything in units of the year's total.
  const double unit = candidate.inputs.log10_total - candidate.location;
  const double sum =
      others.sum > 0.0 ? kernels::power_of_ten(kernels::decimal_log(others.sum) - unit) : 0.0;
  const auto z_of = [&](double share) {
    return share > 0.0 ? (kernels::decimal_log(share) + unit) / candidate.scale
                       : -std::numeric_limits<double>::infinity();
  };
  // Far below every size that the sums can hold, where nothing bounds the largest from below.
  const double low =
      std::max({others.largest_z, z_of(1.0 - tolerance - sum), -lowest_last / candidate.scale});
  return {low, z_of(1.0 + tolerance - sum)};
}

double weight_bound(const Matching& matching, std::uint32_t year_index, double count) {
  const double most = matching.bound[year_index] > 0.0 ? matching.bound[year_index] : count;
  if (matching.peak.empty()) return most;
  return last_weight_bound(most, matching.tolerance, matching.peak[year_index]);
}

}  // namespace

LastDraw draw_last(const InputSampler& sampler, const Candidate& candidate,
                   const LastSize& others) {
  const Plan& plan = sampler.plan();
  const LastWindow window = last_window(plan.matching.tolerance, candidate, others);
  if (!(window.low < window.high)) return {};
  LawStorage storage;
  const kernels::SizeLaw law = law_of(plan, candidate.inputs, storage);
  const auto k = static_cast<double>(candidate.inputs.count);
  const double weight = k * kernels::probability_between(law, window.low, window.high);
  const double keep = weight / weight_bound(plan.matching, candidate.address.year_index, k);
  const Draws& draws = sampler.draws();
  if (!(draws.uniform(Stream::acceptance, candidate.address, 0) < keep)) return {weight, {}};
  const double u = draws.uniform(Stream::largest_size, candidate.address, 0);
  return {weight, static_cast<float>(kernels::quantile_between(law, window.low, window.high, u))};
}

double last_weight_bound(double sizes, double tolerance, double peak) {
  if (!(tolerance < 1.0)) return sizes;
  const double widest = 1.0 + 2.0 * sizes * tolerance / (1.0 - tolerance);
  return sizes * std::min(1.0, peak * kernels::decimal_log(widest));
}

}  // namespace flopsieve::engine
