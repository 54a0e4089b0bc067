#pragma once

#include <string>

#include "engine/plan.hpp"
#include "jobs/table_reader.hpp"

/// What values an input can take, before anything is drawn.
namespace flopsieve::jobs {

/// [lower, upper], infinite where unbounded.
struct Support {
  double lower = 0.0;
  double upper = 0.0;
};

/// Infinite both ways where an argument refers to another input.
Support support(const engine::Distribution& distribution);

/// Whether an argument refers to another input.
bool depends_on_input(const engine::Distribution& distribution);

/// Whether there is nothing to draw: a number, or a reference, in every year.
bool is_constant(const engine::Input& input);

/// Throws, naming the input, if less than 1 % of a distribution lies within its bounds: values
/// outside are drawn again.
void demand_mass(const TableReader& reader, const Value& where, const std::string& name,
                 const engine::Distribution& distribution);

/// The u-quantile of a distribution cut at its bounds that refers to nothing, 0 <= u <= 1; the ends
/// of its support at 0 and 1.
double quantile_between_bounds(const engine::Distribution& distribution, double u);

/// Bounds a distribution that could leave [lower, upper]; leaves constants alone.
void keep_inside(engine::Distribution& distribution, double lower, double upper);

}  // namespace flopsieve::jobs
