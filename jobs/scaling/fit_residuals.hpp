#pragma once

#include <cstddef>
#include <vector>

namespace flopsieve::jobs {

/// What residuals, ln of the law's loss less ln of the measured one, say of a fit.
struct ResidualSummary {
  double mean = 0.0;
  double sd = 0.0;            ///< over n - 1
  double t = 0.0;             ///< of the mean, n - 1 degrees of freedom
  double p = 0.0;             ///< two-sided, of a mean as far from 0
  double skewness = 0.0;      ///< third central moment over sd^3, both over n
  double within_delta = 0.0;  ///< share of the rows
  double log_likelihood = 0.0;
  double ln_scale = 0.0;             ///< at which the log-likelihood is highest
  std::vector<std::size_t> largest;  ///< rows of the 5 largest magnitudes, largest first
};

/// The density exp(-Huber_delta(r / s)) / (c s), c = sqrt(2 pi) (2 Phi(delta) - 1) + 2 exp(-delta^2
/// / 2) / delta, at the scale s that makes the residuals likeliest (Besiroglu et al. 2024, arXiv
/// 2404.10102, section 3). Not the misfit that is minimised: there delta is compared with r, here
/// with r / s. As s is far below delta, this is Laplace's law.
struct HuberLikelihood {
  double log_likelihood = 0.0;
  double ln_scale = 0.0;
};
HuberLikelihood huber_likelihood(const std::vector<double>& residuals, double delta);

/// At least 3 residuals.
ResidualSummary summarise(const std::vector<double>& residuals, double delta);

}  // namespace flopsieve::jobs
