#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/plan.hpp"
#include "engine/summary.hpp"

/// Estimates as every JSON output writes them: [year][inner][quantile], where `inner` names what
/// the estimates of a year are of (thresholds, widths, statistics).
namespace flopsieve::jobs {

using Json = nlohmann::ordered_json;

Json values_json(const engine::Plan& plan, const std::vector<engine::Estimate>& estimates,
                 const std::vector<std::string>& inner);

/// Quantiles of counts, as whole numbers.
Json whole_json(const engine::Plan& plan, const std::vector<engine::Estimate>& estimates,
                const std::vector<std::string>& inner);

/// [low, high] of each quantile; null where there is no such end.
Json bounds_json(const engine::Plan& plan, const std::vector<engine::Estimate>& estimates,
                 const std::vector<std::string>& inner);

}  // namespace flopsieve::jobs
