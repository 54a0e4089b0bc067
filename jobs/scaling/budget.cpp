#include "jobs/scaling/budget.hpp"

#include <fmt/format.h>

#include "engine/error.hpp"

namespace flopsieve::jobs {

double demand_amount(const char* option, double amount) {
  constexpr double most = 1e40;
  if (amount >= 1.0 && amount <= most) return amount;
  throw engine::Error(engine::ExitCode::bad_input,
                      fmt::format("{}: a number from 1 to {:g}, not {}", option, most, amount));
}

Budget budget_of(const BudgetOptions& options) {
  if (options.flop) return {Budget::Of::flop, demand_amount("--flop", *options.flop)};
  if (options.tokens) return {Budget::Of::tokens, demand_amount("--tokens", *options.tokens)};
  return {Budget::Of::parameters, demand_amount("--parameters", options.parameters.value())};
}

Budget seen(const Budget& budget, const TokenBudget& data) {
  if (budget.of != Budget::Of::tokens) {
    if (data.kept_share == 1.0) return budget;
    throw engine::Error(engine::ExitCode::bad_input,
                        "--unknown skip: goes with --tokens, some of which are skipped");
  }
  if (budget.amount * data.kept_share < 1.0) {
    throw engine::Error(engine::ExitCode::bad_input, "--unknown-rate: less than one token is left");
  }
  return {budget.of, budget.amount * data.kept_share * data.epochs};
}

}  // namespace flopsieve::jobs
