#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engine/plan.hpp"

namespace flopsieve::engine {

/// What a run is, for its files: the Plan with its identity, and everything needed to understand
/// and repeat it.
struct Study {
  Plan plan;
  std::string identity;  ///< plan_identity(plan)
  std::string job;       ///< the resolved job as TOML, with the calibration values it used
  /// Further attributes of the final file, as name and text: program version, git hash, ...
  std::vector<std::pair<std::string, std::string>> provenance;
};

}  // namespace flopsieve::engine
