#include "jobs/estimates_json.hpp"

#include <fmt/format.h>

namespace flopsieve::jobs {
namespace {

using engine::Estimate;
using engine::Plan;
using engine::QuantileEstimate;

/// [year][inner][quantile] of what `pick` makes of an estimate.
template <class Pick>
Json nested(const Plan& plan, const std::vector<Estimate>& estimates,
            const std::vector<std::string>& inner, const Pick& pick) {
  Json result = Json::object();
  for (std::size_t cell = 0; cell < estimates.size(); ++cell) {
    Json& at = result[std::to_string(plan.years[cell / inner.size()])][inner[cell % inner.size()]];
    for (std::size_t q = 0; q < plan.outputs.quantiles.size(); ++q) {
      at[fmt::format("{}", plan.outputs.quantiles[q])] = pick(estimates[cell].quantiles[q]);
    }
  }
  return result;
}

}  // namespace

Json values_json(const Plan& plan, const std::vector<Estimate>& estimates,
                 const std::vector<std::string>& inner) {
  return nested(plan, estimates, inner,
                [](const QuantileEstimate& quantile) { return quantile.value; });
}

Json whole_json(const Plan& plan, const std::vector<Estimate>& estimates,
                const std::vector<std::string>& inner) {
  return nested(plan, estimates, inner, [](const QuantileEstimate& quantile) {
    return static_cast<std::uint64_t>(quantile.value);
  });
}

Json bounds_json(const Plan& plan, const std::vector<Estimate>& estimates,
                 const std::vector<std::string>& inner) {
  return nested(plan, estimates, inner, [](const QuantileEstimate& quantile) {
    Json pair = Json::array();
    pair.push_back(quantile.low ? Json(*quantile.low) : Json());
    pair.push_back(quantile.high ? Json(*quantile.high) : Json());
    return pair;
  });
}

}  // namespace flopsieve::jobs
