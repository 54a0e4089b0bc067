#pragma once

#include <string>
#include <vector>

#include "jobs/calibration.hpp"
#include "jobs/csv.hpp"

namespace flopsieve::jobs {

/// Outliers that are left out by default: game-playing systems far above the models of their time.
extern const std::vector<std::string> default_drops;

struct CalibrateOptions {
  int first_year = 2017;                 ///< inclusive
  int last_year = 2023;                  ///< inclusive
  std::vector<std::string> extra_drops;  ///< model names, added to default_drops
  std::string created;                   ///< YYYY-MM-DD, copied into the provenance
  std::string tool_version;              ///< copied into the provenance
};

/// The calibration figures of a CSV in the layout of Epoch AI's Notable Models download; columns
/// used: Model, Publication date, Training compute (FLOP), Notability criteria.
///
/// Kept are rows with a notability criterion and a compute value that are not dropped by name.
/// Kept rows of other years count only for the frontier. Derived figures are rounded to 12
/// significant digits, so that machines whose log10 differs in the last bit write the same file.
///
/// Throws engine::Error(bad_input) for: a missing column; a compute value in any row that is not a
/// positive finite number; a kept row whose date is not a date of the form YYYY-MM-DD; an extra
/// drop that names no model; reversed years; a year with fewer than 3 models, or whose models are
/// all of one size.
Calibration calibrate(const CsvTable& table, const CalibrateOptions& options);

}  // namespace flopsieve::jobs
