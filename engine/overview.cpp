#include "engine/overview.hpp"

#include <algorithm>
#include <array>
#include <numeric>

#include "engine/format.hpp"
#include "engine/h5.hpp"
#include "engine/intervals.hpp"
#include "engine/result_file.hpp"
#include "engine/sweep_result.hpp"

namespace flopsieve::engine {
namespace {

constexpr std::array<double, 3> key_quantiles{0.05, 0.5, 0.95};

/// The dataset, if it holds what was written. The numbers are as many as the lengths multiply to.
template <H5Number T>
std::vector<T> read_verified(const H5File& file, const std::filesystem::path& path,
                             const char* dataset) {
  verify_dataset(file, path, dataset);
  return file.read<T>(dataset);
}

/// Where each key quantile stands among those stored; nothing if one is not.
std::optional<std::array<std::size_t, 3>> places(const std::vector<double>& quantiles) {
  std::array<std::size_t, 3> found{};
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto at = std::find(quantiles.begin(), quantiles.end(), key_quantiles[i]);
    if (at == quantiles.end()) return std::nullopt;
    found[i] = static_cast<std::size_t>(at - quantiles.begin());
  }
  return found;
}

/// [threshold] of the last year, from the quantiles of all years.
std::vector<KeyCount> from_quantiles(const std::vector<double>& values,
                                     const std::vector<double>& thresholds, std::size_t quantiles,
                                     const std::array<std::size_t, 3>& at) {
  std::vector<KeyCount> counts;
  const std::size_t last_year = values.size() - thresholds.size() * quantiles;
  for (std::size_t t = 0; t < thresholds.size(); ++t) {
    const double* cell = values.data() + last_year + t * quantiles;
    counts.push_back({thresholds[t], cell[at[0]], cell[at[1]], cell[at[2]]});
  }
  return counts;
}

/// The same from the histograms of all years.
std::vector<KeyCount> from_histograms(const std::vector<std::uint64_t>& values,
                                      const std::vector<double>& thresholds, std::size_t years) {
  std::vector<KeyCount> counts;
  const std::size_t width = values.size() / (years * thresholds.size());
  for (std::size_t t = 0; t < thresholds.size(); ++t) {
    const auto begin = values.end() - static_cast<std::ptrdiff_t>((thresholds.size() - t) * width);
    const Histogram histogram(begin, begin + static_cast<std::ptrdiff_t>(width));
    const auto q = whole_quantiles(histogram, {key_quantiles.begin(), key_quantiles.end()});
    counts.push_back({thresholds[t], q[0].value, q[1].value, q[2].value});
  }
  return counts;
}

Overview overview_of_sweep(const std::filesystem::path& path) {
  SweepResult sweep = open_sweep(path);
  const SweepTally tally = sweep.tally();
  Overview overview;
  overview.variants = tally.variants;
  overview.title = sweep.study().base.title;
  overview.created = sweep.created();
  overview.identity = sweep.study().identity;
  overview.seed = sweep.study().base.seed;
  overview.trajectories = tally.trajectories;
  overview.complete = tally.complete;
  overview.candidates = tally.candidates;
  overview.survivors = tally.survivors;
  return overview;
}

}  // namespace

Overview read_overview(const std::filesystem::path& path) {
  if (is_sweep_result(path)) return overview_of_sweep(path);
  const H5File file = open_result_file(path);
  const auto numbers = [&](const char* dataset) {
    const auto values = read_verified<std::uint64_t>(file, path, dataset);
    return std::accumulate(values.begin(), values.end(), std::uint64_t{0});
  };
  Overview overview;
  overview.title = file.read_attribute_text("/", "title");
  overview.created = file.read_attribute_text("/", "created");
  overview.identity = file.read_attribute_text("/", format::identity);
  overview.result_class = file.read_attribute_text("/", "result_class");
  overview.seed = file.read_attribute<std::uint64_t>("/", "seed");
  overview.trajectories = file.read_attribute<std::uint64_t>("/", "trajectories");
  overview.complete = file.read_attribute<std::uint64_t>("/", "complete_trajectories");
  overview.candidates = numbers("/acceptance/candidates");
  overview.survivors = numbers("/acceptance/survivors");
  const auto years = read_verified<std::int32_t>(file, path, "/year");
  const auto thresholds = read_verified<double>(file, path, "/threshold");
  const auto quantiles = read_verified<double>(file, path, "/quantile");
  overview.last_year = years.back();
  if (overview.complete == 0) return overview;
  if (const auto at = places(quantiles)) {
    const auto values = read_verified<double>(file, path, "/counts/cumulative_quantiles");
    overview.counts = from_quantiles(values, thresholds, quantiles.size(), *at);
  } else {
    const auto values = read_verified<std::uint64_t>(file, path, "/histograms/cumulative");
    overview.counts = from_histograms(values, thresholds, years.size());
  }
  return overview;
}

}  // namespace flopsieve::engine
