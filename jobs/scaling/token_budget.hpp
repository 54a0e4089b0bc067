#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace flopsieve::jobs {

/// What is done with data before a law is asked.
struct DataOptions {
  std::optional<std::int64_t> vocabulary;  ///< entries without an unknown token
  double unknown_rate = 0.0;               ///< share of tokens that the vocabulary lacks, [0, 1)
  std::string unknown;                     ///< "skip" or "keep"; "": no token is unknown
  double epochs = 1.0;                     ///< >= 1
};

/// Data after these decisions.
struct TokenBudget {
  double kept_share = 1.0;                 ///< of the tokens there are: 1 - unknown_rate if skipped
  std::optional<std::int64_t> vocabulary;  ///< with an entry for unknown tokens where they are kept
  double epochs = 1.0;
  double worth = 1.0;  ///< of a token that is seen, in fresh tokens: repeated_worth(epochs)
};

/// Skipping loses unknown tokens; keeping them makes them one more entry of the vocabulary. Throws
/// Error(bad_input) naming the option.
TokenBudget token_budget(const DataOptions& options);

/// D' / D for U fresh tokens that are seen D = epochs * U times: D' = U + U R* (1 - exp(-(epochs -
/// 1) / R*)), R* = 15.387756 (Muennighoff et al. 2023, arXiv 2305.16264, section 3.1; the constant:
/// their appendix A). Their discount of excess parameters is not applied.
double repeated_worth(double epochs);

}  // namespace flopsieve::jobs
