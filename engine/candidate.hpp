#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/inputs.hpp"
#include "engine/statistic.hpp"
#include "kernels/statistics.hpp"

namespace flopsieve::engine {

/// One candidate after its sizes were drawn and summed: enough for every statistic of cost 0.
/// With x = location + scale z: sums over the k standardised sizes z (kernels/sizes.hpp).
struct Candidate {
  CandidateInputs inputs;  ///< with count and log10_total, also where the sizes imply them
  Address address;
  const InputSampler* sampler = nullptr;  ///< for what costs, revenues and scaling laws need
  double location = 0.0;                  ///< log10 FLOP: given, or solved for
  double scale = 1.0;                     ///< OOM per unit of z
  double size_sum = 0.0;                  ///< sum of 10^(scale z)
  double log10_size_sum = 0.0;
  double origin = 0.0;   ///< what the powers are taken about, of single precision
  double power_1 = 0.0;  ///< sum of z - origin
  double power_2 = 0.0;  ///< sum of (z - origin)^2
  double power_3 = 0.0;
  double power_4 = 0.0;
  double largest_z = 0.0;
  double smallest_z = 0.0;
  double last_weight = 0.0;  ///< match = "last": of the candidate (size_law.hpp)

  double log10_sum() const { return location + log10_size_sum; }
  double largest() const { return location + scale * largest_z; }
  double log10_flop_per_usd() const { return sampler->log10_flop_per_usd(address.year_index); }
};

/// x = location + scale z for each z, in log10 FLOP: the sizes in double precision. As many x as z.
void to_log10_flop(double location, double scale, std::span<const float> z, std::span<double> x);

/// Which columns of kernels::SortedSizes are asked for: each includes those before it, and
/// `relative` includes its total.
enum class SizeColumns { log10_flop, relative, log10_cumulative_share };

/// The sizes of one candidate, of which only what is asked for is computed, and kept until begin().
/// Reuse one object: it owns the buffers.
class OrderedSizes {
 public:
  /// Forgets the last candidate. Its sizes stand at z[i * stride], i < count, and in ascending
  /// order at sorted[i * stride], if that is not null; all of it must outlive the use.
  void begin(const Candidate& candidate, const float* z, std::size_t stride,
             const float* sorted = nullptr);

  /// Ascending x, m / largest, and log10 of the cumulative share; columns that were not asked for
  /// may be empty.
  const kernels::SortedSizes& sizes(SizeColumns columns = SizeColumns::log10_cumulative_share);

  /// Ascending z, from which all columns are made. Valid until begin().
  std::span<const float> ascending();

  /// counts[i] = number of models with x >= log10_thresholds[i], which ascend. Sorts nothing.
  void count_from(std::span<const double> log10_thresholds, std::span<std::uint32_t> counts);

  /// Models with their places among the draws.
  struct Placed {
    std::span<const double> log10_flop;
    std::span<const std::uint32_t> places;  ///< ascending
  };

  /// The models with x >= log10_threshold. Sorts nothing. Valid until the next call.
  Placed select_from(double log10_threshold);

 private:
  std::span<const float> drawn();
  std::span<const double> to_log10_flop(std::span<const float> z, std::vector<double>& x) const;
  void sort();
  void compute_relative();
  void compute_shares();

  const Candidate* candidate_ = nullptr;
  const float* z_ = nullptr;
  const float* ascending_ = nullptr;  ///< z in order, if known
  std::size_t stride_ = 0;
  bool is_gathered_ = false;
  bool is_sorted_ = false;
  std::vector<float> gathered_;  ///< z side by side, where they are not drawn so
  std::vector<float> sorted_;
  std::vector<float> selected_;  ///< of select_from()
  std::vector<std::uint32_t> places_;
  std::vector<float> cuts_;
  std::vector<double> log10_flop_;
  std::vector<double> log10_selected_;
  std::vector<double> relative_;
  std::vector<double> cumulative_;
  std::vector<double> log10_cumulative_share_;
  kernels::SortedSizes view_;
};

/// Trajectory::previous for the year after, of a survivor; empty if no constraint asks for it.
std::vector<double> remembered(const Plan& plan, const Candidate& survivor, OrderedSizes& ordered);

/// Whether a constraint compares a year with the one before.
bool looks_back(const Plan& plan);

/// The value of a statistic, in the unit of its StatisticInfo, in double precision.
double evaluate(const Statistic& statistic, const Candidate& candidate, OrderedSizes& ordered);

}  // namespace flopsieve::engine
