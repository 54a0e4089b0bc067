#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "jobs/report.hpp"

namespace flopsieve::jobs {

/// Sweeps side by side, variant by variant: those of the same settings belong together, and the
/// k-th of several in one sweep to the k-th in the others. Each number has its 95 % Monte Carlo
/// error and its difference to the first file. `of` are metrics (default_metrics() if there are
/// none); of a table at most `rows` variants are shown, 0: all. Throws Error(bad_input) for files
/// that are no sweeps of the same keys, that have no variant in common, or lack a metric; as
/// engine::open_sweep().
std::string sweep_comparison(const std::vector<std::string>& files,
                             const std::vector<std::string>& of, std::uint64_t rows,
                             ReportFormat format);

}  // namespace flopsieve::jobs
