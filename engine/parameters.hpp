#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "engine/plan.hpp"
#include "engine/streams.hpp"
#include "kernels/skew_normal.hpp"

namespace flopsieve::engine {

/// A parameter of a total, a count or a law of sizes: how a job calls it, what it may be, and where
/// its draws stand. Its index in the list of its model is its index in `parameters` of the Plan and
/// of CandidateInputs.
struct ParameterInfo {
  std::string_view name;   ///< key of the job file
  Stream stream;           ///< of its uniforms,
  std::uint32_t slot = 0;  ///< from first_index(slot) on
  double lower = 0.0;      ///< what it may be, inclusive; draws outside are drawn again
  double upper = 0.0;
  std::optional<double> fallback;  ///< its value where the job does not name it
  Scope scope = Scope::candidate;  ///< where the job does not say
};

std::span<const ParameterInfo> parameters_of(TotalModel model);
std::span<const ParameterInfo> parameters_of(CountModel model);
std::span<const ParameterInfo> parameters_of(SizeFamily family);

/// weight, mean and sd of component i of a mixture.
std::array<ParameterInfo, 3> parameters_of_component(std::uint32_t i);

/// Standard deviations and scales of sizes, OOM.
inline constexpr double least_sd = 1e-3;
inline constexpr double most_sd = 20.0;

/// The skewness of the skew-normal law stays this far inside its limit.
inline constexpr double largest_skewness = kernels::skew_normal_limit - 1e-4;

/// A growth factor of the total of any year is not less.
inline constexpr double least_growth = 1e-3;

/// As many as any law of sizes has.
inline constexpr std::size_t most_parameters = 4;

/// Whether `shift` can solve for the location: the law's first parameter, without fixed bounds.
bool has_location(SizeFamily family);

/// How a job calls each model.
std::string_view name(TotalModel model);
std::string_view name(CountModel model);
std::string_view name(SizeFamily family);
std::string_view name(Match match);
std::string_view name(Method method);

}  // namespace flopsieve::engine
