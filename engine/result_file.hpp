#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

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
/// is not given) once and in order into one file of the layout in FORMAT.md: streams them one after
/// the other into a temporary file, makes it durable and renames it, so that `path` is either
/// absent, old, or whole. Leaves the parts alone. Returns the folded tally.
///
/// Throws Error(storage) if a batch is missing or twice there, a part is damaged, or the disk is
/// full; Error(interrupted) if `stop` becomes true, having removed the temporary file.
Tally write_result_file(const std::filesystem::path& path, const Study& study,
                        const std::vector<Part>& parts, const std::atomic<bool>* stop = nullptr,
                        std::optional<std::uint64_t> batches = {});

/// Throws Error(bad_input) if the file is missing or no finished flopsieve run, Error(storage) if
/// it is damaged or of a format or sampling version that this program does not read.
Results read_result_file(const std::filesystem::path& path);

}  // namespace flopsieve::engine
