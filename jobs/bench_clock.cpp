#include "jobs/bench_clock.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <set>
#include <thread>
#include <utility>

#include "engine/executor.hpp"

namespace flopsieve::jobs {
namespace {

class Stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// Items per second of one repetition.
double repeat(const Measurement& measurement, double seconds) {
  measurement.prepare();
  double items = 0.0;
  const Stopwatch watch;
  double elapsed = 0.0;
  do {
    items += measurement.work();
    elapsed = watch.seconds();
  } while (elapsed < seconds);
  return items / elapsed;
}

/// That many additions, each of which waits for the one before.
void add(std::uint64_t additions) {
  std::uint64_t sum = 0;
  std::uint64_t step = 3;
  // Both opaque to the compiler; a step in a register, because some processors add small constants
  // while renaming, in no time at all.
  asm volatile("" : "+r"(sum), "+r"(step));
  for (std::uint64_t i = 0; i < additions; i += 16) {
    for (int j = 0; j < 16; ++j) {
      sum += step;
      asm volatile("" : "+r"(sum));
    }
  }
}

/// The text after "name : " of a line of /proc/cpuinfo; false if the line has another name.
bool field(const std::string& line, const std::string& name, std::string& value) {
  const std::size_t colon = line.find(':');
  if (colon == std::string::npos || line.compare(0, name.size(), name) != 0) return false;
  if (line.find_first_not_of(" \t", name.size()) != colon) return false;
  const std::size_t start = line.find_first_not_of(" \t", colon + 1);
  value = start == std::string::npos ? "" : line.substr(start);
  return true;
}

}  // namespace

std::vector<Rate> measure(const std::vector<Measurement>& all, double seconds,
                          const std::function<void(int done, int rounds)>& on_round) {
  std::vector<std::vector<double>> rates(all.size());
  const int rounds = bench_repetitions + 1;
  for (int round = 0; round < rounds; ++round) {
    const bool warm_up = round == 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
      const double rate = repeat(all[i], warm_up ? 0.0 : seconds);
      if (!warm_up) rates[i].push_back(rate);
    }
    on_round(round + 1, rounds);
  }
  std::vector<Rate> result;
  for (std::vector<double>& each : rates) {
    std::sort(each.begin(), each.end());
    result.push_back({each[each.size() / 2], each.front(), each.back()});
  }
  return result;
}

double measure_clock(const std::function<void()>& load) {
  constexpr std::uint64_t additions = 64'000;  // 20 microseconds, before the clock rises again
  constexpr std::size_t repetitions = 31;
  std::array<double, repetitions> rates{};
  add(additions);
  for (double& rate : rates) {
    const Stopwatch under_load;
    while (under_load.seconds() < 2e-3) load();
    const Stopwatch watch;
    add(additions);
    rate = static_cast<double>(additions) / watch.seconds();
  }
  std::nth_element(rates.begin(), rates.begin() + repetitions / 2, rates.end());
  return rates[repetitions / 2];
}

Machine this_machine() {
  Machine machine{.model = "unknown",
                  .processors = static_cast<int>(std::thread::hardware_concurrency()),
                  .threads = engine::default_threads()};
  std::ifstream file("/proc/cpuinfo");
  std::set<std::pair<std::string, std::string>> cores;
  std::string line, value, package;
  while (std::getline(file, line)) {
    if (field(line, "model name", value)) machine.model = value;
    if (field(line, "physical id", value)) package = value;
    if (field(line, "core id", value)) cores.insert({package, value});
  }
  machine.cores = static_cast<int>(cores.size());
  return machine;
}

}  // namespace flopsieve::jobs
