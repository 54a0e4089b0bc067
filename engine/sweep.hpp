#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/plan.hpp"

/// A sweep: one job in many variants. Position p = v * B + b of its flat list is batch b of variant
/// v, where every variant has B batches.
namespace flopsieve::engine {

/// A swept key and its value in each variant: numbers, or texts (TOML strings, booleans as words).
struct SweptKey {
  std::string name;
  bool is_number = true;
  std::vector<double> numbers;
  std::vector<std::string> texts;
};

/// Everything a sweep computes. Plans are made when they are needed: 100,000 of them do not fit
/// into memory.
class Variants {
 public:
  virtual ~Variants() = default;
  virtual std::uint64_t count() const = 0;
  virtual const std::vector<SweptKey>& keys() const = 0;
  /// The design that made the variants: `grid`, ..., `saltelli`, `morris`; decides which indices
  /// `sensitivity` can give.
  virtual const std::string& design() const = 0;
  /// The base with everything resolved: axes, trajectories, batch_trajectories, outputs of all
  /// variants.
  virtual const Plan& base() const = 0;
  /// Resolved, with its method. Called by several threads at once. Throws Error(bad_input) or
  /// Error(budget): the variant cannot be computed (Error's text becomes its status).
  virtual Plan plan(std::uint64_t variant) const = 0;
  /// SHA-256 over the base's identity, keys, values, design and the rule of random numbers: what
  /// may be joined.
  virtual const std::string& identity() const = 0;
};

}  // namespace flopsieve::engine
