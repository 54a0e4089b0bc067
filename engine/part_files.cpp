#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "engine/error.hpp"
#include "engine/files.hpp"
#include "engine/format.hpp"
#include "engine/parts.hpp"

// Which files of a folder are parts, and when they go.

namespace flopsieve::engine {
namespace {

namespace fs = std::filesystem;

constexpr char kept_name[] = "kept";

/// Takes `before` and the number after it off the text; false if that is not what it begins with.
bool take(std::string_view& text, std::string_view before, std::uint64_t& number) {
  if (!text.starts_with(before)) return false;
  text.remove_prefix(before.size());
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

}  // namespace

std::optional<PartName> part_name(const fs::path& path, std::string_view ending) {
  const std::string name = path.filename().string();
  std::string_view rest = name;
  std::uint64_t last = 0;
  PartName found;
  const bool complete = take(rest, "part-", found.batches.first) && take(rest, "-", last) &&
                        take(rest, "-", found.shard.index) && take(rest, "of", found.shard.count) &&
                        rest == ending;
  if (!complete || found.shard.count == 0 || last < found.batches.first) return std::nullopt;
  found.batches.step = found.shard.count;
  found.batches.count = (last - found.batches.first) / found.shard.count + 1;
  return found;
}

std::vector<fs::path> part_paths(const fs::path& folder, std::string_view ending) {
  std::vector<fs::path> paths;
  if (!fs::is_directory(folder)) return paths;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("part-") && name.ends_with(ending)) paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

void create_parts_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (!error) return;
  throw Error(ExitCode::storage,
              fmt::format("{}: cannot create the folder: {}", folder.string(), error.message()));
}

void set_aside(const fs::path& path, const char* suffix) {
  fs::path aside = path;
  aside += suffix;
  fs::rename(path, aside);
}

void mark_kept(const fs::path& folder) {
  write_file_atomically(folder / kept_name, std::string_view());
}

void unmark_kept(const fs::path& folder) {
  std::error_code ignored;
  fs::remove(folder / kept_name, ignored);
}

void remove_parts(const fs::path& folder, const std::vector<fs::path>& paths) {
  std::error_code ignored;
  if (fs::exists(folder / kept_name, ignored)) return;
  for (const fs::path& path : paths) fs::remove(path, ignored);
  if (part_paths(folder).empty() && part_paths(folder, format::sweep_part_ending).empty()) {
    for (const auto& entry : fs::directory_iterator(folder, ignored)) {
      const std::string name = entry.path().filename().string();
      const bool ours =
          name == format::study_file || (name.starts_with("shard-") && name.ends_with(".lock"));
      if (ours) fs::remove(entry.path(), ignored);
    }
  }
  fs::remove(folder, ignored);  // stays if something else, such as a damaged part, is in it
}

}  // namespace flopsieve::engine
