#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/pilot.hpp"
#include "engine/sweep.hpp"
#include "jobs/calibration.hpp"
#include "jobs/document.hpp"
#include "jobs/sweep.hpp"

namespace flopsieve::jobs {

/// The variants of a job with [sweep].
///
/// What they share is decided once, by the base: the job as it stands without its sweep. It gives
/// the batch size (a pilot chooses it unless the job states it), the order of the constraints and,
/// where the job leaves the method to the program, the method: a variant takes it if a short look
/// at its own candidates finds that it will do, and decides for itself otherwise.
class JobVariants final : public engine::Variants {
 public:
  /// Reads a job with its base laid under it, and whatever all variants have in common. No
  /// candidate is drawn. Throws Error(bad_input) for what is wrong with the sweep, the job, the
  /// calibration or a key that no job has; a single variant may still be impossible.
  explicit JobVariants(Document job);

  /// Runs the pilot of the base, once, on which plan() builds. Where the base itself is infeasible
  /// or too rare every variant decides for itself, in batches of 64 unless the job says otherwise.
  void resolve();

  std::uint64_t count() const override { return sweep_.variants; }
  const std::vector<engine::SweptKey>& keys() const override { return keys_; }
  const std::string& design() const override { return sweep_.design; }
  const engine::Plan& base() const override { return base_; }
  bool common_random_numbers() const override { return sweep_.common_random_numbers; }
  /// Before resolve() that of the base as the job states it.
  const std::string& identity() const override { return identity_; }

  /// The Plan of a variant as its job says it, with what is common: no method is decided on and
  /// nothing is drawn. Throws Error(bad_input), which begins with file, line and setting.
  engine::Plan stated_plan(std::uint64_t variant) const;

  /// Needs resolve(). Throws Error(bad_input) as stated_plan() does, Error(infeasible) where that
  /// is proved, and Error(budget) if one of its years has no survivor among a million
  /// trial candidates.
  engine::Plan plan(std::uint64_t variant) const override;

  const Sweep& sweep() const { return sweep_; }
  /// Whether the base itself can be run, and what its pilot said then.
  bool base_runs() const { return base_runs_; }
  const engine::Pilot& base_pilot() const { return pilot_; }

 private:
  void demand_known_keys() const;
  void demand_known_metrics(const Document& job) const;
  void demand_common(const engine::Plan& plan, std::uint64_t variant) const;

  Document job_;  ///< without its sweep
  Sweep sweep_;
  std::vector<engine::SweptKey> keys_;
  Calibration calibration_;
  engine::Plan base_;
  engine::Pilot pilot_;
  bool base_runs_ = false;
  bool shares_state_ = false;  ///< the fit of the base's state space is that of all variants
  std::string identity_;
};

/// What its files say of a sweep that is resolved, by a command.
engine::SweepStudy sweep_study(const JobVariants& variants,
                               const std::vector<std::string>& command_line, int ranks = 1);

}  // namespace flopsieve::jobs
