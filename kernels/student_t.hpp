#pragma once

#include <cstdint>

#include "kernels/family_draws.hpp"

/// Student's t law with location 0 and scale 1.
namespace flopsieve::kernels {

class StudentT {
 public:
  /// 2 <= degrees_of_freedom <= 1e6, not necessarily whole.
  explicit StudentT(double degrees_of_freedom);

  StudentDraw drawing() const { return StudentDraw(nu_); }
  float draw(Key key, Counter counter, std::uint32_t index) const {
    return drawing().draw(key, counter, index);
  }

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
