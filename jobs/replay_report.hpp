#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/plan.hpp"
#include "engine/replay.hpp"

namespace flopsieve::jobs {

/// What is shown of a candidate besides itself.
struct ReplayContent {
  const engine::Plan& plan;
  const engine::Replay& replay;
  std::optional<std::uint64_t> survivor;  ///< attempt of the stored survivor, if it is known
  bool sizes = false;                     ///< whether all of them are shown
};

/// For people. Ends with a newline.
std::string replay_text(const ReplayContent& content);

/// The fields of jobs/REPORTS.md, "replay".
std::string replay_json(const ReplayContent& content);

}  // namespace flopsieve::jobs
