#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/plan.hpp"
#include "jobs/document.hpp"

namespace flopsieve::jobs {

/// What an input may be, besides a number, a per-year table or a distribution.
struct InputRules {
  std::vector<int> years;  ///< of the job
  engine::Scope default_scope = engine::Scope::candidate;
  /// What `{ from = "calibration" }` means in a year; empty where it is not allowed.
  std::function<engine::Distribution(int year)> from_calibration;
  /// Whether arguments may be `{ input = "sd", times = 0.5, plus = 1 }`.
  bool references = false;
};

/// Reads an input:
///   1.7                                            a number for all years
///   { normal = [24, 1.5] }                         a distribution for all years
///   { interval90 = [0.05, 0.5], shape = "lognormal" }   its central 90 % interval
///   { 2024 = 1.5, 2025-2028 = { uniform = [1.4, 2] } }  per year or range of years: each year of
///                                                  the job once, and no others
///   { from = "calibration" }
/// A table may have `scope`, and a distribution `lower` and `upper`. jobs/README.md lists the
/// laws. Throws Error(bad_input) with file and line.
engine::Input parse_input(const TableReader& reader, const Value& value, const std::string& name,
                          const InputRules& rules);

/// A constant for all years.
engine::Input constant_input(double value, std::size_t years);

/// The per-year numbers of a value that is a number or a table with a number per year or range of
/// years.
std::vector<double> parse_yearly_numbers(const TableReader& reader, const Value& value,
                                         const std::string& name, const std::vector<int>& years);

/// "2017-2023" or "2024" as first and last year. `fail` throws the message it is given.
std::pair<int, int> parse_year_range(const std::string& text,
                                     const std::function<void(const std::string&)>& fail);

/// The values that an input can take in a year: [lower, upper], infinite where unbounded.
struct Support {
  double lower = 0.0;
  double upper = 0.0;
};
Support support(const engine::Distribution& distribution);

/// Whether an argument refers to another input.
bool depends_on_input(const engine::Distribution& distribution);

/// Throws, naming the input, if less than 1 % of a distribution lies within its bounds: values
/// outside are drawn again.
void demand_mass(const TableReader& reader, const Value& where, const std::string& name,
                 const engine::Distribution& distribution);

/// Bounds a distribution that could leave [lower, upper].
void keep_inside(engine::Distribution& distribution, double lower, double upper);

/// A number above 0; the second form has a default.
double positive_number(TableReader& table, const char* key);
double positive_number(TableReader& table, const char* key, double fallback);

}  // namespace flopsieve::jobs
