#include "engine/executor.hpp"

#include <sched.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

#include "engine/error.hpp"

namespace flopsieve::engine {
namespace {

using std::chrono::microseconds;

struct Setting {
  Backend backend;
  int threads;
};

const std::vector<Setting> kSettings{
    {Backend::serial, 1}, {Backend::tbb, 1},    {Backend::tbb, 2},   {Backend::tbb, 4},
    {Backend::openmp, 1}, {Backend::openmp, 2}, {Backend::openmp, 4}};

/// Sleeps of 0 to 511 microseconds that look random (a multiplicative hash of the position).
void sleep_irregularly(std::uint64_t position) {
  const std::uint64_t hash = (position + 1) * 0x9E3779B97F4A7C15U;
  std::this_thread::sleep_for(microseconds(hash >> 55));
}

/// A result that can only be moved, and counts how many are alive.
class Counted {
 public:
  Counted(std::uint64_t value, std::atomic<int>& alive) : value_(value), alive_(&alive) {
    ++*alive_;
  }
  Counted(Counted&& other) noexcept : value_(other.value_), alive_(other.alive_) { ++*alive_; }
  ~Counted() { --*alive_; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

  std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_;
  std::atomic<int>* alive_;
};

std::string describe(const Setting& setting) {
  return std::string(to_string(setting.backend)) + ", threads " + std::to_string(setting.threads);
}

TEST_CASE("commits come in order with the results of their positions") {
  for (const Setting& setting : kSettings) {
    INFO(describe(setting));
    std::vector<std::uint64_t> committed;
    run_in_order<std::uint64_t>(
        setting.backend, setting.threads, 200,
        [](std::uint64_t position) {
          sleep_irregularly(position);
          return position * position;
        },
        [&](std::uint64_t position, std::uint64_t result) {
          committed.push_back(result);
          return position == committed.size() - 1 ? Commit::go_on : Commit::stop;
        });
    std::vector<std::uint64_t> squares;
    for (std::uint64_t position = 0; position < 200; ++position) {
      squares.push_back(position * position);
    }
    CHECK(committed == squares);
  }
}

TEST_CASE("more positions than a window of the OpenMP back end, and none at all") {
  for (const Setting& setting : kSettings) {
    INFO(describe(setting));
    for (const std::uint64_t count : {0U, 1U, 4'100U}) {
      std::uint64_t expected = 0;
      bool ordered = true;
      run_in_order<std::uint64_t>(
          setting.backend, setting.threads, count, [](std::uint64_t position) { return position; },
          [&](std::uint64_t position, std::uint64_t result) {
            ordered = ordered && position == expected && result == expected;
            ++expected;
            return Commit::go_on;
          });
      CHECK(ordered);
      CHECK(expected == count);
    }
  }
}

TEST_CASE("nothing is committed after a stop, and the rest is not evaluated") {
  for (const Setting& setting : kSettings) {
    INFO(describe(setting));
    std::atomic<std::uint64_t> evaluated{0};
    std::vector<std::uint64_t> committed;
    run_in_order<std::uint64_t>(
        setting.backend, setting.threads, 100'000'000,
        [&](std::uint64_t position) {
          ++evaluated;
          sleep_irregularly(position);
          return position;
        },
        [&](std::uint64_t position, std::uint64_t) {
          committed.push_back(position);
          return position == 7 ? Commit::stop : Commit::go_on;
        });
    CHECK(committed == std::vector<std::uint64_t>{0, 1, 2, 3, 4, 5, 6, 7});
    CHECK(evaluated <= 8U + 2U * static_cast<unsigned int>(setting.threads));
  }
}

TEST_CASE("of two bodies that fail the lower one wins, after the commits before it") {
  for (const Setting& setting : kSettings) {
    INFO(describe(setting));
    std::vector<std::uint64_t> committed;
    const auto run = [&] {
      run_in_order<std::uint64_t>(
          setting.backend, setting.threads, 50,
          [](std::uint64_t position) {
            // The lower failure comes later in time.
            if (position == 10) std::this_thread::sleep_for(std::chrono::milliseconds(20));
            if (position == 10 || position == 11) {
              throw std::runtime_error("position " + std::to_string(position));
            }
            return position;
          },
          [&](std::uint64_t position, std::uint64_t) {
            committed.push_back(position);
            return Commit::go_on;
          });
    };
    CHECK_THROWS_WITH(run(), "position 10");
    CHECK(committed.size() == 10);
  }
}

TEST_CASE("an exception of a commit ends the run and keeps its type") {
  for (const Setting& setting : kSettings) {
    INFO(describe(setting));
    int commits = 0;
    const auto run = [&] {
      run_in_order<int>(
          setting.backend, setting.threads, 1'000'000, [](std::uint64_t) { return 0; },
          [&](std::uint64_t position, int) {
            ++commits;
            if (position == 3) throw Error(ExitCode::storage, "disk full");
            return Commit::go_on;
          });
    };
    CHECK_THROWS_AS(run(), Error);
    CHECK(commits == 4);
  }
}

TEST_CASE("a slow first position holds back a bounded number of results") {
  for (const Setting& setting : kSettings) {
    INFO(describe(setting));
    std::atomic<int> alive{0};
    std::atomic<int> most{0};
    run_in_order<Counted>(
        setting.backend, setting.threads, 300,
        [&](std::uint64_t position) {
          if (position % 50 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(10));
          Counted result(position, alive);
          const int now = alive.load();
          int seen = most.load();
          while (now > seen && !most.compare_exchange_weak(seen, now)) {
          }
          return result;
        },
        [](std::uint64_t position, Counted result) {
          return result.value() == position ? Commit::go_on : Commit::stop;
        });
    CHECK(alive == 0);
    // Each of the 2 * threads results may exist twice for the moment of a move.
    CHECK(most <= 4 * setting.threads);
  }
}

/// Whether `parties` bodies of one run are ever inside their bodies at the same time.
bool bodies_overlap(const Setting& setting, int parties) {
  std::mutex mutex;
  std::condition_variable changed;
  int inside = 0;
  bool met = false;
  run_in_order<int>(
      setting.backend, setting.threads, static_cast<std::uint64_t>(parties),
      [&](std::uint64_t) {
        std::unique_lock lock(mutex);
        met = met || ++inside == parties;
        changed.notify_all();
        changed.wait_for(lock, std::chrono::seconds(10), [&] { return met; });
        --inside;
        return 0;
      },
      [](std::uint64_t, int) { return Commit::go_on; });
  return met;
}

TEST_CASE("as many bodies run at the same time as there are threads") {
  for (const Setting& setting : kSettings) {
    INFO(describe(setting));
    CHECK(bodies_overlap(setting, setting.threads));
  }
}

TEST_CASE("names of back ends") {
  for (const Backend backend : {Backend::tbb, Backend::openmp, Backend::serial}) {
    CHECK(parse_backend(to_string(backend)) == backend);
  }
  CHECK(to_string(Backend::openmp) == "openmp");
  CHECK_THROWS_WITH(parse_backend("cuda"),
                    "unknown back end \"cuda\", allowed: \"tbb\", \"openmp\", \"serial\"");
}

/// Sets an environment variable for the length of a scope.
class Environment {
 public:
  Environment(const char* name, const char* value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    if (value == nullptr) {
      ::unsetenv(name);
    } else {
      ::setenv(name, value, 1);
    }
  }
  ~Environment() {
    if (before_) {
      ::setenv(name_, before_->c_str(), 1);
    } else {
      ::unsetenv(name_);
    }
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  const char* name_;
  std::optional<std::string> before_;
};

TEST_CASE("threads default to the affinity mask, lowered by Slurm") {
  cpu_set_t mask;
  REQUIRE(::sched_getaffinity(0, sizeof mask, &mask) == 0);
  const int available = CPU_COUNT(&mask);
  for (const char* text :
       {static_cast<const char*>(nullptr), "", "x", "0", "-3", "2x", "1000000"}) {
    const Environment slurm("SLURM_CPUS_PER_TASK", text);
    CHECK(default_threads() == available);
  }
  const Environment slurm("SLURM_CPUS_PER_TASK", "1");
  CHECK(default_threads() == 1);
  cpu_set_t one;
  CPU_ZERO(&one);
  for (int cpu = 0; CPU_COUNT(&one) == 0; ++cpu) {
    if (CPU_ISSET(cpu, &mask)) CPU_SET(cpu, &one);
  }
  const Environment unset("SLURM_CPUS_PER_TASK", nullptr);
  REQUIRE(::sched_setaffinity(0, sizeof one, &one) == 0);
  const int bound = default_threads();
  REQUIRE(::sched_setaffinity(0, sizeof mask, &mask) == 0);
  CHECK(bound == 1);
}

}  // namespace
}  // namespace flopsieve::engine
