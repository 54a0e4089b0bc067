#pragma once

#include <array>
#include <cstddef>
#include <span>

/// The misfit of a law of loss to training runs, and its gradient. Compiled for every target
/// (target.hpp) from one body; every target gives the same bits.
namespace flopsieve::kernels {

/// Columns of equal length, a row per training run.
struct LawRows {
  std::span<const double> ln_parameters;
  std::span<const double> ln_tokens;
  std::span<const double> ln_loss;
  std::span<const double> weight;  ///< >= 0: how often the row counts
};

/// (ln A, ln B, ln E, alpha, beta) of L(N, D) = E + A / N^alpha + B / D^beta; finite, and below 1e6
/// in magnitude.
using LawConstants = std::array<double, 5>;

struct LawMisfit {
  double value = 0.0;
  LawConstants gradient{};
};

/// sum_i weight_i Huber_delta(r_i), r_i = LSE(ln A - alpha ln N_i, ln B - beta ln D_i, ln E) - ln
/// L_i, where LSE is the logarithm of the sum of exponentials and Huber_delta(r) = r^2 / 2 for |r|
/// <= delta, else delta (|r| - delta / 2) (Hoffmann et al. 2022, arXiv 2203.15556, eq. 3). Row i
/// goes to partial sum i % 8, and the partial sums are added in pairs: i and i + 4, i + 2, i + 1.
LawMisfit law_misfit(const LawRows& rows, const LawConstants& law, double delta);

/// residual[i] = r_i; as many as rows.
void law_residuals(const LawRows& rows, const LawConstants& law, std::span<double> residual);

}  // namespace flopsieve::kernels
