#pragma once

#include <cstddef>

#include "engine/plan.hpp"
#include "jobs/support.hpp"

/// What the inputs of a Plan can be in one year of the job, before anything is drawn and whatever
/// the constraints say. A range may be wider than what is possible, never narrower.
namespace flopsieve::jobs {

/// Number of models k.
Support count_range(const engine::Plan& plan, std::size_t year);

/// log10 of the year's total T; infinite both ways where the sizes imply it.
Support total_range(const engine::Plan& plan, std::size_t year);

/// Sum of the sizes / T, as the matching leaves it.
Support sum_ratio(const engine::Plan& plan, std::size_t year);

/// log10 FLOP of the smallest and of the largest model, where the law of sizes has fixed ends.
Support size_range(const engine::Plan& plan, std::size_t year);

/// Whether no draw of an allocation gives each class more compute than its largest model takes.
bool is_hopeless_allocation(const engine::Plan& plan, std::size_t year);

}  // namespace flopsieve::jobs
