#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/inputs.hpp"
#include "engine/plan.hpp"
#include "engine/tilt_strata.hpp"

/// The parameters of the law of sizes in one list: those of the family (parameters.hpp), then
/// weight, mean and sd of each component of a mixture.
namespace flopsieve::engine {

/// What a parameter does to the law.
enum class TiltRole : std::uint8_t {
  location,
  scale,
  skewness,  ///< at a fixed mean and sd
  shape,     ///< Azzalini's
  end,       ///< of the range of sizes
  gradient,
  weight
};

std::size_t size_parameters(const Sizes& sizes);
TiltRole size_parameter_role(const Sizes& sizes, std::size_t i);
std::string size_parameter_name(const Sizes& sizes, std::size_t i);
const Input& size_parameter(const Sizes& sizes, std::size_t i);
double& size_parameter(const Sizes& sizes, CandidateInputs& inputs, std::size_t i);
double size_parameter(const Sizes& sizes, const CandidateInputs& inputs, std::size_t i);

/// A parameter that candidates draw, with the law that it has in a year.
struct TiltDrawn {
  std::size_t index = 0;
  TiltPrior prior;
};
using TiltPriors = std::vector<TiltDrawn>;

/// Those that are not constants in a year.
TiltPriors tilt_priors(const Plan& plan, std::uint32_t year_index);

/// A stratum of each prior.
using TiltStrata = std::vector<Stratum>;

}  // namespace flopsieve::engine
