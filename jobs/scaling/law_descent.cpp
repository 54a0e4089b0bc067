#include "jobs/scaling/law_descent.hpp"

#include <LBFGS.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>

#include "jobs/stop.hpp"
#include "kernels/law_misfit.hpp"

namespace flopsieve::jobs {
namespace {

using Point = Eigen::VectorXd;  ///< as kernels::LawConstants

constexpr double infinity = std::numeric_limits<double>::infinity();

/// What a kernel may be asked for.
bool is_allowed(const Point& x) {
  return x.allFinite() && x.cwiseAbs().maxCoeff() < 1e5;
}

double centre(std::vector<double>& values) {
  const double mean =
      std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  for (double& each : values) each -= mean;
  return mean;
}

/// The rows that count, in one piece.
struct CountingRows {
  std::vector<double> ln_parameters, ln_tokens, ln_loss, weight;
  double total = 0.0;  ///< of the weights

  kernels::LawRows rows() const { return {ln_parameters, ln_tokens, ln_loss, weight}; }
};

/// The scaled misfit as the library asks for it; remembers the best point, which the library
/// forgets where a line search fails.
class Objective {
 public:
  Objective(const CountingRows& rows, double delta) : rows_(rows), delta_(delta) {}

  double operator()(const Point& x, Point& gradient) {
    if (!is_allowed(x) || stop_flag()) {  // an evaluation of many rows takes its time
      gradient.setZero();
      return infinity;
    }
    kernels::LawConstants law;
    std::copy(x.begin(), x.end(), law.begin());
    const kernels::LawMisfit misfit = kernels::law_misfit(rows_.rows(), law, delta_);
    const double scale = 1.0 / (delta_ * delta_);
    for (Eigen::Index k = 0; k < 5; ++k) {
      gradient[k] = scale * misfit.gradient[static_cast<std::size_t>(k)];
    }
    const double value = scale * misfit.value;
    if (value < best) {
      best = value;
      best_point = x;
      best_gradient = gradient;
    }
    return value;
  }

  double best = infinity;
  Point best_point, best_gradient;

 private:
  const CountingRows& rows_;
  double delta_;
};

LBFGSpp::LBFGSParam<double> tolerances(double largest_slope) {
  LBFGSpp::LBFGSParam<double> options;
  options.m = 10;
  options.epsilon = 1e-10 * largest_slope;
  options.epsilon_rel = 0.0;
  options.past = 5;
  options.delta = 1e-15;
  options.max_iterations = 2'000;
  options.linesearch = LBFGSpp::LBFGS_LINESEARCH_BACKTRACKING_STRONG_WOLFE;
  options.max_linesearch = 40;
  return options;
}

/// From the best point so far to where the library stops, by success or not.
void descend(Objective& objective, double largest_slope, Point x) {
  const auto options = tolerances(largest_slope);
  LBFGSpp::LBFGSSolver<double, LBFGSpp::LineSearchNocedalWright> solver(options);
  double value = 0.0;
  try {
    solver.minimize(objective, x, value);
  } catch (const std::runtime_error&) {  // the line search finds nothing lower
  } catch (const std::logic_error&) {    // no way down
  }
}

}  // namespace

LawDescent::LawDescent(const std::vector<TrainingRun>& runs, double delta)
    : ones_(runs.size(), 1.0), delta_(delta) {
  for (const TrainingRun& run : runs) {
    ln_parameters_.push_back(std::log(run.parameters));
    ln_tokens_.push_back(std::log(run.tokens));
    ln_loss_.push_back(std::log(run.loss));
  }
  mean_ln_parameters_ = centre(ln_parameters_);
  mean_ln_tokens_ = centre(ln_tokens_);
}

Descent LawDescent::from(const ParametricLoss& start, std::span<const double> weights) const {
  CountingRows rows;
  for (std::size_t i = 0; i < ln_loss_.size(); ++i) {
    const double weight = weights.empty() ? 1.0 : weights[i];
    if (weight == 0.0) continue;
    rows.ln_parameters.push_back(ln_parameters_[i]);
    rows.ln_tokens.push_back(ln_tokens_[i]);
    rows.ln_loss.push_back(ln_loss_[i]);
    rows.weight.push_back(weight);
    rows.total += weight;
  }
  Point x(5);
  x << start.ln_a - start.alpha * mean_ln_parameters_, start.ln_b - start.beta * mean_ln_tokens_,
      start.ln_e, start.alpha, start.beta;
  Objective objective(rows, delta_);
  const double largest_slope = rows.total / delta_;
  objective.best_point = x;
  objective.best_gradient = Point::Zero(5);
  constexpr int most_descents = 10;
  for (int i = 0; i < most_descents; ++i) {
    const double before = objective.best;
    descend(objective, largest_slope, objective.best_point);
    if (!(objective.best < before - 1e-13 * objective.best)) break;
  }
  const Point& best = objective.best_point;
  return {{best[0] + best[3] * mean_ln_parameters_, best[1] + best[4] * mean_ln_tokens_, best[2],
           best[3], best[4]},
          objective.best * delta_ * delta_,
          objective.best_gradient.cwiseAbs().maxCoeff() / largest_slope};
}

std::vector<double> LawDescent::residuals(const ParametricLoss& law) const {
  const kernels::LawRows rows{ln_parameters_, ln_tokens_, ln_loss_, ones_};
  const kernels::LawConstants centred{law.ln_a - law.alpha * mean_ln_parameters_,
                                      law.ln_b - law.beta * mean_ln_tokens_, law.ln_e, law.alpha,
                                      law.beta};
  std::vector<double> result(ln_loss_.size());
  kernels::law_residuals(rows, centred, result);
  return result;
}

}  // namespace flopsieve::jobs
