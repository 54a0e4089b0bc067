#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "jobs/table_reader.hpp"

namespace flopsieve::jobs {

/// Known numbers of models: of a year, one per threshold; -1 where it is not known.
using ObservedCounts = std::map<int, std::vector<std::int64_t>>;

/// Reads [observed]: per year of first..last a table `{ 1e25 = 20, 1e26 = 0 }` from thresholds to
/// whole numbers up to 1,000,000, which must not rise with the threshold.
ObservedCounts parse_observed(TableReader& table, const std::vector<double>& thresholds, int first,
                              int last);

}  // namespace flopsieve::jobs
