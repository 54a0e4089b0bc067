#include <fmt/format.h>

#include <algorithm>

#include "engine/parameters.hpp"
#include "engine/tilt.hpp"
#include "engine/tilt_count.hpp"
#include "engine/tilt_parameters.hpp"

// Whether a job can be tilted.

namespace flopsieve::engine {
namespace {

bool is_constant(const Input& input) {
  return std::all_of(input.years.begin(), input.years.end(), [](const Distribution& each) {
    return each.law == kernels::Law::constant && each.arguments[0].reference == Reference::none;
  });
}

bool all_held(const std::vector<Input>& inputs) {
  return std::all_of(inputs.begin(), inputs.end(), is_held);
}

bool has_tilted_family(SizeFamily family) {
  switch (family) {
    case SizeFamily::student_t:
    case SizeFamily::allocation:
      return false;
    default:
      return true;
  }
}

/// The first parameter of the law of sizes that no table can hold; empty if there is none.
std::string untilted_parameter(const Plan& plan) {
  for (std::size_t i = 0; i < size_parameters(plan.sizes); ++i) {
    const Input& input = size_parameter(plan.sizes, i);
    if (is_constant(input)) continue;
    if (plan.sizes.family == SizeFamily::grid || !is_free(input)) {
      return size_parameter_name(plan.sizes, i);
    }
  }
  return {};
}

/// A grid's points are the cells of its table.
bool fits_table(const Sizes& sizes) {
  if (sizes.family != SizeFamily::grid) return true;
  for (std::size_t year = 0; year < sizes.parameters[0].years.size(); ++year) {
    const auto value = [&](std::size_t i) {
      return sizes.parameters[i].years[year].arguments[0].value;
    };
    if ((value(1) - value(0)) / value(2) > static_cast<double>(kernels::cell_count) - 2.0) {
      return false;
    }
  }
  return true;
}

}  // namespace

std::string tilt_refusal(const Plan& plan) {
  if (plan.matching.match != Match::reject) return "it needs match = \"reject\"";
  if (!has_tilted_family(plan.sizes.family)) {
    return fmt::format("sizes = \"{}\" cannot be tilted", name(plan.sizes.family));
  }
  const std::string parameter = untilted_parameter(plan);
  if (!parameter.empty()) {
    return fmt::format("{} must be a constant of the year{}", parameter,
                       plan.sizes.family == SizeFamily::grid
                           ? ", as points of a grid are cells of a table"
                           : " or be drawn anew for each candidate, without year_correlation and "
                             "from a distribution that refers to nothing");
  }
  if (plan.total.model == TotalModel::implied || !all_held(plan.total.parameters)) {
    return "the total must be the same for all attempts: give its parameters scope = "
           "\"trajectory\" or constants";
  }
  if (!fits_table(plan.sizes)) {
    return fmt::format("a grid of sizes may have {} points", kernels::cell_count - 1);
  }
  const std::string count = tilt_count_refusal(plan.count);
  if (!count.empty()) return count;
  if (plan.attempts == 1) {
    return "with attempts = 1 years would be selected by more than their probability; raise "
           "attempts";
  }
  return {};
}

}  // namespace flopsieve::engine
