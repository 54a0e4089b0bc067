#pragma once

#include <string>

namespace flopsieve::jobs {

/// The time now in UTC, "2026-11-23T01:22:38Z"; its first ten letters are the date.
std::string utc_now();

}  // namespace flopsieve::jobs
