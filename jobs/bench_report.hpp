#pragma once

#include <optional>
#include <string>
#include <vector>

#include "jobs/bench_clock.hpp"

/// The figures of `flopsieve bench` as text.
namespace flopsieve::jobs {

/// Speed of one kernel or job, beside the speed that the bare kernel named `limit` would allow it,
/// in the same unit, measured in the same run on the same target and as many threads.
struct BenchFigure {
  std::string name = {};
  std::string target = {};
  std::string backend = {};  ///< of a job; "" for a kernel
  int threads = 1;
  std::string unit = {};  ///< of an item
  Rate rate = {};
  std::string limit = {};                 ///< "" for what nothing bounds
  std::optional<double> limit_rate = {};  ///< items per second

  /// rate.median / limit_rate.
  std::optional<double> ratio() const;
};

/// Hz, while the bare fused kernel runs on the target.
struct BenchClock {
  std::string target;
  double clock = 0.0;
};

struct BenchReport {
  Machine machine;
  std::vector<BenchClock> clocks;
  bool quick = false;
  std::vector<BenchFigure> figures;
};

std::string bench_text(const BenchReport& report);
std::string bench_json(const BenchReport& report);

}  // namespace flopsieve::jobs
