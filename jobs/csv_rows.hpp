#pragma once

#include <string>
#include <vector>

#include "engine/plan.hpp"
#include "engine/summary.hpp"

/// CSV as every command writes it: RFC 4180, but that lines end with LF.
namespace flopsieve::jobs {

/// The text in quotes, those in it doubled.
std::string csv_quoted(const std::string& text);

/// The columns of quantile_rows().
inline constexpr char quantile_columns[] =
    "kind,year,of,quantile,value,error_low,error_high,class\n";

/// A row per year, thing that `inner` names, and quantile; `kind` says what they are of. A bound
/// that there is not is empty.
std::string quantile_rows(const engine::Plan& plan, const char* kind,
                          const std::vector<engine::Estimate>& estimates,
                          const std::vector<std::string>& inner);

}  // namespace flopsieve::jobs
