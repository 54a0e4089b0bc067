#pragma once

#include <cstdint>

#include "engine/streams.hpp"

namespace flopsieve::engine {

/// One bit per rejector of rejector_names(): 0 is the matching of the total, i + 1 constraint i.
using Rejections = std::uint64_t;

struct Verdict {
  bool survives = false;
  bool audited = false;       ///< judged by every rejector, without short cuts
  Rejections rejections = 0;  ///< all that reject it if audited, otherwise the first found
  /// Method::truncate and tilt: TiltedTrials::constant() if the matching of the total passes it,
  /// and all constraints that are windows of sums (tilt_window.hpp).
  double tilt_constant = 0.0;
};

/// Which candidates are evaluated in full for the cutflow: one in 64, by address, so that it hangs
/// on nothing that the candidate contains.
inline bool is_audited(const Address& address) {
  return (address.trajectory + address.year_index + address.attempt) % 64 == 0;
}

/// The first audited attempt, from `attempt` on, of a trajectory and year.
inline std::uint64_t next_audited(const Address& address, std::uint64_t attempt) {
  const std::uint64_t past = (address.trajectory + address.year_index + attempt) % 64;
  return attempt + (64 - past) % 64;
}

}  // namespace flopsieve::engine
