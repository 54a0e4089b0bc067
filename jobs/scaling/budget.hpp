#pragma once

#include "jobs/scaling/commands.hpp"
#include "jobs/scaling/laws.hpp"
#include "jobs/scaling/token_budget.hpp"

namespace flopsieve::jobs {

/// FLOP, tokens or parameters as they are. Throws Error(bad_input) unless from 1 to 1e40.
double demand_amount(const char* option, double amount);

/// The one that is given. Throws Error(bad_input) as demand_amount() does.
Budget budget_of(const BudgetOptions& options);

/// Of tokens that there are, those that are seen in training: kept, and in each epoch; any other
/// budget as it is. Throws Error(bad_input) where tokens are skipped of another budget, or less
/// than one is left.
Budget seen(const Budget& budget, const TokenBudget& data);

}  // namespace flopsieve::jobs
