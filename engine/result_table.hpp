#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace flopsieve::engine {

/// A dimension of a table: the name of its scale (format.hpp).
struct TableDimension {
  const char* scale = nullptr;
  std::uint64_t length = 0;
};

/// One table of the results of a run, which is the dataset GROUP/NAME of its file; the result of a
/// sweep has a row of it for each variant.
struct ResultTable {
  const char* group = nullptr;
  std::string name;
  std::vector<TableDimension> dimensions;
  std::string units;
  std::string meaning;
  /// As many as the dimensions multiply to, or none.
  std::variant<std::vector<double>, std::vector<std::uint64_t>> values;

  /// What the dimensions multiply to.
  std::uint64_t size() const;
};

}  // namespace flopsieve::engine
