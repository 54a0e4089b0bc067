#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace flopsieve::jobs {

/// Seconds that a text allows: with units, "3h30m", "90m", "5400s", "2d", "1h 5m" (each unit once,
/// larger ones first); or as Slurm writes times, "90" (minutes), "90:00" (minutes:seconds),
/// "12:00:00", "1-12" (days-hours), "1-12:00", "1-12:00:00". "auto": up to the end of the Slurm
/// job, SLURM_JOB_END_TIME (seconds since 1970); nothing where that is not set, negative where it
/// has passed. Throws Error(bad_input) for anything else, for nothing at all, and beyond ten years.
std::optional<double> time_limit_seconds(const std::string& text);

/// The same without "auto"; nothing where the other throws.
std::optional<double> parse_time(const std::string& text);

/// The same for the value of an option. Throws Error(bad_input) naming the option.
double demand_time(const char* option, const std::string& text);

/// How long before the end of `seconds` a run stops, so that everything is sealed by then: a
/// twentieth, a second at least where there are two, a minute at most.
double sealing_margin(double seconds);

/// Calls a function once, from a thread of its own, unless it is destroyed before the time.
class Alarm {
 public:
  Alarm(double seconds, std::function<void()> ring);
  ~Alarm();
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool cancelled_ = false;  ///< under mutex_
  std::thread thread_;      ///< last member: it uses the others
};

}  // namespace flopsieve::jobs
