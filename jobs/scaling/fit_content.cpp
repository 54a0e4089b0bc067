#include "jobs/scaling/fit_content.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "engine/error.hpp"
#include "jobs/scaling/budget.hpp"

namespace flopsieve::jobs {
namespace {

[[noreturn]] void refuse(const std::string& message) {
  throw engine::Error(engine::ExitCode::bad_input, message);
}

int approach_of(const FitCommand& command) {
  for (const int approach : {1, 2, 3}) {
    if (command.approach == std::to_string(approach)) return approach;
  }
  refuse(fmt::format("--approach: 1, 2 or 3, not \"{}\"", command.approach));
}

BootstrapOptions bootstrap_options(const FitCommand& command) {
  constexpr std::int64_t most = 1'000'000;
  if (command.resamples < 0 || command.resamples == 1 || command.resamples > most) {
    refuse(fmt::format("--resamples: 0, or from 2 to {}, not {}", most, command.resamples));
  }
  if (!(command.interval > 0.0 && command.interval < 1.0)) {
    refuse(fmt::format("--interval: a probability between 0 and 1, not {}", command.interval));
  }
  return {static_cast<std::uint64_t>(command.resamples), command.seed, command.interval,
          engine::parse_backend(command.backend),
          command.threads > 0 ? command.threads : engine::default_threads()};
}

void demand_options(const FitCommand& command) {
  // At 1 the fit is one of least squares: errors of ln L are smaller.
  if (!(command.delta >= 1e-6 && command.delta <= 1.0)) {
    refuse(fmt::format("--delta: from 1e-6 to 1, not {}", command.delta));
  }
  for (const double flop : command.budgets) demand_amount("--budgets", flop);
  if (!command.levels.empty() && command.approach != "2") {
    refuse("--levels: goes with --approach 2 only");
  }
  if (command.delta != FitCommand{}.delta && command.approach != "3") {
    refuse("--delta: goes with --approach 3 only");
  }
}

void demand_different_losses(const TrainingData& data) {
  const auto [low, high] =
      std::minmax_element(data.runs.begin(), data.runs.end(),
                          [](const auto& a, const auto& b) { return a.loss < b.loss; });
  if (low->loss == high->loss) {
    refuse(fmt::format("{}: all losses are {}, which every law fits; losses that differ are needed",
                       data.file, low->loss));
  }
}

/// The estimate of f over laws: of the fit itself and of its resamples.
template <class Law>
Estimate estimate_of(const Law& best, const std::vector<Law>& resampled, double interval,
                     const std::function<double(const Law&)>& f) {
  std::vector<double> values;
  values.reserve(resampled.size());
  for (const Law& law : resampled) values.push_back(f(law));
  return estimate(f(best), values, interval);
}

/// log10 of the best number of parameters.
double log10_parameters(const PowerLaw& law, double flop) {
  return law.log10_parameters + law.exponent * (std::log10(flop) - law.log10_flop);
}

template <class Law>
FitBudget budget_of(double flop, const Law& best, const std::vector<Law>& resampled,
                    double interval, const std::function<double(const Law&)>& parameters) {
  FitBudget row;
  row.flop = flop;
  row.parameters = estimate_of<Law>(best, resampled, interval, parameters);
  row.tokens = estimate_of<Law>(best, resampled, interval,
                                [&](const Law& law) { return flop / (6.0 * parameters(law)); });
  return row;
}

double best_parameters(const ParametricLoss& law, double flop) {
  return std::pow(10.0, log10_parameters(frontier(law), flop));
}

void add_parametric_numbers(FitContent& content) {
  const auto add = [&](const char* name, const char* meaning, const char* units,
                       const std::function<double(const ParametricLoss&)>& f) {
    content.numbers.push_back({name, meaning, units,
                               estimate_of<ParametricLoss>(content.parametric->fit.best.law,
                                                           content.parametric->bootstrap.laws,
                                                           content.options.interval, f)});
  };
  using Law = const ParametricLoss&;
  add("A", "loss that parameters take away, times N^alpha", "",
      [](Law law) { return std::exp(law.ln_a); });
  add("B", "loss that tokens take away, times D^beta", "",
      [](Law law) { return std::exp(law.ln_b); });
  add("E", "loss that is left without end", "nat", [](Law law) { return std::exp(law.ln_e); });
  add("alpha", "exponent of parameters", "1", [](Law law) { return law.alpha; });
  add("beta", "exponent of tokens", "1", [](Law law) { return law.beta; });
  add("ln_A", "ln A", "1", [](Law law) { return law.ln_a; });
  add("ln_B", "ln B", "1", [](Law law) { return law.ln_b; });
  add("ln_E", "ln E", "1", [](Law law) { return law.ln_e; });
  add("parameters_exponent", "a: the best N grows as C^a", "1",
      [](Law law) { return law.beta / (law.alpha + law.beta); });
  add("tokens_exponent", "b: the best D grows as C^b", "1",
      [](Law law) { return law.alpha / (law.alpha + law.beta); });
}

void fit_approach_3(FitContent& content, const std::vector<double>& budgets) {
  const auto& runs = content.data.runs;
  ParametricContent& found = content.parametric.emplace();
  found.fit = fit_parametric(runs, content.delta, content.options, content.data.file);
  const ParametricLoss& best = found.fit.best.law;
  found.bootstrap = bootstrap_parametric(runs, content.delta, best, content.options);
  found.covariance = covariance(found.bootstrap.laws);
  found.residuals = LawDescent(runs, content.delta).residuals(best);
  found.summary = summarise(found.residuals, content.delta);
  content.failed = found.bootstrap.failed;
  add_parametric_numbers(content);
  for (const double flop : budgets) {
    content.budgets.push_back(budget_of<ParametricLoss>(
        flop, best, found.bootstrap.laws, content.options.interval,
        [flop](const ParametricLoss& law) { return best_parameters(law, flop); }));
    content.budgets.back().loss = estimate_of<ParametricLoss>(
        best, found.bootstrap.laws, content.options.interval, [flop](const ParametricLoss& law) {
          const double parameters = best_parameters(law, flop);
          return law(parameters, flop / (6.0 * parameters));
        });
  }
}

void add_optima_numbers(FitContent& content) {
  const OptimaContent& found = *content.optima;
  const auto add = [&](const char* name, const std::string& meaning,
                       const std::function<double(const PowerLaw&)>& f) {
    content.numbers.push_back(
        {name, meaning, "1",
         estimate_of<PowerLaw>(found.fit.law, found.bootstrap.laws, content.options.interval, f)});
  };
  const double middle = std::pow(10.0, found.fit.law.log10_flop);
  add("parameters_exponent", "a: the best N grows as C^a",
      [](const PowerLaw& law) { return law.exponent; });
  add("tokens_exponent", "b: the best D grows as C^b",
      [](const PowerLaw& law) { return 1.0 - law.exponent; });
  add("log10_parameters", fmt::format("log10 of the best N at {:.4g} FLOP", middle),
      [middle](const PowerLaw& law) { return log10_parameters(law, middle); });
}

void fit_optima(FitContent& content, const FitCommand& command) {
  OptimaContent& found = content.optima.emplace();
  if (content.approach == 1) {
    const EnvelopeFit fit(content.data);
    found = {fit.fit(), fit.bootstrap(content.options),
             fmt::format("{} training curves", fit.curves())};
  } else {
    const IsoFlopFit fit(content.data, command.levels);
    found = {
        fit.fit(), fit.bootstrap(content.options),
        fmt::format("{} rows at {} levels of compute", fit.rows_used(), fit.fit().optima.size())};
  }
  content.failed = found.bootstrap.failed;
  add_optima_numbers(content);
  for (const double flop : command.budgets) {
    content.budgets.push_back(budget_of<PowerLaw>(
        flop, found.fit.law, found.bootstrap.laws, content.options.interval,
        [flop](const PowerLaw& law) { return std::pow(10.0, log10_parameters(law, flop)); }));
  }
}

}  // namespace

FitContent fit_content(const FitCommand& command) {
  FitContent content;
  content.approach = approach_of(command);
  content.options = bootstrap_options(command);
  demand_options(command);
  content.delta = command.delta;
  content.data = training_data(
      read_csv(command.csv), {command.parameters_column, command.tokens_column, command.flop_column,
                              command.loss_column, command.run_column});
  if (content.data.runs.empty()) refuse(fmt::format("{}: no rows", command.csv));
  drop_highest(content.data, command.drop_highest);
  demand_different_losses(content.data);
  if (content.approach == 3) {
    fit_approach_3(content, command.budgets);
  } else {
    fit_optima(content, command);
  }
  return content;
}

}  // namespace flopsieve::jobs
