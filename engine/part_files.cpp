#include <algorithm>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "engine/files.hpp"
#include "engine/format.hpp"
#include "engine/parts.hpp"

// Which files of a folder are parts, and when they go.

namespace flopsieve::engine {
namespace {

namespace fs = std::filesystem;

constexpr char kept_name[] = "kept";

}  // namespace

std::vector<fs::path> part_paths(const fs::path& folder) {
  std::vector<fs::path> paths;
  if (!fs::is_directory(folder)) return paths;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("part-") && name.ends_with(".h5")) paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
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
  if (part_paths(folder).empty()) {
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
