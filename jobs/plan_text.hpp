#pragma once

#include <string>
#include <vector>

#include "engine/plan.hpp"

/// Pieces of a resolved job: parts of a Plan as TOML that reads as the same bits.
namespace flopsieve::jobs {

/// A number or `{ uniform = [1, 2], lower = 1.5 }`.
std::string distribution_text(const engine::Distribution& distribution);

/// An input of a job, with its scope where that matters.
std::string input_text(const engine::Input& input, const std::vector<int>& years);

/// `0.4`, or `{ 2024 = 0.4, 2025 = 0.3 }` where the years differ.
std::string yearly_text(const std::vector<double>& values, const std::vector<int>& years);

/// The text of one year where all are the same, otherwise `{ 2024 = A, 2025 = B }`.
std::string yearly_text(const std::vector<std::string>& texts, const std::vector<int>& years);

/// `{ HEAD, 2024 = A, 2025 = B }`; `head` may be empty.
std::string per_year_text(const std::vector<std::string>& texts, const std::vector<int>& years,
                          const std::string& head);

/// The shortest number whose std::log10 is `log10_flop`.
std::string flop_text(double log10_flop);

/// `[1, 2]`, of numbers or of texts that are TOML already; long ones over several lines, because a
/// line of a job may not be too long.
std::string list_text(const std::vector<double>& values);
std::string list_text(const std::vector<std::string>& texts);

/// `precision` at the top level; empty if none is wanted.
std::string precision_text(const engine::Precision& precision);

/// The tables [total], [models] and [state_space].
std::string models_text(const engine::Plan& plan);

/// The tables [money], [scaling], [[constraint]], [outputs] and [observed].
std::string rules_text(const engine::Plan& plan);

}  // namespace flopsieve::jobs
