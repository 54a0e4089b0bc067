#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace flopsieve::engine {

/// The 5, 50 and 95 % quantile of the models above a threshold up to the end of the last year.
struct KeyCount {
  double threshold = 0.0;  ///< FLOP
  double low = 0.0;
  double median = 0.0;
  double high = 0.0;
};

/// What a line about a finished run or sweep says.
struct Overview {
  std::uint64_t variants = 0;  ///< of a sweep, over which the numbers below are sums; 0: a run
  std::string title;
  std::string created;  ///< UTC, ISO 8601
  std::string identity;
  std::string result_class;
  std::uint64_t seed = 0;
  std::uint64_t trajectories = 0;
  std::uint64_t complete = 0;
  std::uint64_t candidates = 0;
  std::uint64_t survivors = 0;
  int last_year = 0;             ///< 0: of a sweep
  std::vector<KeyCount> counts;  ///< [threshold]; none of a sweep, or if no trajectory is complete
};

/// Reads little: quantiles as they are stored, and of the histograms one year if the job asks for
/// other quantiles. What it reads is compared with its SHA-256. Throws as open_result_file() does,
/// and Error(storage) for a damaged dataset.
Overview read_overview(const std::filesystem::path& path);

}  // namespace flopsieve::engine
