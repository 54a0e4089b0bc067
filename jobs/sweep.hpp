#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/sweep.hpp"
#include "jobs/document.hpp"

namespace flopsieve::jobs {

/// A swept key as the job says it, with a value for each variant.
struct SweepKey {
  engine::SweptKey swept;  ///< a variant that leaves the job's own default: nan, or ""
  std::string range;       ///< in words, as `check` prints it: "1 to 1.6, 4 points"
  std::shared_ptr<const std::string> source;  ///< file in which the values stand
  std::vector<int> lines;                     ///< of each variant's value there, or one for all
  /// Texts: the values that there are, and which of them each variant has (`palette.size()`: the
  /// job's own default).
  std::vector<Value> palette;
  std::vector<std::uint32_t> choice;
};

/// The [sweep] of a job with all its variants (jobs/SWEEPS.md describes every key). Rows are in the
/// order of the design, on which `sensitivity` relies:
///   grid             the last key runs fastest
///   zip, list, csv   as written
///   the others       sweep_design.hpp
struct Sweep {
  std::string design;
  std::uint64_t points =
      0;  ///< latin_hypercube, sobol: variants; saltelli: N; morris: trajectories
  bool common_random_numbers = true;
  std::vector<std::string> sensitivity;  ///< metrics of which `run` and `merge` print it
  std::vector<SweepKey> keys;
  std::uint64_t variants = 0;
  std::string text;  ///< the table as TOML, with every default
};

inline constexpr std::uint64_t most_variants = 1'000'000;

/// Reads the table `sweep` of a job, if it has one. Throws Error(bad_input) with file and line for
/// everything unknown, empty, repeated or of unequal length, and for keys that all variants must
/// have in common. What the values mean to the job is not looked at.
std::optional<Sweep> parse_sweep(const Document& job);

/// The metrics of `sweep.sensitivity` in the text of a Sweep.
std::vector<std::string> sensitivity_metrics(const std::string& text);

/// What messages about the value of a key in a variant begin with: "sweep.toml:7: models.sd=1.5".
std::string place_of(const SweepKey& key, std::uint64_t variant);

/// Replaces the keys of a job without its sweep by those of a variant.
void put_variant(Document& job, const Sweep& sweep, std::uint64_t variant);

/// The settings of a variant as lines `key=value`, keys in ascending order, without `title`;
/// numbers in their shortest form, texts as TOML. Depends on the settings alone, not on where they
/// stand.
std::string canonical_settings(const Sweep& sweep, std::uint64_t variant);

/// The seed of a variant: the base's with common random numbers, otherwise that xored with the
/// first 63 bits of the SHA-256 of its canonical_settings().
std::uint64_t variant_seed(std::uint64_t base, const Sweep& sweep, std::uint64_t variant);

}  // namespace flopsieve::jobs
