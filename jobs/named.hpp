#pragma once

#include <fmt/format.h>

#include <string>
#include <vector>

#include "engine/parameters.hpp"
#include "jobs/suggest.hpp"
#include "jobs/table_reader.hpp"

namespace flopsieve::jobs {

/// The one of `allowed` that a job calls so (engine::name); throws with the list of all.
template <class Enum, std::size_t n>
Enum parse_named(const TableReader& reader, const Value& value, const std::string& key,
                 const Enum (&allowed)[n]) {
  const std::string found = reader.as_string(value, key);
  std::vector<std::string> names, quoted;
  for (const Enum each : allowed) {
    names.emplace_back(engine::name(each));
    quoted.push_back(fmt::format("\"{}\"", names.back()));
    if (names.back() == found) return each;
  }
  reader.fail(value, fmt::format("{} must be one of {}, found \"{}\"{}", key,
                                 fmt::join(quoted, ", "), found, did_you_mean(found, names)));
}

template <class Enum, std::size_t n>
Enum parse_named(TableReader& table, const char* key, const Enum (&allowed)[n]) {
  return parse_named(table, table.value(key), table.name_of(key), allowed);
}

}  // namespace flopsieve::jobs
