#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "engine/sweep.hpp"
#include "engine/sweep_segment.hpp"

namespace flopsieve::engine {

/// A variant that is being computed.
struct ActiveVariant {
  // Not std::call_once: what throws out of it leaves the thread sanitizer confused.
  std::mutex planning;
  bool planned = false;              ///< under `planning`
  std::shared_ptr<const Plan> plan;  ///< nothing where there is none
  VariantFacts facts;                ///< of the plan
  std::string status;                ///< why there is no plan
  std::atomic<bool> ended{false};    ///< its batches are wanted no more
  bool failed = false;               ///< without a result; for who commits
};

/// The variants that are being computed: those of the batches that are under way. Any number of
/// threads.
class SweepWindow {
 public:
  explicit SweepWindow(const Variants& variants) : variants_(variants) {}

  /// With its plan, which the first to come makes, while others that want it wait.
  std::shared_ptr<ActiveVariant> at(std::uint64_t variant);

  /// Forgets a variant; for when all its batches are committed.
  void drop(std::uint64_t variant);

 private:
  void make_plan(std::uint64_t variant, ActiveVariant& active) const;

  const Variants& variants_;
  std::mutex mutex_;
  std::map<std::uint64_t, std::shared_ptr<ActiveVariant>> active_;  ///< under mutex_
};

}  // namespace flopsieve::engine
