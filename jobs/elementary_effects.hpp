#pragma once

#include <cstddef>
#include <vector>

#include "jobs/resampling.hpp"

/// Screening by elementary effects (Morris 1991, Technometrics 33). A trajectory is d + 1 points,
/// each of which differs from the one before it in one input, by one step of the design.
namespace flopsieve::jobs {

/// Of the effects of one input over the trajectories. An effect is the change of the output when
/// the input goes up by one step, in units of the output: Morris's d_i times the
/// step delta = levels / (2 (levels - 1)), which is a share of the input's range.
struct ElementaryEffects {
  std::vector<Index> mu;       ///< [input] mean: effects of both signs cancel
  std::vector<Index> mu_star;  ///< [input] mean of the magnitude (Campolongo et al. 2007,
                               ///< Environmental Modelling & Software 22)
  std::vector<Index> sigma;    ///< [input] standard deviation: interactions and curvature
};

/// `effects` [input][trajectory], at least two trajectories. Intervals: bootstrap of the
/// trajectories.
ElementaryEffects elementary_effects(const Columns& effects);

/// The effect of each input in each trajectory, [input][trajectory], in the order of the
/// trajectories; nan where one of the two outputs is nan. `inputs` [input][row] in blocks of d + 1
/// rows. Throws std::invalid_argument, saying why, if they are no such trajectories.
Columns effects_of(const Columns& inputs, const std::vector<double>& output);

}  // namespace flopsieve::jobs
