#pragma once

#include <string>

#include "engine/plan.hpp"
#include "engine/tally.hpp"
#include "jobs/convention.hpp"

namespace flopsieve::jobs {

enum class ReportFormat { table, csv, json };

/// "table", "csv" or "json". Throws Error(bad_input) naming the allowed words.
ReportFormat parse_report_format(const std::string& text);

/// The results of a run for people (table), spreadsheets (csv: one line per number) or programs
/// (json: the names are fixed, see jobs/REPORTS.md). Where the embedded calibration knows counts of
/// the job's years, they stand beside the simulated ones. Ends with a newline.
std::string report(const engine::Plan& plan, const engine::Tally& tally, ReportFormat format,
                   Convention convention = Convention::trajectory);

/// Warnings that belong to a result, one per line; empty if there are none.
std::string report_warnings(const engine::Plan& plan, const engine::Tally& tally);

}  // namespace flopsieve::jobs
