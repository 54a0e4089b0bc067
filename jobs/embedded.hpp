#pragma once

#include <string_view>

/// What the build puts into the program.
namespace flopsieve::jobs {

std::string_view embedded_forecast();     ///< jobs/forecast.toml
std::string_view embedded_published();    ///< jobs/published.toml
std::string_view embedded_total();        ///< benchmarks/jobs/total.toml
std::string_view embedded_tilt();         ///< benchmarks/jobs/tilt.toml
std::string_view embedded_calibration();  ///< jobs/calibration.toml
/// The files of a submission, whose words __like_this__ are filled in: jobs/slurm/.
std::string_view embedded_shards_sbatch();
std::string_view embedded_merge_sbatch();
std::string_view embedded_submit_sh();
std::string_view embedded_submission_readme();
std::string_view program_version();
std::string_view git_hash();  ///< of the sources, "-dirty" appended for uncommitted changes

}  // namespace flopsieve::jobs
