#pragma once

#include "engine/inputs.hpp"
#include "engine/streams.hpp"

namespace flopsieve::engine {

/// A candidate to be drawn and judged. The trajectory must outlive the use.
struct Trial {
  const Trajectory* trajectory = nullptr;
  Address address;
};

}  // namespace flopsieve::engine
