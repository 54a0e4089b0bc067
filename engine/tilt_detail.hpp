#pragma once

#include <vector>

#include "engine/tilt.hpp"

/// What the parts of the tilt share.
namespace flopsieve::engine {

/// A tilted law, cell by cell.
struct CellSums {
  std::vector<double> log_weights;  ///< ln of a bound of f(z) exp(strength * m / largest m)
  double largest = 0.0;             ///< of them
  double weight = 0.0;              ///< their sum, in units of the largest
  double mean = 0.0;                ///< of m / largest m, nearly
};

CellSums sums_of(const TiltBase& base, double strength);

}  // namespace flopsieve::engine
