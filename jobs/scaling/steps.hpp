#pragma once

#include <cstdint>
#include <string>

namespace flopsieve::jobs {

/// from, from + step, ... up to `to`: at least one number.
struct Steps {
  std::int64_t from = 1;
  std::int64_t to = 1;
  std::int64_t step = 1;

  std::int64_t count() const { return (to - from) / step + 1; }
  std::int64_t at(std::int64_t i) const { return from + i * step; }
};

/// "64:1024:64" (from, to, step) or one number; all from 1 to `most`, from <= to. Throws
/// Error(bad_input), starting with the option.
Steps parse_steps(const char* option, const std::string& text, std::int64_t most);

/// The inverse.
std::string to_string(const Steps& steps);

}  // namespace flopsieve::jobs
