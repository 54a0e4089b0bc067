#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "jobs/scaling/fit_content.hpp"

namespace flopsieve::jobs {

/// The file that -o names, through its links. Throws Error(bad_input) if no file can stand there,
/// or one does that is no result of flopsieve scaling fit.
std::filesystem::path fit_output(const std::string& name);

/// Writes the result (jobs/FITS.md, "The result file") through a temporary file; `path` is
/// either absent, old, or whole. Throws Error(storage).
void write_fit_file(const std::filesystem::path& path, const FitContent& content,
                    const std::vector<std::string>& command_line);

}  // namespace flopsieve::jobs
