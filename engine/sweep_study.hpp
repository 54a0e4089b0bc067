#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/h5.hpp"
#include "engine/sweep.hpp"

// What a sweep is, in files: its result, and the folder of its parts.

namespace flopsieve::engine {

/// Everything but plans; `job` and `sweep` are TOML.
SweepStudy study_of_sweep(const Variants& variants, std::string job, std::string sweep,
                          std::vector<std::pair<std::string, std::string>> provenance);

/// Names of datasets for swept keys: all but letters, digits, `_` and `.` becomes `_`, and a number
/// is put behind a name that is taken, by another key or in `taken`.
std::vector<std::string> setting_names(const std::vector<SweptKey>& keys,
                                       std::set<std::string> taken);

/// Writes /variant, a dataset for each key, and the attributes that read_sweep_study() reads.
void write_sweep_study(H5File& file, const SweepStudy& study,
                       const std::vector<std::string>& names);

/// Without provenance but for the command line. Throws Error(storage), or as plan_from_json(), or
/// std::exception where something is missing or of another shape.
SweepStudy read_sweep_study(const H5File& file);

/// The study that all who share a folder compute: that of the first to come, which leaves it there,
/// sealed. Creates the folder if need be. Throws Error(bad_input) if it is another one, or of
/// another number of trajectories; Error(storage).
void agree_on_sweep(const std::filesystem::path& folder, const SweepStudy& study);

/// Throws as agree_on_sweep() would, or DamagedPart, and leaves nothing.
void demand_same_sweep(const std::filesystem::path& folder, const SweepStudy& study);

/// What agree_on_sweep() left in a folder. Nothing if there is none; throws DamagedPart.
std::optional<SweepStudy> stored_sweep(const std::filesystem::path& folder);

/// Whether it is the folder of a sweep.
bool is_sweep_folder(const std::filesystem::path& folder);

}  // namespace flopsieve::engine
