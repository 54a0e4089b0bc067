#pragma once

#include <optional>
#include <string_view>

#include "engine/plan.hpp"
#include "jobs/calibration.hpp"
#include "jobs/table_reader.hpp"

/// The state space of a job, to which totals, counts and parameters of sizes may refer.
namespace flopsieve::jobs {

/// Fits it when it is first asked for: the bootstrap of the standard errors takes a moment.
class StateSource {
 public:
  /// From [state_space] if the job has it, otherwise from the calibration. Both must outlive this.
  ///
  ///     [state_space]
  ///     last_year = 2023
  ///     log10_total = { observed = [24.1, 24.9, 25.6], standard_error = [0.2, 0.1, 0.1] }
  ///
  /// and likewise the other series of engine::StateSeries: mean, ln_sd, atanh_skewness, ln_count.
  /// Not nullptr: `fitted` is what came of it before.
  StateSource(const std::optional<TableReader>& table, const Calibration& calibration,
              const engine::StateSpace* fitted = nullptr);

  const engine::StateSpace& space();

 private:
  std::optional<TableReader> table_;
  const Calibration* calibration_;
  std::optional<engine::StateSpace> space_;
};

/// Whether anything in a Plan refers to the state space.
bool refers_to_state(const engine::Plan& plan);

/// How a job calls a series of engine::StateSeries.
std::string_view series_name(std::size_t series);

}  // namespace flopsieve::jobs
