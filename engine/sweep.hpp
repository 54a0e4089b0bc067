#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "engine/plan.hpp"

/// A sweep: one job with other values of some of its keys. A variant is one choice of them; all
/// variants have the same years, thresholds, quantiles, statistics and names of rejectors, as many
/// trajectories and batches, and keep only summaries.
namespace flopsieve::engine {

/// A swept key and its value in each variant: numbers, or texts (TOML strings, booleans as words).
struct SweptKey {
  std::string name;  ///< dotted, as in a job
  bool is_number = true;
  std::vector<double> numbers;     ///< [variant], if it is a number
  std::vector<std::string> texts;  ///< [variant], if it is not
};

/// Everything a sweep computes. Plans are made when they are needed: 100,000 of them do not fit
/// into memory.
class Variants {
 public:
  Variants() = default;
  virtual ~Variants() = default;
  Variants(const Variants&) = delete;
  Variants& operator=(const Variants&) = delete;

  virtual std::uint64_t count() const = 0;
  virtual const std::vector<SweptKey>& keys() const = 0;

  /// The design that made the variants (`grid`, ..., `saltelli`, `morris`): it decides which
  /// indices of sensitivity they can give.
  virtual const std::string& design() const = 0;

  /// The base with everything resolved: axes, trajectories, batch_trajectories and outputs of all
  /// variants.
  virtual const Plan& base() const = 0;

  /// Resolved, with its method. Called by several threads at once, from inside a parallel loop: it
  /// must start none itself. Throws Error(bad_input), Error(infeasible) or Error(budget) where the
  /// variant cannot be computed; the text becomes its status.
  virtual Plan plan(std::uint64_t variant) const = 0;

  /// SHA-256 over the base's identity, keys, values, design and the rule of random numbers: what
  /// may be joined.
  virtual const std::string& identity() const = 0;

  /// Whether all variants have the seed of the base.
  virtual bool common_random_numbers() const { return true; }
};

/// What a sweep is, for its files: all but the plans of its variants.
struct SweepStudy {
  Plan base;
  std::string identity;
  std::uint64_t variants = 0;
  std::string design;
  bool common_random_numbers = true;
  std::vector<SweptKey> keys;
  std::string job;    ///< the resolved base job as TOML
  std::string sweep;  ///< the sweep as TOML
  /// As Study::provenance.
  std::vector<std::pair<std::string, std::string>> provenance;

  /// Batches of each variant, but for those that end early.
  std::uint64_t batches() const { return base.batch_count(); }
};

/// What came of the variants of a sweep, or of those that one process computed.
struct SweepTally {
  std::uint64_t variants = 0;  ///< of the sweep
  std::uint64_t ok = 0;        ///< with a result
  std::uint64_t failed = 0;    ///< without one: infeasible, out of attempts
  std::uint64_t trajectories = 0;
  std::uint64_t complete = 0;
  std::uint64_t candidates = 0;
  std::uint64_t survivors = 0;
};

/// How a variant without a result is told from the others.
inline constexpr char status_ok[] = "ok";

}  // namespace flopsieve::engine
