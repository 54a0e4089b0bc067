#pragma once

#include <stdexcept>
#include <string>

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

/// Everything that a user can cause or cure. Thrown anywhere outside kernels/, caught once in
/// main(), which prints what() and ends with code(). The message says what is wrong and what is
/// allowed, and starts with `file:line: ` where there is one.
class Error : public std::runtime_error {
 public:
  Error(ExitCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ExitCode code() const { return code_; }

 private:
  ExitCode code_;
};

/// What a std::bad_alloc says, with ExitCode::storage: what is sealed stays.
inline constexpr const char* out_of_memory =
    "out of memory: take fewer threads, or batches of fewer trajectories (another job)";

}  // namespace flopsieve::engine
