#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/plan.hpp"
#include "jobs/support.hpp"
#include "jobs/table_reader.hpp"
#include "jobs/yearly.hpp"

namespace flopsieve::jobs {

/// What `{ from = "NAME" }` means in a year.
struct InputSource {
  std::string name;
  std::function<engine::Distribution(int year)> distribution;
};

/// What an input may be, besides a number, a per-year table or a distribution.
struct InputRules {
  std::vector<int> years;  ///< of the job
  engine::Scope default_scope = engine::Scope::candidate;
  std::vector<InputSource> sources;
  /// What arguments of a normal distribution may refer to: `{ input = "sd", times = 0.5, plus = 1
  /// }`.
  std::vector<engine::Reference> references;
  bool largest_flop = false;  ///< whether `{ largest_flop = F }`, the share F / T, is one
};

/// Reads an input:
///   1.7                                            a number for all years
///   { normal = [24, 1.5] }                         a distribution for all years
///   { interval90 = [0.05, 0.5], shape = "lognormal" }   its central 90 % interval
///   { 2024 = 1.5, 2025-2028 = { uniform = [1.4, 2] } }  per year or range of years: each year of
///                                                  the job once, and no others
///   { from = "calibration" }
/// A table may have `scope` and `year_correlation`, a distribution `lower` and `upper`.
/// jobs/REFERENCE.md lists the laws. An input that is_constant() gets the default scope. Throws
/// Error(bad_input) with file and line.
engine::Input parse_input(const TableReader& reader, const Value& value, const std::string& name,
                          const InputRules& rules);

/// A law with these arguments and no bounds.
engine::Distribution distribution_of(kernels::Law law, double a, double b = 0.0, double c = 0.0);

/// A constant for all years.
engine::Input constant_input(double value, std::size_t years,
                             engine::Scope scope = engine::Scope::candidate);

/// How a job calls a law (not `constant`), and what an argument refers to (not `none` and
/// `inverse_total`).
std::string_view name_of(kernels::Law law);
std::string_view name_of(engine::Reference reference);

/// A number above 0; the second form has a default.
double positive_number(TableReader& table, const char* key);
double positive_number(TableReader& table, const char* key, double fallback);

}  // namespace flopsieve::jobs
