#pragma once

#include <cstdint>
#include <vector>

#include "engine/plan.hpp"
#include "engine/streams.hpp"

namespace flopsieve::engine {

/// What a trajectory fixes for all its years.
struct Trajectory {
  std::uint64_t index = 0;
  double trend_intercept = 0.0;  ///< of ln k at the trend's centre
  double trend_slope = 0.0;
  double trend_sigma = 0.0;  ///< standard deviation of a year's residual of ln k
};

/// The year-level inputs of one candidate.
struct CandidateInputs {
  double log10_total = 0.0;  ///< the year's total T, log10 FLOP
  std::uint32_t count = 0;   ///< k
  double sd = 0.0;           ///< of log10 FLOP
  double skewness = 0.0;     ///< of the law, 0 for the normal family
  double mean = 0.0;         ///< of log10 FLOP; drawn for match = "reject" only
};

/// Draws the inputs of trajectories and candidates. Stateless; safe from any thread.
///
/// All draws throw Error(budget) if the bounds of an input, or 1..largest_count for k, reject
/// 10,000 draws in a row.
class InputSampler {
 public:
  InputSampler(const Plan& plan, Purpose purpose);

  Trajectory trajectory(std::uint64_t index) const;

  /// The inputs of a candidate; what has trajectory scope is the same for all attempts.
  CandidateInputs candidate(const Trajectory& trajectory, const Address& address) const;

  /// The location parameter's prior with its arguments put in.
  kernels::Parameters mean_prior(const CandidateInputs& inputs, std::uint32_t year_index) const;

  /// Whether a candidate whose mean had to be `mean` passes: with probability prior density /
  /// largest density of the year.
  bool accept_mean(const CandidateInputs& inputs, const Address& address, double mean) const;

  /// log10 of the FLOP that a USD buys in a year of the job.
  double log10_flop_per_usd(std::uint32_t year_index) const {
    return log10_flop_per_usd_[year_index];
  }

  const Draws& draws() const { return draws_; }

 private:
  double sample(const Input& input, Stream stream, const Address& address,
                const CandidateInputs& others) const;
  double log10_total(const Address& address) const;
  std::uint32_t count(const Trajectory& trajectory, const Address& address) const;
  double unrounded_count(const Trajectory& trajectory, const Address& address,
                         std::uint32_t redraw) const;

  const Plan* plan_;
  Draws draws_;
  double log10_base_ = 0.0;          ///< of base_flop * usage_multiplier
  std::vector<double> log10_share_;  ///< per year, of train_share
  std::vector<double> log10_flop_per_usd_;
};

}  // namespace flopsieve::engine
