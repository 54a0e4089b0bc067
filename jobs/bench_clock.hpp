#pragma once

#include <functional>
#include <string>
#include <vector>

/// How `flopsieve bench` takes time: pieces of work in turns, so that whatever else the machine
/// does meets all of them alike.
namespace flopsieve::jobs {

/// One thing to measure. `prepare` runs before every repetition and outside of its time, `work`
/// does a small piece of the work and returns how many items that was.
struct Measurement {
  std::function<void()> prepare;
  std::function<double()> work;
};

/// Items per second over the repetitions.
struct Rate {
  double median = 0.0;
  double lowest = 0.0;
  double highest = 0.0;
};

/// Repetitions of every measurement.
inline constexpr int bench_repetitions = 5;

/// Every measurement once to warm up, then all of them in turns, `bench_repetitions` times, each
/// time for at least `seconds`. `on_round` is told how many rounds of how many are done.
std::vector<Rate> measure(const std::vector<Measurement>& all, double seconds,
                          const std::function<void(int done, int rounds)>& on_round);

/// The clock of the processor in Hz, as the rate of additions that wait for one another, right
/// after `load` has run for some milliseconds: many processors run slower under wide vectors, and
/// stay so for half a millisecond. Median of several.
double measure_clock(const std::function<void()>& load);

/// What a figure of this machine needs beside it.
struct Machine {
  std::string model;   ///< of the processor, as the kernel names it; "unknown" where it does not
  int processors = 0;  ///< logical, on line
  int cores = 0;       ///< physical; 0 where that is not told
  int threads = 0;     ///< that this process may use
};
Machine this_machine();

}  // namespace flopsieve::jobs
