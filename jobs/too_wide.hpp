#pragma once

#include "engine/pilot.hpp"
#include "jobs/document.hpp"

namespace flopsieve::jobs {

/// Throws Error(bad_input) with what `error` says at the place of the first of its parameters that
/// the job gives a law without bounds, or of models.method if all have bounds.
[[noreturn]] void fail_at_parameter(const Document& job, const engine::TooWide& error);

}  // namespace flopsieve::jobs
