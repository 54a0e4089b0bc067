#include "jobs/scaling/token_budget.hpp"

#include <fmt/format.h>

#include <cmath>

#include "engine/error.hpp"
#include "jobs/scaling/shape.hpp"

namespace flopsieve::jobs {
namespace {

using engine::Error;
using engine::ExitCode;

constexpr double most_epochs = 1e6;

void demand(bool condition, const std::string& message) {
  if (!condition) throw Error(ExitCode::bad_input, message);
}

}  // namespace

double repeated_worth(double epochs) {
  constexpr double half_life = 15.387756;
  return (1.0 - half_life * std::expm1(-(epochs - 1.0) / half_life)) / epochs;
}

TokenBudget token_budget(const DataOptions& options) {
  demand(options.unknown.empty() || options.unknown == "skip" || options.unknown == "keep",
         fmt::format("--unknown: skip or keep, not \"{}\"", options.unknown));
  demand(options.unknown_rate == 0.0 || !options.unknown.empty(),
         "--unknown-rate: say what is done with unknown tokens, --unknown skip or --unknown keep");
  demand(options.unknown_rate >= 0.0 && options.unknown_rate < 1.0,
         fmt::format("--unknown-rate: a share from 0 to below 1, not {}", options.unknown_rate));
  demand(options.epochs >= 1.0 && options.epochs <= most_epochs,
         fmt::format("--epochs: a number from 1 to 1e6, not {}", options.epochs));
  if (options.vocabulary) {
    check_size("--vocabulary", *options.vocabulary, 0, shape_limits::vocabulary);
  }
  TokenBudget budget;
  budget.vocabulary = options.vocabulary;
  budget.epochs = options.epochs;
  budget.worth = repeated_worth(options.epochs);
  if (options.unknown == "skip") budget.kept_share = 1.0 - options.unknown_rate;
  if (options.unknown == "keep" && options.vocabulary.value_or(0) > 0) ++*budget.vocabulary;
  return budget;
}

}  // namespace flopsieve::jobs
