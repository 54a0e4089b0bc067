#include "jobs/observed_parser.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string>

#include "jobs/yearly.hpp"

namespace flopsieve::jobs {
namespace {

/// The index of the threshold that a key names.
std::size_t find_threshold(const TableReader& table, const Entry& entry,
                           const std::vector<double>& thresholds) {
  if (entry.value.kind == ValueKind::table) {
    table.fail_at(entry.key, fmt::format("{}: a threshold with a point must stand in quotes, such "
                                         "as \"2.5e25\" = 4",
                                         table.path()));
  }
  double threshold = 0.0;
  const char* end = entry.key.data() + entry.key.size();
  const auto parsed = std::from_chars(entry.key.data(), end, threshold);
  const auto found = std::find(thresholds.begin(), thresholds.end(), threshold);
  if (parsed.ec != std::errc() || parsed.ptr != end || found == thresholds.end()) {
    table.fail_at(entry.key, fmt::format("{}: \"{}\" is not among outputs.thresholds, {}",
                                         table.path(), entry.key, fmt::join(thresholds, ", ")));
  }
  return static_cast<std::size_t>(found - thresholds.begin());
}

std::vector<std::int64_t> parse_counts(TableReader table, const std::vector<double>& thresholds) {
  constexpr std::int64_t most = 1'000'000;
  std::vector<std::int64_t> counts(thresholds.size(), -1);
  for (const Entry& entry : table.raw().entries) {
    std::int64_t& count = counts[find_threshold(table, entry, thresholds)];
    if (count >= 0)
      table.fail_at(entry.key, fmt::format("{} names {} twice", table.path(), entry.key));
    count = table.integer(entry.key);
    if (count < 0 || count > most) {
      table.fail_at(entry.key, fmt::format("{} must be from 0 to {}, found {}",
                                           table.name_of(entry.key), most, count));
    }
  }
  std::int64_t fewest = most;
  for (const std::int64_t count : counts) {
    if (count > fewest) {
      table.fail(fmt::format("{}: more models above a higher threshold than above a lower one",
                             table.path()));
    }
    if (count >= 0) fewest = count;
  }
  return counts;
}

}  // namespace

ObservedCounts parse_observed(TableReader& table, const std::vector<double>& thresholds, int first,
                              int last) {
  ObservedCounts result;
  for (const Entry& entry : table.raw().entries) {
    const auto fail = [&](const std::string& message) {
      table.fail_at(entry.key, fmt::format("{}: {}", table.path(), message));
    };
    const auto [year, end] = parse_year_range(entry.key, fail);
    if (year != end || year < first || year > last) {
      fail(fmt::format("\"{}\" is not one of the years {} to {}", entry.key, first, last));
    }
    result[year] = parse_counts(table.table(entry.key), thresholds);
  }
  return result;
}

}  // namespace flopsieve::jobs
