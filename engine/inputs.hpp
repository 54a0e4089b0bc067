#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/parameters.hpp"
#include "engine/plan.hpp"
#include "engine/streams.hpp"

namespace flopsieve::engine {

/// What a trajectory fixes for all its years, and what its survivors leave behind.
struct Trajectory {
  std::uint64_t index = 0;
  TrendDraw count_trend;
  TrendDraw total_trend;
  std::vector<StateRow> path;    ///< [year], empty without a state space
  double log10_growth = 0.0;     ///< per year, where InputSampler draws it once for all years
  std::vector<double> previous;  ///< [constraint] statistic of the survivor of the year before; nan
                                 ///< where there is none; empty if no constraint asks for it
};

/// The year-level inputs of one candidate.
struct CandidateInputs {
  double log10_total = 0.0;  ///< the year's total T, log10 FLOP; nan if the sizes imply it
  std::uint32_t count = 0;   ///< k; 0 if the law of sizes implies it
  /// The parameters of the law of sizes, in the order of parameters_of(); with match = "shift" the
  /// first, the location, is not drawn.
  std::array<double, most_parameters> parameters{};
  struct Component {
    double weight = 0.0;
    double mean = 0.0;
    double sd = 0.0;
  };
  std::array<Component, most_components> components{};  ///< of a mixture
};

/// Total and number of models of a trajectory's year.
struct YearInputs {
  double log10_total = 0.0;
  std::uint32_t count = 0;
};

/// Numbers that candidate() would have to work out for each attempt, known beforehand.
struct KnownInputs {
  const YearInputs* year = nullptr;  ///< where InputSampler::year_is_held(), if known
  /// The uniforms of InputSampler::own_uniforms(), in that order, or none.
  std::span<const double> uniforms{};
};

/// Draws the inputs of trajectories and candidates. Stateless; safe from any thread.
///
/// All draws throw Error(budget) if the bounds of an input, 1..largest_count for k, or the bins of
/// an allocation reject most_redraws draws in a row.
class InputSampler {
 public:
  /// With latent uniforms of candidates, an input within bounds takes its quantile between them, by
  /// its first uniform, instead of being drawn again, and k its own among the numbers from 1 on.
  InputSampler(const Plan& plan, Purpose purpose, const LatentUniforms* latent = nullptr);

  Trajectory trajectory(std::uint64_t index) const;

  /// The inputs of a candidate; what has trajectory scope is the same for all attempts.
  CandidateInputs candidate(const Trajectory& trajectory, const Address& address,
                            const KnownInputs& known = {}) const;

  /// The total and number of models of a candidate.
  YearInputs year_inputs(const Trajectory& trajectory, const Address& address,
                         std::span<const double> uniforms = {}) const;

  /// The first uniform of each input that is drawn anew for each attempt: its stream and slot.
  struct OwnUniform {
    Stream stream;
    std::uint32_t slot = 0;
  };
  std::span<const OwnUniform> own_uniforms() const { return own_uniforms_; }

  /// Whether a candidate whose location had to be `location` passes: with probability prior
  /// density / bound of the year. With an `error` of the location: none if that decides.
  std::optional<bool> accept_location(const CandidateInputs& inputs, const Trajectory& trajectory,
                                      const Address& address, double location, double error) const;

  /// The mean and the size of a Poisson or negative binomial number of models (one that it lacks is
  /// 0), of a candidate.
  std::array<double, 2> count_parameters(const Trajectory& trajectory,
                                         const Address& address) const;

  /// match = "shift": the prior density of the location, 0 outside its bounds, and its median.
  double location_density(const CandidateInputs& inputs, const Trajectory& trajectory,
                          const Address& address, double location) const;
  double middle_location(const CandidateInputs& inputs, const Trajectory& trajectory,
                         const Address& address) const;

  /// Whether all attempts of a trajectory and year have the same inputs.
  bool same_for_all_attempts() const { return same_for_all_attempts_; }

  /// Whether all attempts of a trajectory and year have the same total and number of models.
  bool year_is_held() const { return year_is_held_; }

  /// Whether all candidates of a year have the same inputs.
  bool same_for_all_trajectories() const { return same_for_all_trajectories_; }

  /// log10 of the FLOP that a USD buys in a year of the job.
  double log10_flop_per_usd(std::uint32_t year_index) const {
    return log10_flop_per_usd_[year_index];
  }

  /// The revenue of the model that is the rank-th largest (0: the largest) of a candidate, USD.
  double revenue(const Address& address, std::uint32_t rank) const;

  const Plan& plan() const { return *plan_; }
  const Draws& draws() const { return draws_; }

 private:
  /// Everything that an argument may refer to.
  struct Context {
    const Trajectory& trajectory;
    const Address& address;
    const CandidateInputs& others;
    std::span<const double> uniforms{};  ///< KnownInputs::uniforms
  };

  double value_of(const Argument& argument, const Context& context) const;
  kernels::Parameters parameters_of(const Distribution& distribution, const Context& context) const;
  void list_own_uniforms();
  double own_uniform(Stream stream, std::uint32_t index, const Context& context) const;
  double uniform(const Input& input, Stream stream, std::uint32_t index,
                 const Context& context) const;
  double shared_value(const Distribution& distribution, const kernels::Parameters& parameters,
                      int year, double u) const;
  double sample(const Input& input, const ParameterInfo& info, const Context& context) const;
  std::vector<StateRow> state_path(std::uint64_t index) const;
  double log10_total(const Context& context) const;
  double modelled_log10_total(const Context& context) const;
  double log10_growth(const Context& context) const;
  double log10_growth_per_year(const Context& context) const;
  bool has_one_growth() const;
  std::uint32_t count(const Context& context) const;
  double on_line(const Trajectory& trajectory, const Address& address, double low,
                 double high) const;
  bool is_latent() const;
  double some_models(double none, double u) const;
  double unrounded_count(const Context& context, std::uint32_t redraw) const;
  void draw_sizes_law(CandidateInputs& inputs, const Context& context) const;
  void draw_allocation_law(CandidateInputs& inputs, const Context& context) const;

  const Plan* plan_;
  Draws draws_;
  bool one_growth_ = false;  ///< Trajectory::log10_growth serves all years
  /// Allocations, per year: whether no parameter can be drawn again without the others.
  std::vector<std::uint8_t> all_held_;
  double log10_base_ = 0.0;          ///< of base_flop * usage_multiplier
  std::vector<double> log10_share_;  ///< per year, of train_share
  std::vector<double> log10_flop_per_usd_;
  std::vector<OwnUniform> own_uniforms_;
  /// [stream, slot] index in own_uniforms_; -1: not in it
  std::array<std::array<std::int8_t, most_slots>, most_streams> own_index_{};
  bool same_for_all_attempts_ = false;
  bool same_for_all_trajectories_ = false;
  bool year_is_held_ = false;
};

}  // namespace flopsieve::engine
