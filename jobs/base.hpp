#pragma once

#include "jobs/document.hpp"

namespace flopsieve::jobs {

/// The job with its `base` laid under it, and that one's base under that, up to 8 of them; no
/// `base` key is left. `base` is a job file, relative to the folder of the file that names it, or
/// "forecast": the embedded default forecast.
/// Throws Error(bad_input) at the `base` key for a file that cannot be read, a base that leads back
/// to a file that is already there, or more than 8.
Document with_base(Document job);

/// Lays the keys of one job over those of another; every value keeps the place where it is written:
///  - a table under a [heading] (or of dotted keys) is laid over a table key by key,
///  - each [[constraint]] is laid key by key over the one of its name, or without a name over the
///    one of its statistic; without such it is added. With `drop = true` beside name or statistic
///    that constraint is removed,
///  - every other value replaces: numbers, arrays, and tables written as `{ ... }`, so that two
///    distributions are never mixed.
/// Throws Error(bad_input) for a `drop` that finds nothing, or a statistic that several constraints
/// of the base have.
void lay_over(Document& base, const Document& job);

}  // namespace flopsieve::jobs
