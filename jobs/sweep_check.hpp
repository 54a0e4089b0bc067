#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "jobs/sweep_variants.hpp"

namespace flopsieve::jobs {

/// A variant that cannot be run, and why.
struct BadVariant {
  std::uint64_t variant = 0;
  std::string message;
};

/// What is known of the variants before anything is drawn, each list in ascending order.
struct VariantCheck {
  std::vector<BadVariant> invalid;     ///< the job refuses them
  std::vector<BadVariant> infeasible;  ///< proved to have no survivor: rows without a result
};
VariantCheck check_variants(const JobVariants& variants, int threads);

/// "0-3, 17, 20-99": ascending numbers.
std::string number_ranges(const std::vector<std::uint64_t>& numbers);

/// Prints the invalid variants to stderr, the first 20 of them in full, and throws Error(bad_input)
/// with how many there are and which; does nothing if there are none.
void demand_valid(const JobVariants& variants, const std::vector<BadVariant>& invalid);

/// What `check` prints for a job with [sweep] whose result is to be `output`; resolves the
/// variants. Throws as demand_valid() does.
std::string sweep_check_report(JobVariants& variants, const std::filesystem::path& output,
                               int threads);

}  // namespace flopsieve::jobs
