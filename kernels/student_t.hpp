#pragma once

#include "kernels/normal_pair.hpp"

/// Student's t law with location 0 and scale 1.
namespace flopsieve::kernels {

class StudentT {
 public:
  /// 2 <= degrees_of_freedom <= 1e6, not necessarily whole.
  explicit StudentT(double degrees_of_freedom);

  /// sqrt(nu (U^(-2/nu) - 1)) cos(2 pi V): R. W. Bailey, Mathematics of Computation 62 (1994) 779.
  /// U has 32 bits, so that |z| <= sqrt(nu (2^(66/nu) - 1)): 131,072 at nu = 2, 217 at 5, 31 at 10.
  float draw(DrawWords words) const;

  /// P(X <= z) and P(X > z), relative error below 1e-12: the incomplete beta function by its
  /// continued fraction.
  double cumulative(double z) const { return tail(-z); }
  double tail(double z) const;

  double density(double z) const;
  double largest_density() const { return peak_; }

 private:
  double nu_;
  double ratio_;  ///< Gamma((nu + 1) / 2) / Gamma(nu / 2)
  double peak_;   ///< density at 0
};

}  // namespace flopsieve::kernels
