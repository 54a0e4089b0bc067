#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace flopsieve::engine {

/// How the program ends; the numbers are its exit codes and do not change.
enum class ExitCode {
  done = 0,
  bug = 1,          ///< our own mistake
  bad_input = 2,    ///< a job, file or option that cannot be accepted; nothing was written
  infeasible = 3,   ///< proved: no candidate can meet the constraints
  budget = 4,       ///< the attempts were spent before the target was met
  storage = 5,      ///< disk full, damaged or foreign file; earlier batches are intact
  interrupted = 75  ///< stopped by a signal; the same command resumes
};

/// The text with its control characters written as `\n`, `\t` or `\x1b`: what a file or a command
/// line holds must not break a line of the terminal or steer it.
std::string one_line(std::string_view text);

/// Everything that a user can cause or cure. Thrown anywhere outside kernels/, caught once in
/// main(), which prints what() and ends with code(). The message says what is wrong and what is
/// allowed, is one_line() and starts with `file:line: ` where there is one.
class Error : public std::runtime_error {
 public:
  Error(ExitCode code, const std::string& message)
      : std::runtime_error(one_line(message)), code_(code) {}
  ExitCode code() const { return code_; }

 private:
  ExitCode code_;
};

/// What a std::bad_alloc says, with ExitCode::storage: what is sealed stays.
inline constexpr const char* out_of_memory =
    "out of memory: take fewer threads, or batches of fewer trajectories (another job)";

}  // namespace flopsieve::engine
