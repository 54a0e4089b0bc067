#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "engine/error.hpp"

/// What fuzzers find is reported as a crash.

/// Ends the program with a message unless the condition holds.
inline void demand(bool condition, const std::string& message) {
  if (condition) return;
  std::fprintf(stderr, "demand failed: %s\n", message.c_str());
  std::abort();
}

/// A refusal must be bad_input (or infeasible), and its one-line message begin with `start`.
inline void demand_refusal(const flopsieve::engine::Error& error, std::string_view start) {
  using flopsieve::engine::ExitCode;
  const std::string message = error.what();
  demand(error.code() == ExitCode::bad_input || error.code() == ExitCode::infeasible,
         "the exit code of: " + message);
  demand(message.starts_with(start), "the place in: " + message);
  demand(message.find('\n') == std::string::npos, "one line: " + message);
}
