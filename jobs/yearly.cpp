#include "jobs/yearly.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace flopsieve::jobs {
namespace {

bool is_year(const std::string& key) {
  return key.size() == 4 &&
         std::all_of(key.begin(), key.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_year_range(const std::string& key) {
  return key.size() == 9 && key[4] == '-' && is_year(key.substr(0, 4)) && is_year(key.substr(5));
}

}  // namespace

std::pair<int, int> parse_year_range(const std::string& text,
                                     const std::function<void(const std::string&)>& fail) {
  const std::size_t dash = text.find('-');
  const std::string first = text.substr(0, dash);
  const std::string last = dash == std::string::npos ? first : text.substr(dash + 1);
  if (!is_year(first) || !is_year(last)) {
    fail(fmt::format("\"{}\" is not a range of years such as \"2024-2028\"", text));
  }
  const std::pair<int, int> range{std::stoi(first), std::stoi(last)};
  if (range.first > range.second) {
    fail(fmt::format("the years \"{}\" are reversed; write \"{}-{}\"", text, last, first));
  }
  return range;
}

bool is_yearly(const Value& table) {
  return std::any_of(table.entries.begin(), table.entries.end(), [](const Entry& entry) {
    return is_year(entry.key) || is_year_range(entry.key);
  });
}

std::vector<const Entry*> entries_of_years(TableReader& table, const std::vector<int>& years,
                                           Absent absent) {
  std::vector<const Entry*> result(years.size(), nullptr);
  for (const Entry& entry : table.raw().entries) {
    if (!is_year(entry.key) && !is_year_range(entry.key)) continue;
    const auto fail = [&](const std::string& why) {
      table.fail_at(entry.key, fmt::format("{}: {}", table.path(), why));
    };
    const auto [first, last] = parse_year_range(entry.key, fail);
    if (first < years.front() || last > years.back()) {
      fail(fmt::format("\"{}\" is not within the years of the job, {} to {}", entry.key,
                       years.front(), years.back()));
    }
    for (int year = first; year <= last; ++year) {
      const Entry*& slot = result[static_cast<std::size_t>(year - years.front())];
      if (slot != nullptr) {
        fail(fmt::format("\"{}\" and \"{}\" both name {}", slot->key, entry.key, year));
      }
      slot = &entry;
    }
    table.has(entry.key);
  }
  for (std::size_t i = 0; absent == Absent::refused && i < years.size(); ++i) {
    if (result[i] == nullptr) static_cast<void>(table.value(std::to_string(years[i])));
  }
  return result;
}

std::vector<double> parse_yearly_numbers(const TableReader& reader, const Value& value,
                                         const std::string& name, const std::vector<int>& years,
                                         const std::vector<std::uint8_t>& needed) {
  if (value.kind != ValueKind::table) {
    return std::vector<double>(years.size(), reader.as_number(value, name));
  }
  TableReader table(value, name);
  auto entries = entries_of_years(table, years, needed.empty() ? Absent::refused : Absent::allowed);
  for (std::size_t i = 0; i < needed.size(); ++i) {
    if (needed[i] != 0 && entries[i] == nullptr) table.value(std::to_string(years[i]));
  }
  const auto first = std::find_if(entries.begin(), entries.end(),
                                  [](const Entry* entry) { return entry != nullptr; });
  std::vector<double> numbers;
  for (const Entry* entry : entries) {
    const Entry& used = entry == nullptr ? **first : *entry;
    numbers.push_back(table.as_number(used.value, table.name_of(used.key)));
  }
  table.finish();
  return numbers;
}

}  // namespace flopsieve::jobs
