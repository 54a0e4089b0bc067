#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/inputs.hpp"
#include "engine/plan.hpp"
#include "engine/size_law.hpp"
#include "engine/tilt_bound.hpp"
#include "engine/tilt_window.hpp"
#include "kernels/tilted.hpp"

/// Exact sampling under a window [L, U] of the sum S of the sizes m = 10^x, by exponential tilting
/// (Asmussen and Glynn, Stochastic Simulation (2007), VI.2) and thinning.
///
/// With f the density of x, k fixed and any theta, sizes are drawn from a density q that is flat in
/// each cell of a table and satisfies f(x) exp(theta m) <= C q(x) for every x that a sum up to U
/// has room for. A candidate with S in the window is kept with probability
///   A = exp(theta (edge - S)) * product of f(x_i) exp(theta m_i) / (C q(x_i)) <= 1,
/// edge = L where theta > 0, U elsewhere. So what is kept has the density of independent sizes from
/// f, given S in the window, whatever theta and the table are: they decide the speed alone; and
/// P(S in the window) = C^k exp(-theta edge) * (the share of candidates that is kept).
///
/// The same holds for further windows (tilt_window.hpp) of sums G_j of g_j(x), with a strength
/// lambda_j each: sizes are drawn from a q with f(x) exp(theta m + sum_j lambda_j g_j(x)) <= C
/// q(x), and A has a factor exp(lambda_j (edge_j - G_j)) each, which is at most 1 within all
/// windows. As the exponentials of theta m and the lambda_j g_j cancel,
///   A = exp(theta edge + sum_j lambda_j edge_j) * product of f(x_i) / (C q(x_i)),
/// whatever the sums are; outside of a window it may exceed 1, but what is there is rejected
/// anyway.
namespace flopsieve::engine {

/// Why the candidates of a Plan cannot be drawn by `truncate` or `tilt`, in words for its author;
/// empty where they can. The total must be the same for all attempts of a trajectory and year, the
/// law of sizes the same for all trajectories but for what candidates draw themselves (any
/// parameter, but not of a grid), and the law of the number of models one of tilt_count.hpp.
std::string tilt_refusal(const Plan& plan);

/// A further factor exp(strength * g(x)) of a tilted density: g is 0 unless x is in [from, below),
/// and there the OOM above the frame's location, m / largest m, or 1.
struct TiltTerm {
  TiltSum sum = TiltSum::log10_flop;
  double from = 0.0;
  double below = 0.0;
  double strength = 0.0;
};

/// A law of sizes between the least size and the largest that is possible, cut into cells. Of one
/// thread, as all that is made of it.
class TiltBase {
 public:
  /// Sizes above 10^log10_most FLOP are not drawn, as far as the law reaches down to there. Serves
  /// candidates with inputs within the range.
  TiltBase(const Sizes& sizes, const TiltRange& range, double log10_most);
  TiltBase(const TiltBase&) = delete;
  TiltBase& operator=(const TiltBase&) = delete;

  /// x = location + scale * z, z in [0, 1].
  const Frame& frame() const { return frame_; }

  /// A law of this base, in the z of law_z().
  kernels::SizeLaw law(const CandidateInputs& inputs, LawStorage& storage) const;

  /// ln of the density of z, or of a bound for a whole cell; -infinity where it is 0.
  double log_density(const CandidateInputs& inputs, const kernels::SizeLaw& law, double z) const;
  std::span<const double> log_bounds() const {
    if (log_bounds_.empty()) make_cells();
    return log_bounds_;
  }

  /// log10 FLOP of the largest size that is drawn, the unit of sizes().
  double log10_largest() const { return log10_largest_; }

  /// m / largest m: its largest value in each cell, or its least one.
  std::span<const double> sizes(bool largest) const;

  /// Adds the largest value of strength * g in each cell.
  void add_term(const TiltTerm& term, std::span<double> exponents) const;

  /// About how much ln of the density of a likely size varies with a parameter (tilt_bound.hpp).
  double variation(std::size_t parameter) const {
    return bound_ ? bound_->variation(parameter) : 0.0;
  }

  /// Whether a draw is the lower end of its cell.
  bool is_grid() const { return plan_.sizes.family == SizeFamily::grid; }

 private:
  double law_z(const Frame& own, double z) const {
    return (frame_.location - own.location) / own.scale + z * (frame_.scale / own.scale);
  }
  void set_frame(const TiltRange& range, double log10_most);
  void make_cells() const;
  void set_points(const CandidateInputs& inputs, double log10_most);

  Plan plan_;                       ///< its sizes only
  std::optional<TiltBound> bound_;  ///< not of a grid
  Frame frame_;
  double log10_largest_ = 0.0;
  /// Made when they are first asked for.
  mutable std::vector<double> log_bounds_;
  mutable std::vector<double> sizes_;  ///< m / largest m at the ends of the cells, ascending
};

/// The law tilted by exp(strength * m / largest m) and further terms. Of one thread: the table is
/// made when it is first drawn from.
class TiltTable {
 public:
  TiltTable(std::shared_ptr<const TiltBase> base, double strength,
            std::vector<TiltTerm> terms = {});

  const TiltBase& base() const { return *base_; }
  double strength() const { return strength_; }
  const std::vector<TiltTerm>& terms() const { return terms_; }
  const std::uint32_t* alias() const;

  /// ln of f(z) / (C q(z)) without the tilt, of a draw from alias(); -infinity where f is 0.
  double log_share(const CandidateInputs& inputs, const kernels::SizeLaw& law, float z) const;

  /// ln C.
  double log_constant() const { return log_constant_; }

  /// Bytes of the table.
  std::size_t bytes() const;

 private:
  void make() const;

  std::shared_ptr<const TiltBase> base_;
  double strength_;
  std::vector<TiltTerm> terms_;
  double log_unit_ = 0.0;  ///< ln of C q per weight
  double log_constant_ = 0.0;
  mutable kernels::AliasTable alias_;            ///< empty: not made yet
  mutable std::vector<std::uint32_t> weight_1_;  ///< weight of each cell, less 1
};

/// How the sizes of a candidate are drawn.
struct Tilt {
  std::shared_ptr<const TiltTable> table;
  double log_edge = 0.0;            ///< theta * edge, and lambda * edge of windows of sums
  double log_edge_per_model = 0.0;  ///< lambda * edge of windows of sums / k

  /// ln of the C whose power, times exp(-log_edge), makes shares of candidates probabilities.
  double log_constant() const { return table->log_constant() - log_edge_per_model; }

  /// ln A of a candidate within the windows. Its sizes stand at z[i * stride], i < count.
  double log_keep(const CandidateInputs& inputs, const float* z, std::size_t stride) const;
};

/// ln of exp(-theta edge) E[C^k] is least for the best tilt; of ln C.
using LogMoment = std::function<double(double log_constant)>;

/// Places on the grids of strengths: of the total, and of each further window.
struct TiltSteps {
  int total = 0;
  std::vector<int> windows = {};

  bool operator==(const TiltSteps&) const = default;
};

/// The tilt of a trajectory and year whose candidates have inputs within the range. For
/// Method::truncate theta is 0, for Method::tilt about the best of a grid for numbers of models
/// with this moment; windows that are met anyway get no strength. `steps` is where the search
/// starts and becomes where it ends, with the same windows. Tables are shared by all callers of a
/// thread, which decides no result.
Tilt tilt_of(const Plan& plan, const TiltRange& range, const std::vector<TiltWindow>& windows,
             const LogMoment& log_moment, TiltSteps& steps);

}  // namespace flopsieve::engine
