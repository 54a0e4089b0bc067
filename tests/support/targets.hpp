#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "kernels/target.hpp"

/// Helps tests that repeat a check on every instruction set.
namespace flopsieve::test {

/// Puts the target that was active at its construction back when it goes.
class RestoreTarget {
 public:
  RestoreTarget() : target_(kernels::active_target()) {}
  ~RestoreTarget() { kernels::force_target(target_); }
  RestoreTarget(const RestoreTarget&) = delete;
  RestoreTarget& operator=(const RestoreTarget&) = delete;

 private:
  kernels::Target target_;
};

/// The targets of this processor; a warning names each one that a test has to leave out.
inline std::vector<kernels::Target> targets_to_test() {
  const auto supported = kernels::supported_targets();
  for (const auto target :
       {kernels::Target::scalar, kernels::Target::avx2, kernels::Target::avx512}) {
    if (std::find(supported.begin(), supported.end(), target) == supported.end()) {
      WARN("skipped: this processor has no target " << std::string(kernels::name(target)));
    }
  }
  return supported;
}

}  // namespace flopsieve::test
