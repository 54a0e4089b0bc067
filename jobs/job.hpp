#pragma once

#include <string>
#include <string_view>

#include "engine/plan.hpp"
#include "jobs/calibration.hpp"
#include "jobs/document.hpp"

namespace flopsieve::jobs {

/// Replaces or adds a key of a document by its dotted name, a constraint being called by its name
/// ("constraint.largest_share.max"); `text` is a TOML value ("0.5", "[1, 2]"); a bare word becomes
/// a string. Throws Error(bad_input) naming `assignment` if the
/// text is no value or the path leads through something that is not a table.
void set_key(Document& document, std::string_view dotted_key, std::string_view text);

/// The Plan of a job (jobs/REFERENCE.md describes every key), with everything resolved but
/// Plan::batch_trajectories, which is 0 unless the job states it: see plan_batches().
/// `calibration` is what `from = "calibration"` refers to. No `base` may be left: see with_base().
/// Throws Error(bad_input) with file and line for everything unknown, missing, of a wrong type or
/// impossible.
engine::Plan plan_from_job(const Document& document, const Calibration& calibration);

/// The calibration that a job asks for: its `calibration = "FILE"`, relative to the folder of the
/// file that says so, or the embedded one.
Calibration calibration_for(const Document& document);

/// The resolved job: TOML with every default and every value that came from the calibration, which
/// plan_from_job() turns into the same Plan.
std::string resolved_job(const engine::Plan& plan);

/// The keys in which two resolved jobs differ, without `trajectories`, `title` and
/// `batch_trajectories`. Numbers that differ by no more than a rounding error (1e-12 relative) are
/// equal, because fits depend on the C library.
std::vector<std::string> differing_keys(const std::string& resolved_a,
                                        const std::string& resolved_b);

}  // namespace flopsieve::jobs
