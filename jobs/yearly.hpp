#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "jobs/table_reader.hpp"

/// Tables with an entry per year or range of years: { 2024 = 1, 2025-2028 = 2 }.
namespace flopsieve::jobs {

/// "2017-2023" or "2024" as first and last year. `fail` throws the message it is given.
std::pair<int, int> parse_year_range(const std::string& text,
                                     const std::function<void(const std::string&)>& fail);

/// Whether a table has an entry for a year or a range of years.
bool is_yearly(const Value& table);

enum class Absent { refused, allowed };

/// The entry of each year of the job, nullptr where it is absent and may be; marks these keys as
/// known. Throws for a year without an entry, unless allowed, or with two, and for years outside
/// the job.
std::vector<const Entry*> entries_of_years(TableReader& table, const std::vector<int>& years,
                                           Absent absent = Absent::refused);

/// The per-year numbers of a value that is a number or a table with a number per year or range of
/// years. Where `needed` [year] is given, years that have 0 there may lack an entry; they get the
/// number of the first year that has one.
std::vector<double> parse_yearly_numbers(const TableReader& reader, const Value& value,
                                         const std::string& name, const std::vector<int>& years,
                                         const std::vector<std::uint8_t>& needed = {});

}  // namespace flopsieve::jobs
