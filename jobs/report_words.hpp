#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/plan.hpp"
#include "engine/statistic.hpp"

/// How reports write numbers and name things, so that all of them do it alike.
namespace flopsieve::jobs {

/// part / whole, 0 where the whole is 0.
double ratio(std::uint64_t part, std::uint64_t whole);

/// A value of a statistic for people: whole numbers, two decimals for sizes and shapes, two digits
/// for shares, "450M" for USD.
std::string number_text(const engine::Statistic& statistic, double value);

/// "[3, 5, 9]" of values of a statistic.
std::string list_text(const engine::Statistic& statistic, const std::vector<double>& values);

/// "[5, 50, 95] % quantiles".
std::string quantile_words(const std::vector<double>& quantiles);

/// 1e25 -> "1e25".
std::string threshold_words(double threshold);

/// "Method: tilt (auto): 3 of 100000 ..." of a Plan that is ready to run.
std::string method_line(const engine::Plan& plan);

/// The names of thresholds and quantiles in CSV and JSON: "1e+25", "0.05".
std::vector<std::string> number_keys(const std::vector<double>& numbers);

/// The first year that a year's cumulative counts include: retrodicted years are added up by
/// themselves, from the first year of the job.
int cumulative_start(const engine::Plan& plan, int year);

std::vector<std::string> statistic_keys(const std::vector<engine::Statistic>& statistics);

}  // namespace flopsieve::jobs
