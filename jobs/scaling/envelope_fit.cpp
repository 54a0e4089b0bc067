#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <stdexcept>

#include "engine/error.hpp"
#include "jobs/scaling/optima_fit.hpp"
#include "jobs/stop.hpp"

namespace flopsieve::jobs {
namespace {

using engine::Error;
using engine::ExitCode;

constexpr std::size_t budgets = 1500;
constexpr std::size_t most_curves = 20'000;  // 240 MB of losses
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// Loss by ln C; of rows with equal compute the lowest loss.
using Curve = std::map<double, double>;

struct Curves {
  std::vector<double> parameters;
  std::vector<Curve> curves;
};

/// In the order in which they begin in the file.
Curves curves_of(const TrainingData& data) {
  Curves result;
  std::map<std::string, std::size_t> places;
  for (const TrainingRun& run : data.runs) {
    const auto [found, is_new] = places.try_emplace(run.curve, result.curves.size());
    if (is_new) {
      result.parameters.push_back(run.parameters);
      result.curves.emplace_back();
    }
    const std::size_t place = found->second;
    if (run.parameters != result.parameters[place]) {
      throw Error(
          ExitCode::bad_input,
          fmt::format("{}:{}: run \"{}\" has {:g} parameters here and {:g} before", data.file,
                      run.line, run.curve, run.parameters, result.parameters[place]));
    }
    const auto [row, added] = result.curves[place].try_emplace(std::log(run.flop()), run.loss);
    if (!added) row->second = std::min(row->second, run.loss);
  }
  return result;
}

void demand_curves(const TrainingData& data, const Curves& all) {
  std::set<double> sizes;
  for (std::size_t i = 0; i < all.curves.size(); ++i) {
    if (all.curves[i].size() > 1) sizes.insert(all.parameters[i]);
  }
  if (sizes.size() >= 3) return;
  throw Error(
      ExitCode::bad_input,
      fmt::format("{}: approach 1 needs training curves, several rows of one run as it goes "
                  "on, of at least 3 sizes of model; here are {} (rows are of one run where "
                  "their {} is equal{})",
                  data.file, sizes.size(),
                  data.columns.curve.empty() ? data.columns.parameters : data.columns.curve,
                  data.columns.curve.empty() ? "; --run-column names another column" : ""));
}

double interpolated(const Curve& curve, double ln_flop) {
  const auto above = curve.lower_bound(ln_flop);
  if (above == curve.end()) return nan;
  if (above->first == ln_flop) return above->second;
  if (above == curve.begin()) return nan;
  const auto below = std::prev(above);
  const double share = (ln_flop - below->first) / (above->first - below->first);
  return below->second + share * (above->second - below->second);
}

}  // namespace

EnvelopeFit::EnvelopeFit(const TrainingData& data) {
  Curves all = curves_of(data);
  demand_curves(data, all);
  if (all.curves.size() > most_curves) {
    throw Error(ExitCode::bad_input,
                fmt::format("{}: {} training runs; approach 1 takes at most {}", data.file,
                            all.curves.size(), most_curves));
  }
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  for (const Curve& curve : all.curves) {
    low = std::min(low, curve.begin()->first);
    high = std::max(high, curve.rbegin()->first);
  }
  parameters_ = std::move(all.parameters);
  losses_.resize(parameters_.size());
  for (std::size_t i = 0; i < budgets; ++i) {
    const double share = static_cast<double>(i) / static_cast<double>(budgets - 1);
    const double ln_flop = low + share * (high - low);
    flop_.push_back(std::exp(ln_flop));
    for (std::size_t k = 0; k < losses_.size(); ++k) {
      losses_[k].push_back(interpolated(all.curves[k], ln_flop));
    }
  }
  try {
    fit_ = through_optima(envelope(std::vector<double>(curves(), 1.0)));
  } catch (const std::invalid_argument&) {
    throw Error(ExitCode::bad_input,
                fmt::format("{}: at no two budgets has a model of neither the least nor the most "
                            "parameters the lowest loss, so approach 1 finds no law",
                            data.file));
  }
}

std::vector<BudgetOptimum> EnvelopeFit::envelope(const std::vector<double>& weights) const {
  std::vector<BudgetOptimum> optima;
  for (std::size_t i = 0; i < flop_.size(); ++i) {
    if (stop_flag()) throw_stopped();
    std::set<double> sizes;
    BudgetOptimum best{flop_[i], 0.0, std::numeric_limits<double>::infinity(), 0, ""};
    for (std::size_t k = 0; k < losses_.size(); ++k) {
      const double loss = losses_[k][i];
      if (weights[k] == 0.0 || std::isnan(loss)) continue;
      sizes.insert(parameters_[k]);
      if (loss < best.loss) {
        best.loss = loss;
        best.parameters = parameters_[k];
      }
    }
    if (sizes.empty()) continue;
    best.sizes = sizes.size();
    if (best.parameters == *sizes.begin()) {
      best.left_out = "the smallest model is the best";
    } else if (best.parameters == *sizes.rbegin()) {
      best.left_out = "the largest model is the best";
    }
    optima.push_back(best);
  }
  return optima;
}

}  // namespace flopsieve::jobs
