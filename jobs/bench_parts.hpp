#pragma once

#include <cstdint>
#include <vector>

#include "engine/plan.hpp"
#include "kernels/aligned.hpp"
#include "kernels/sizes.hpp"

/// What a job of skew-normal sizes cannot do without, for `flopsieve bench`: the bare kernels
/// alone, on as many sizes as its candidates have, and nothing between them.
namespace flopsieve::jobs {

/// The numbers of sizes of a batch's candidates, ascending.
struct PartCounts {
  std::vector<std::uint32_t> drawn;     ///< of all that count, also of years without a survivor
  std::vector<std::uint32_t> ordered;   ///< of those that only constraints on sizes in order judge
  std::vector<std::uint32_t> recorded;  ///< of the survivors of complete trajectories

  double draws_per_candidate() const;
};

/// Of the first plan.batch_trajectories trajectories. Candidates that are computed in vain, after a
/// survivor, do not count, and `ordered` are those that all other constraints and the matching
/// pass, wherever the cascade has its place for them.
PartCounts count_parts(const engine::Plan& plan);

/// The parts, one after the other, each over all of its candidates: sizes and their sums in single
/// precision of all drawn; the sort of 16 at a time and the gradients of the ordered; of the
/// recorded sizes, double-precision sums, sort, powers of ten and logarithms. Groups have nearly
/// equal numbers of sizes, so that no lane waits for another.
class Parts {
 public:
  explicit Parts(const PartCounts& counts);
  void run();

 private:
  void draw();
  void order();
  void record();

  const PartCounts* counts_;
  kernels::GroupAddress address_;
  kernels::GroupShape shape_;
  kernels::AlignedVector<float> z_;
  kernels::AlignedVector<float> sorted_;
  std::vector<double> numbers_;
};

}  // namespace flopsieve::jobs
