#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/plan.hpp"
#include "jobs/document.hpp"
#include "jobs/sweep.hpp"
#include "jobs/table_reader.hpp"

/// Pieces of a [sweep]: what stands under `keys`, and columns of values.
namespace flopsieve::jobs {

/// A key with what it goes through.
struct Axis {
  enum class Kind { values, range, law };
  std::string name;
  const Value* place = nullptr;  ///< for messages; lives as long as the job
  Kind kind = Kind::values;
  std::vector<Value> values;  ///< values and range
  engine::Distribution law;   ///< law
  std::string text;           ///< in words
};

/// The axes under `keys`, in order; names may be quoted ("models.sd") or dotted. Throws as
/// parse_sweep() does.
std::vector<Axis> parse_axes(TableReader& sweep);

/// Throws at `place` for a key that all variants must have in common.
void refuse_common_key(const TableReader& reader, const Value& place, std::string_view key);

/// A key with these values, one for each variant; nullptr: the job's own. `place` is where messages
/// point. Throws for numbers that a double cannot hold.
SweepKey column_of(const TableReader& reader, const std::string& name, const Value& place,
                   const std::vector<const Value*>& values);

/// A key with these numbers.
SweepKey column_of_numbers(const std::string& name, const Value& place,
                           std::vector<double> numbers);

}  // namespace flopsieve::jobs
