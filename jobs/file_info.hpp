#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace flopsieve::jobs {

/// One dataset of a result file.
struct DatasetInfoLine {
  std::string path;
  std::string type;  ///< NumPy's name, or "string"
  std::vector<std::uint64_t> shape;
  std::optional<std::uint64_t> bytes;  ///< of the numbers, before compression; none for strings
  std::string sha256;                  ///< as stored; "" for a dimension without coordinates
  std::optional<bool> intact;          ///< it holds what was written; only where that was asked
};

/// A root attribute: its name in the file, and its value as text.
struct Attribute {
  std::string name;
  std::string value;
  bool is_number = false;
};

/// What a result file says about itself.
struct FileInfo {
  std::string file;
  std::uint64_t bytes = 0;
  std::vector<Attribute> attributes;  ///< all but `plan` and `job`, in the order of FORMAT.md
  std::string job;                    ///< TOML
  std::string plan;                   ///< JSON
  std::vector<DatasetInfoLine> datasets;
  bool verified = false;  ///< that every dataset holds what was written was asked

  /// Paths of the datasets that are not as they were written.
  std::vector<std::string> damaged() const;
};

enum class Verify { no, yes };

/// Throws as engine::open_result_file() does. A damaged dataset is no failure: see
/// FileInfo::damaged().
FileInfo read_info(const std::filesystem::path& path, Verify verify);

std::string info_text(const FileInfo& info);
std::string info_json(const FileInfo& info);

}  // namespace flopsieve::jobs
