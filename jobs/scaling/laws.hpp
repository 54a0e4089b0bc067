#pragma once

#include <optional>
#include <string>
#include <vector>

/// Compute-optimal training: how many parameters and tokens a budget is best spent on.
namespace flopsieve::jobs {

/// L(N, D) = E + A / N^alpha + B / D^beta, nats per token (Hoffmann et al. 2022, arXiv 2203.15556,
/// eq. 2).
struct ParametricLoss {
  double ln_a = 0.0;
  double ln_b = 0.0;
  double ln_e = 0.0;
  double alpha = 0.0;
  double beta = 0.0;

  double operator()(double parameters, double tokens) const;
};

/// log10 N_opt = log10_parameters + exponent * (log10 C - log10_flop), C in FLOP.
struct PowerLaw {
  double log10_flop = 0.0;  ///< the budget at which log10_parameters holds
  double log10_parameters = 0.0;
  double exponent = 0.5;  ///< in (0, 1)
};

/// The frontier of a parametric loss under C = 6 N D: N = G (C / 6)^a, G = (alpha A / (beta B))^(1
/// / (alpha + beta)), a = beta / (alpha + beta) (eq. 4).
PowerLaw frontier(const ParametricLoss& loss);

/// A law that says how many parameters are best for a budget.
struct ScalingLaw {
  /// How sure the constants are; at most one is given.
  struct Uncertainty {
    /// 10 % and 90 % points of the exponent, about the law's value at PowerLaw::log10_flop.
    std::optional<std::pair<double, double>> exponent = {};
    /// Covariance of (ln A, ln B, ln E, alpha, beta), row by row; empty: none.
    std::vector<double> covariance = {};
  };

  std::string name;    ///< "chinchilla-1"
  std::string source;  ///< paper, table, equation
  std::string note;    ///< what its user should know; may be empty
  PowerLaw power;      ///< not used where there is a ratio_slope
  std::optional<ParametricLoss> loss = {};
  /// Kaplan's: L = (compute_scale / (C / 2))^compute_exponent, FLOP.
  std::optional<std::pair<double, double>> loss_of_compute = {};
  /// Ratio laws: D / N = ratio + ratio_slope * D.
  double ratio = 0.0;
  double ratio_slope = 0.0;
  Uncertainty uncertainty = {};

  bool is_uncertain() const {
    return uncertainty.exponent.has_value() || !uncertainty.covariance.empty();
  }
};

/// All laws with fixed constants, in the order of a table of all; not tokens-per-parameter=X.
const std::vector<ScalingLaw>& scaling_laws();

/// The law of a name: one of scaling_laws(), or "tokens-per-parameter=X" with X > 0. Throws
/// Error(bad_input) naming the laws that there are; `where` starts the message ("--law").
ScalingLaw scaling_law(const std::string& name, const std::string& where);

/// A budget of which one side is known.
struct Budget {
  enum class Of { flop, tokens, parameters } of = Of::flop;
  double amount = 0.0;  ///< FLOP, tokens seen in training or parameters; positive
};

/// One way to spend a budget: flop = 6 parameters tokens.
struct Optimum {
  double flop = 0.0;
  double parameters = 0.0;
  double tokens = 0.0;  ///< seen in training, repeated ones each time
  std::optional<double> loss = {};
};

/// The law's optimum for a budget. `worth` is what a token that is seen is worth, in fresh ones, in
/// (0, 1]: 1 unless data are repeated (token_budget.hpp); the law then holds for fresh ones. Throws
/// Error(bad_input) naming the law where no optimum has so many parameters.
Optimum optimum(const ScalingLaw& law, const Budget& budget, double worth = 1.0);

}  // namespace flopsieve::jobs
