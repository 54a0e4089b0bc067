#include "engine/size_law.hpp"

#include <algorithm>
#include <cmath>

#include "engine/error.hpp"
#include "kernels/allocation.hpp"
#include "kernels/math.hpp"

namespace flopsieve::engine {

Frame frame_of(const Plan& plan, const CandidateInputs& inputs) {
  const auto& p = inputs.parameters;
  switch (plan.sizes.family) {
    case SizeFamily::normal:
    case SizeFamily::skew_normal:
    case SizeFamily::skew_normal_direct:
    case SizeFamily::student_t:
    case SizeFamily::empirical:
      return {p[0], p[1]};
    case SizeFamily::mixture:
      return {p[0], 1.0};
    case SizeFamily::truncated_normal:
      return {p[2], p[3] - p[2]};
    case SizeFamily::uniform:
      return {p[0], p[1] - p[0]};
    case SizeFamily::grid:
      return {p[0], p[2]};
    case SizeFamily::power_law:
      return {p[1], p[2] - p[1]};
    case SizeFamily::allocation:
      break;
  }
  return {inputs.log10_total, 1.0};
}

bool is_vectorised(SizeFamily family) {
  return family == SizeFamily::normal || family == SizeFamily::skew_normal ||
         family == SizeFamily::skew_normal_direct;
}

kernels::SkewNormalShape shape_of(SizeFamily family, const CandidateInputs& inputs) {
  if (family == SizeFamily::normal) return {};
  if (family == SizeFamily::skew_normal) return kernels::skew_normal_shape(inputs.parameters[2]);
  const double shape = inputs.parameters[2];
  const double length = std::sqrt(1.0 + shape * shape);
  return {shape / length, 1.0 / length, 0.0};
}

}  // namespace flopsieve::engine
