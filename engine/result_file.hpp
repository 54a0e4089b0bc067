#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine/h5.hpp"
#include "engine/join.hpp"
#include "engine/older_run.hpp"
#include "engine/parts.hpp"
#include "engine/study.hpp"
#include "engine/tally.hpp"

namespace flopsieve::engine {

/// A finished run, read back.
struct Results {
  Study study;
  Tally tally;
};

/// Joins parts that together hold each of the first `batches` batches of the study (of all, if that
/// is not given) into one file of the layout in FORMAT.md: streams them in order of their batches
/// into a temporary file, makes it durable and renames it, so that `path` is either absent, old, or
/// whole. Batches of different parts may interleave, and several parts may hold the same batch.
/// Leaves the parts alone. Returns the folded tally.
///
/// Throws as arrange() in join.hpp does; Error(storage) if a part is damaged or the disk is full;
/// Error(interrupted) if `stop` becomes true, having removed the temporary file.
Tally write_result_file(const std::filesystem::path& path, const Study& study,
                        const std::vector<Part>& parts, const std::atomic<bool>* stop = nullptr,
                        std::optional<std::uint64_t> batches = {});

/// Opens a finished run. Its datasets are not looked at, all else is compared with what was written
/// (FORMAT.md, "What is checked"). Throws Error(bad_input) if the file is missing or no finished
/// flopsieve run; Error(storage) if it is of a format or sampling version that this program does
/// not read, or, with the message `FILE: damaged: WHAT`, if it is not what was written.
H5File open_result_file(const std::filesystem::path& path);

/// The same for batches that are arranged already, after those of an older run (nullptr: none),
/// whose file may be the one that is replaced.
Tally write_result_file(const std::filesystem::path& path, const Study& study,
                        const Joining& joining, const OlderRun* older,
                        const std::atomic<bool>* stop);

/// The tally that write_result_file() returns, without writing.
Tally fold_batches(const Plan& plan, const Joining& joining, const OlderRun* older,
                   const std::atomic<bool>* stop);

/// Throws Error(storage) if a dataset whose path begins with one of `beginnings` is not what its
/// SHA-256 says.
void verify_datasets(const H5File& file, const std::filesystem::path& path,
                     const std::vector<std::string>& beginnings);

/// Throws Error(storage) if a dataset is not what its SHA-256 says.
void verify_dataset(const H5File& file, const std::filesystem::path& path,
                    const std::string& dataset);

/// Throws as open_result_file() does, and Error(storage) if the tallies are not what was written.
Results read_result_file(const std::filesystem::path& path);

}  // namespace flopsieve::engine
