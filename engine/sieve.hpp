#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "engine/candidate.hpp"
#include "engine/inputs.hpp"
#include "engine/plan.hpp"
#include "engine/screen.hpp"
#include "engine/size_draws.hpp"
#include "engine/tilt_trials.hpp"
#include "engine/trial.hpp"
#include "kernels/allocation.hpp"
#include "kernels/ordered.hpp"
#include "kernels/sizes.hpp"

namespace flopsieve::engine {

/// One bit per rejector of rejector_names(): 0 is the matching of the total, i + 1 constraint i.
using Rejections = std::uint64_t;

struct Verdict {
  bool survives = false;
  bool audited = false;       ///< judged by every rejector, without short cuts
  Rejections rejections = 0;  ///< all that reject it if audited, otherwise the first found
  /// Method::truncate and tilt: TiltedTrials::constant() if the matching of the total passes it.
  double tilt_constant = 0.0;
};

/// Which candidates are evaluated in full for the cutflow: one in 64, by address, so that it hangs
/// on nothing that the candidate contains.
bool is_audited(const Address& address);

/// Draws candidates and judges them. Owns the buffers of one thread; results depend only on the
/// Plan and the addresses, not on how trials are grouped.
class Sieve {
 public:
  Sieve(const Plan& plan, Purpose purpose);

  /// verdicts[i] becomes that of trials[i]. Returns the number of sizes drawn: none where nothing
  /// can reject.
  std::uint64_t judge(std::span<const Trial> trials, std::span<Verdict> verdicts);

  /// Draws the candidates, without judging them, and calls visit(i, candidate, its sizes) once for
  /// each trial i, in no particular order.
  using Visitor = std::function<void(std::size_t, const Candidate&, OrderedSizes&)>;
  void visit(std::span<const Trial> trials, const Visitor& visit);

  const InputSampler& inputs() const { return inputs_; }

 private:
  struct Group {
    std::array<Candidate, kernels::group_width> candidates;
    std::array<std::size_t, kernels::group_width> trial{};
  };

  /// Candidates that met all constraints before one on the allocation gradient, until a whole group
  /// can be sorted at once.
  struct Waiting {
    Group group;
    std::vector<float> z;  ///< [draw, lane]
    std::size_t lanes = 0;
    std::size_t rows = 0;
  };

  /// Whether sums must be those of double precision, or may be those of the fast kernel.
  enum class Precise { yes, when_it_matters };

  /// What single precision knows of a rejector.
  enum class Finding { passes, rejects, unclear };

  /// Draws all trials, group by group, and calls body for each lane with its candidate and
  /// ordered_ ready.
  template <class Body>
  void for_each_lane(std::span<const Trial> trials, Precise precise, Body body);
  void draw_inputs(std::span<const Trial> trials);
  void order_by_count();
  void draw_group(std::span<const Trial> trials, std::span<const std::uint32_t> order,
                  Precise precise);
  kernels::GroupShape address_group(std::size_t lanes, kernels::GroupAddress& address) const;
  bool fits_fast_path(std::size_t lanes) const;
  void draw_vectorised(std::size_t lanes);
  void draw_fast(std::size_t lanes);
  void draw_by_family(std::size_t lanes);
  void draw_tilted(std::size_t lanes);
  void for_each_allocation(std::span<const Trial> trials,
                           const std::function<void(std::size_t lane)>& body);
  void draw_allocations(std::span<const Trial> trials);
  void begin_allocation(const Trial& trial, const CandidateInputs& inputs,
                        std::span<const float> z);
  void reserve(std::size_t draws);
  bool complete(std::size_t lane);
  void summarise_lane(std::size_t lane, const kernels::GroupSums& sums);
  void sum_precisely(std::size_t lane);
  bool solves_for_location() const;
  /// None if the candidate must wait for its allocation gradient.
  std::optional<Verdict> judge_lane(std::size_t lane, const Trial& trial);
  bool waits_for_gradient(const Constraint& rule, std::size_t lane, const Trial& trial) const;
  void put_aside(std::size_t lane);
  void judge_waiting(std::span<const Trial> trials, std::span<Verdict> verdicts);
  bool matches(std::size_t lane, const Trial& trial);
  static Finding compare(const Screened& known, double low, double high);
  Screened known(const Statistic& statistic, std::size_t lane);
  Finding match_finding(std::size_t lane, const Trial& trial);
  bool meets(std::size_t constraint, std::size_t lane, const Trial& trial);
  Finding finding(const Constraint& rule, std::size_t lane, const Trial& trial, double previous);

  const Plan* plan_;
  InputSampler inputs_;
  SizeDraws size_draws_;
  Group group_;
  kernels::GroupSums sums_;
  OrderedSizes ordered_;
  std::vector<CandidateInputs> trial_inputs_;
  TiltedTrials tilted_;
  std::vector<std::uint32_t> order_;
  std::vector<float> z_;                                ///< [draw, lane]
  std::array<bool, kernels::group_width> completed_{};  ///< match = "last": the total is met
  std::array<bool, kernels::group_width> precise_{};    ///< sums are those of double precision
  Waiting waiting_;
  std::vector<float> sorted_;          ///< [rank, lane], of the group that waited
  kernels::GroupGradients gradients_;  ///< of group_, if gradients_known_
  bool gradients_known_ = false;
  std::vector<kernels::AllocationRequest> requests_;  ///< of some allocations
  kernels::AllocationDraws allocations_;              ///< their sizes
  std::uint64_t drawn_ = 0;                           ///< sizes drawn by the last call
  bool always_survives_ = false;                      ///< nothing can reject
};

}  // namespace flopsieve::engine
