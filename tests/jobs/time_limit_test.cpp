#include "jobs/time_limit.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <thread>

#include "engine/error.hpp"

namespace flopsieve::jobs {
namespace {

std::optional<double> limit(const std::string& text) {
  return time_limit_seconds(text);
}

}  // namespace

TEST_CASE("limits with units") {
  CHECK(limit("3h30m") == 12600.0);
  CHECK(limit("90m") == 5400.0);
  CHECK(limit("5400s") == 5400.0);
  CHECK(limit("2d") == 172800.0);
  CHECK(limit("1d2h3m4s") == 93784.0);
  CHECK(limit("1h 5m") == 3900.0);
  CHECK(limit("1d 1s") == 86401.0);
}

TEST_CASE("limits as Slurm writes them") {
  CHECK(limit("90") == 5400.0);
  CHECK(limit("90:30") == 5430.0);
  CHECK(limit("12:00:00") == 43200.0);
  CHECK(limit("0:0:1") == 1.0);
  CHECK(limit("1-12") == 129600.0);
  CHECK(limit("1-12:30") == 131400.0);
  CHECK(limit("1-12:00:07") == 129607.0);
}

TEST_CASE("what is no limit is refused") {
  const std::string text =
      GENERATE(as<std::string>(), "", "0", "0m", "-1", "h", "5x", "3h3h", "30m3h", "1:60",
               "1:2:3:4", "1-", "-", "1-2-3", "4294967296", "1e3", "3.5h", " 3h", "3h ", "3 h",
               "90 m", "4000d", "now", "AUTO");
  INFO(text);
  CHECK_THROWS_AS(limit(text), engine::Error);
}

TEST_CASE("auto asks the Slurm job") {
  ::unsetenv("SLURM_JOB_END_TIME");
  CHECK_FALSE(limit("auto"));
  const auto now = static_cast<long long>(std::time(nullptr));
  ::setenv("SLURM_JOB_END_TIME", std::to_string(now + 1000).c_str(), 1);
  CHECK(limit("auto").value() == Approx(1000.0).margin(3.0));
  ::setenv("SLURM_JOB_END_TIME", std::to_string(now - 50).c_str(), 1);
  CHECK(limit("auto").value() < 0.0);
  ::setenv("SLURM_JOB_END_TIME", "12x", 1);
  CHECK_THROWS_AS(limit("auto"), engine::Error);
  ::unsetenv("SLURM_JOB_END_TIME");
}

TEST_CASE("the margin leaves time to seal, and time to work") {
  CHECK(sealing_margin(100'000.0) == 60.0);
  CHECK(sealing_margin(600.0) == 30.0);
  CHECK(sealing_margin(10.0) == 1.0);
  CHECK(sealing_margin(1.0) == 0.5);
  CHECK(sealing_margin(-5.0) == 0.0);
}

TEST_CASE("an alarm rings once, or not at all") {
  std::atomic<int> rung{0};
  {
    const Alarm alarm(0.01, [&] { ++rung; });
    while (rung == 0) std::this_thread::yield();
  }
  CHECK(rung == 1);
  {
    const Alarm alarm(3600.0, [&] { ++rung; });
  }
  CHECK(rung == 1);
  {
    const Alarm alarm(-1.0, [&] { ++rung; });
    while (rung == 1) std::this_thread::yield();
  }
  CHECK(rung == 2);
}

}  // namespace flopsieve::jobs
