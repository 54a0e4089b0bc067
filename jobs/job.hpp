#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/plan.hpp"
#include "jobs/calibration.hpp"
#include "jobs/document.hpp"

namespace flopsieve::jobs {

/// Replaces or adds a key of a document by its dotted name, a constraint being called by its name
/// ("constraint.largest_share.max"); dots in parentheses separate nothing
/// ("constraint.share_within(1.31).max"). `text` is a TOML value ("0.5", "[1, 2]"); a bare word
/// becomes a string. Throws Error(bad_input) naming `assignment` if the text is no value or the
/// path leads through something that is not a table.
void set_key(Document& document, std::string_view dotted_key, std::string_view text);

/// The two halves of set_key(). `assignment` is what messages about the value begin with, in place
/// of file and line: "--set models.sd=1.5".
Value value_of_text(std::string_view text, const std::string& assignment);
void put_value(Document& document, std::string_view dotted_key, Value value,
               const std::shared_ptr<const std::string>& assignment);

/// The value at a dotted name as set_key() follows it, or nullptr.
const Value* find_key(const Document& document, std::string_view dotted_key);

/// The Plan of a job (jobs/REFERENCE.md describes every key), with everything resolved but
/// Plan::batch_trajectories, which is 0 unless the job states it: see plan_batches().
/// `calibration` is what `from = "calibration"` refers to. No `base` may be left: see with_base().
/// `fitted` is the fit of the job's state space where that is known already; fitting takes 20 ms.
/// Throws Error(bad_input) with file and line for everything unknown, missing, of a wrong type or
/// impossible.
engine::Plan plan_from_job(const Document& document, const Calibration& calibration,
                           const engine::StateSpace* fitted = nullptr);

/// The calibration that a job asks for: its `calibration = "FILE"`, relative to the folder of the
/// file that says so, or the embedded one.
Calibration calibration_for(const Document& document);

/// The resolved job: TOML with every default and every value that came from the calibration, which
/// plan_from_job() turns into the same Plan.
std::string resolved_job(const engine::Plan& plan);

/// A value of a resolved job. Tables and arrays are groups, "{...}" and "[...]".
struct JobValue {
  enum class Kind : std::uint8_t { group, number, whole, text };
  Kind kind = Kind::group;
  std::string text;                                          ///< as reports print it
  double number = std::numeric_limits<double>::quiet_NaN();  ///< of number and whole
};

/// By dotted keys; elements of arrays are counted from 1: "constraint[2].max",
/// "outputs.quantiles[1]".
using JobValues = std::map<std::string, JobValue>;
JobValues job_values(const std::string& resolved);

/// The keys of values other than groups in which two resolved jobs differ, without `trajectories`,
/// `title` and `batch_trajectories`. Numbers that differ by no more than a rounding error (1e-12
/// relative) are equal, because fits depend on the C library.
std::vector<std::string> differing_keys(const JobValues& a, const JobValues& b);

}  // namespace flopsieve::jobs
