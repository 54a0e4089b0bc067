#pragma once

#include <vector>

#include "engine/plan.hpp"
#include "jobs/calibration.hpp"

namespace flopsieve::jobs {

/// The kernel density with these centres and weights (positive). Weights that
/// sum to 1 within 1e-9 are taken as they stand, others divided by their sum.
engine::KernelPoints kernel_points(std::vector<double> centres, const std::vector<double>& weights,
                                   double bandwidth);

/// The sizes of all calibration years, each standardised by the mean and standard deviation of its
/// year and given one vote. A size is known by its histogram bin, and stands at the bin's centre.
/// Silverman's bandwidth, 0.9 min(sd, IQR / 1.34) n^(-1/5) with n the number of models (Silverman,
/// Density Estimation, 1986, eq. 3.31); sd and IQR are those of the centres, and an IQR of 0 is
/// left out.
engine::KernelPoints calibration_kernel(const Calibration& calibration);

}  // namespace flopsieve::jobs
