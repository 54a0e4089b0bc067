#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "engine/h5.hpp"
#include "engine/result_table.hpp"
#include "engine/sweep.hpp"
#include "engine/sweep_join.hpp"

namespace flopsieve::engine {

/// Which tables of single methods a sweep has: those that one of its variants needs.
struct SweepMethods {
  bool split = false;
  bool tilt = false;
};

/// All tables of a variant, always the same ones in the same order, some without values: numbers
/// that are not known are nan, or 0 where they are whole.
std::vector<ResultTable> variant_tables(const SweepStudy& study, const SweepMethods& methods,
                                        const JoinedVariant& variant);

/// The name of a table in the result of a sweep, where all stand in the root: `counts_quantiles`,
/// `cumulative_quantiles`, `acceptance_killed`, `candidates`.
std::string name_in_sweep(const ResultTable& table);

/// Names of scales of the root, in which no setting may be called.
std::vector<std::string> scales_of_sweep(const Plan& base);

/// Fills the tables of a result row after row. Rows wait until they are worth writing, 1 MiB of all
/// tables together.
class SweepTables {
 public:
  SweepTables(H5File& file, const SweepStudy& study, const SweepMethods& methods);

  /// The next variant.
  void append(const JoinedVariant& variant);

  /// Once, after all variants.
  void finish();

  const std::vector<std::string>& names() const { return names_; }

 private:
  template <class T>
  struct Table {
    RowWriter<T> writer;
    std::vector<T> waiting;
  };
  using AnyTable = std::variant<Table<double>, Table<std::uint64_t>>;

  void flush();

  const SweepStudy& study_;
  SweepMethods methods_;
  std::vector<std::string> names_;
  std::vector<AnyTable> tables_;
  std::size_t waiting_bytes_ = 0;
};

}  // namespace flopsieve::engine
