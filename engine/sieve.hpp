#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "engine/candidate.hpp"
#include "engine/group.hpp"
#include "engine/inputs.hpp"
#include "engine/inputs_tile.hpp"
#include "engine/judge.hpp"
#include "engine/plan.hpp"
#include "engine/trial.hpp"
#include "engine/verdict.hpp"
#include "kernels/aligned.hpp"
#include "kernels/allocation.hpp"

namespace flopsieve::engine {

/// Draws candidates and judges them. Owns the buffers of one thread: made, and so first touched, by
/// the thread that runs a batch, the large ones on cache lines of their own (kernels/aligned.hpp).
/// Results depend only on the Plan and the addresses, not on how trials are grouped.
///
/// How: the inputs of all trials (inputs_tile.hpp), in order of their number of models; then 16 at
/// a time their sizes and sums in single precision (group.hpp), which end most candidates where the
/// total must be met; the rest in order of the cascade (judge.hpp). Those that only lack the
/// allocation gradient are packed into full groups first.
class Sieve {
 public:
  Sieve(const Plan& plan, Purpose purpose);
  Sieve(const Sieve&) = delete;
  Sieve& operator=(const Sieve&) = delete;

  /// verdicts[i] becomes that of trials[i]. Returns the number of sizes drawn: none where nothing
  /// can reject.
  std::uint64_t judge(std::span<const Trial> trials, std::span<Verdict> verdicts);

  /// Draws the candidates, without judging them, and calls visit(i, candidate, its sizes) once for
  /// each trial i, in no particular order. Candidates of allocations have powers only if a
  /// statistic of the outputs or the constraints is made of them.
  using Visitor = std::function<void(std::size_t, const Candidate&, OrderedSizes&)>;
  void visit(std::span<const Trial> trials, const Visitor& visit);

  /// Whether all attempts of a trajectory's year have one number of models, and judge() puts trials
  /// in order by it: so it has less to do if they come in that order.
  bool orders_by_year() const;

  /// That number: InputTile::count_of_year().
  std::uint32_t count_of_year(const Trial& trial) { return input_tile_.count_of_year(trial); }

  const InputSampler& inputs() const { return inputs_; }

  /// Method::truncate and tilt: TiltedTrials::obstacle().
  std::string tilt_obstacle(const Trajectory& trajectory, std::uint32_t year_index) {
    return tilted_.obstacle(trajectory, year_index);
  }

  /// From now on every candidate is judged in full, as the audited ones always are: its verdict
  /// names all that reject it.
  void audit_all() {
    draws_.audit_all();
    judge_.audit_all();
  }

  /// Multiplies the finite error bounds of single precision from now on. 1 until then; with less,
  /// other candidates would survive, which tests show.
  void scale_error_bounds(double factor) {
    draws_.scale_error_bounds(factor);
    judge_.scale_error_bounds(factor);
  }

 private:
  TrialInputs draw_inputs(std::span<const Trial> trials);
  void order_by_count(const TrialInputs& all);
  /// Calls body(the trials of a group) for one group after the other.
  template <class Body>
  void for_each_group(const TrialInputs& all, Body body);
  void judge_group(const TrialInputs& all, std::span<Verdict> verdicts);
  bool judge_lane(const TrialInputs& all, std::size_t lane, Group& group,
                  std::span<Verdict> verdicts);
  void put_aside(std::uint32_t lanes, const TrialInputs& all, std::span<Verdict> verdicts);
  void sort(const Group& group, kernels::PerLane<std::uint32_t>& counts);
  void judge_waiting(const TrialInputs& all, std::span<Verdict> verdicts);

  /// Calls body() for each trial, whose candidate is in lane 0 and has begun in ordered_.
  void for_each_allocation(std::span<const Trial> trials,
                           const std::function<void(const Trial&)>& body);
  /// Returns their inputs.
  std::span<const CandidateInputs> draw_allocations(std::span<const Trial> trials);
  void begin_allocation(const Trial& trial, const CandidateInputs& inputs,
                        std::span<const float> z);

  const Plan* plan_;
  InputSampler inputs_;
  InputTile input_tile_;
  TiltedTrials tilted_;
  GroupDraws draws_;
  Judge judge_;
  std::vector<CandidateInputs> tilted_inputs_;
  std::vector<std::uint64_t> count_keys_;
  std::vector<std::uint32_t> order_;
  Group group_;
  OrderedSizes ordered_;
  /// Candidates that met all constraints before one on the allocation gradient, until a whole group
  /// can be sorted at once.
  Group waiting_;
  kernels::AlignedVector<float> sorted_;              ///< [rank, lane], of waiting_
  std::vector<kernels::AllocationRequest> requests_;  ///< of some allocations
  kernels::AllocationDraws allocations_;              ///< their sizes
  std::uint64_t allocated_ = 0;                       ///< sizes of allocations drawn
  bool always_survives_ = false;                      ///< nothing can reject
  bool visits_in_order_ = false;                      ///< visitors want sizes in order
  bool needs_powers_ = false;  ///< of the sizes of allocations: a statistic is made of them
};

}  // namespace flopsieve::engine
