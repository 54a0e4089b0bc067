#pragma once

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "engine/error.hpp"
#include "engine/h5.hpp"

namespace flopsieve::engine::testing {

/// An empty folder of its own, removed at the end of its life.
class ScratchFolder {
 public:
  ScratchFolder() : ScratchFolder(std::filesystem::temp_directory_path()) {}
  explicit ScratchFolder(const std::filesystem::path& place) {
    std::string name = (place / "flopsieve-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw Error(ExitCode::storage, "no scratch folder");
    path_ = name;
  }
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  const std::filesystem::path& path() const { return path_; }

  /// How many files and folders it holds.
  std::size_t size() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(path_),
                                                  std::filesystem::directory_iterator()));
  }

 private:
  std::filesystem::path path_;
};

/// The error that a call ends with; fails the test if there is none.
template <class Call>
Error error_of(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    return error;
  }
  FAIL("no error was thrown");
  return Error(ExitCode::bug, "");
}

/// Type, shape and SHA-256 of every dataset by its path.
using Fingerprint = std::map<std::string, std::string>;

inline Fingerprint fingerprint(const std::filesystem::path& path) {
  const H5File file = H5File::open(path);
  Fingerprint datasets;
  for (const std::string& name : file.datasets()) {
    std::string text;
    try {
      text = std::to_string(static_cast<int>(file.type(name)));
    } catch (const Error&) {
      text = "text";
    }
    for (const std::uint64_t length : file.shape(name)) text += " " + std::to_string(length);
    datasets[name] = text + " " + file.dataset_sha256(name);
  }
  return datasets;
}

}  // namespace flopsieve::engine::testing
