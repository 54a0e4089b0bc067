#pragma once

#include <map>
#include <string>
#include <string_view>

#include "jobs/submission.hpp"

/// The scripts of a submission: the files of jobs/slurm/ with their words filled in.
namespace flopsieve::jobs {

/// By name: shards.sbatch, merge.sbatch, submit.sh and README.md. Values of paths are quoted for a
/// shell. Throws Error(bad_input) for a path with a control character.
std::map<std::string, std::string> slurm_scripts(const Submission& submission,
                                                 const SlurmOptions& options, bool force);

/// Whether a name may stand in scripts and on the command line of squeue as it is.
bool is_job_name(std::string_view name);

/// A job name made of any text and an ending: what is_job_name() does not allow becomes "-".
std::string job_name(std::string_view text, std::string_view ending);

/// How many seconds before the end of a task's time it is told to stop; for no limit as for a long
/// one.
int signal_lead(const std::string& time);

/// `text` with each __word__ of `words` replaced by its value, which is not looked at again. Throws
/// std::out_of_range for a word that is not there.
std::string filled_in(std::string_view text, const std::map<std::string, std::string>& words);

}  // namespace flopsieve::jobs
