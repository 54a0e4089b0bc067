#include <fmt/format.h>

#include <cmath>
#include <string>
#include <vector>

#include "engine/parameters.hpp"
#include "jobs/plan_text.hpp"
#include "jobs/state_source.hpp"

namespace flopsieve::jobs {
namespace {

using engine::CountModel;
using engine::Input;
using engine::Plan;
using engine::SizeFamily;
using engine::TotalModel;

/// A line for each parameter.
std::string parameters_text(std::span<const engine::ParameterInfo> infos,
                            const std::vector<Input>& inputs, const std::vector<int>& years) {
  std::string text;
  for (std::size_t i = 0; i < infos.size(); ++i) {
    text += fmt::format("{} = {}\n", infos[i].name, input_text(inputs[i], years));
  }
  return text;
}

std::string trend_text(const engine::TrendFit& t) {
  return fmt::format(
      "{{ centre = {}, intercept = {}, slope = {}, residual_variance = {}, intercept_factor = {}, "
      "slope_factor = {}, degrees_of_freedom = {} }}",
      t.centre, t.intercept, t.slope, t.residual_variance, t.intercept_factor, t.slope_factor,
      t.degrees_of_freedom);
}

std::string kinks_text(const std::vector<engine::Kink>& kinks) {
  std::vector<std::string> texts;
  for (const engine::Kink& kink : kinks) {
    texts.push_back(fmt::format(
        "{{ weight = {}, knot = {}, coefficients = [{}], factor = [{}], residual_variance = {}, "
        "degrees_of_freedom = {} }}",
        kink.weight, kink.knot, fmt::join(kink.coefficients, ", "), fmt::join(kink.factor, ", "),
        kink.residual_variance, kink.degrees_of_freedom));
  }
  return list_text(texts);
}

std::string growth_text(const Plan& plan) {
  const engine::Total& t = plan.total;
  return fmt::format(
      "base_year = {}\nbase_flop = {}\nusage_multiplier = {}\ngrowth = {}\ntrain_share = {}\n",
      t.base_year, t.base_flop, t.usage_multiplier, t.growth,
      yearly_text(t.train_share, plan.years));
}

std::string ceiling_text(const Plan& plan) {
  std::vector<std::string> texts;
  for (const double each : plan.total.log10_ceiling) texts.push_back(flop_text(each));
  return texts.empty() ? "" : fmt::format("ceiling = {}\n", yearly_text(texts, plan.years));
}

std::string known_text(const Plan& plan) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < plan.total.known_log10.size(); ++i) {
    const double known = plan.total.known_log10[i];
    if (!std::isnan(known)) texts.push_back(fmt::format("{} = {}", plan.years[i], known));
  }
  return texts.empty() ? "" : fmt::format("known = {{ {} }}\n", fmt::join(texts, ", "));
}

std::string total_text(const Plan& plan) {
  const engine::Total& t = plan.total;
  std::string text = fmt::format("\n[total]\nmodel = \"{}\"\n", name(t.model));
  if (t.model == TotalModel::growth || t.model == TotalModel::tapering) text += growth_text(plan);
  if (t.model == TotalModel::saturating) text += fmt::format("base_year = {}\n", t.base_year);
  if (t.model == TotalModel::trend) text += fmt::format("fit = {}\n", trend_text(t.trend));
  return text + parameters_text(engine::parameters_of(t.model), t.parameters, plan.years) +
         ceiling_text(plan) + known_text(plan);
}

std::string count_text(const Plan& plan) {
  const engine::Count& c = plan.count;
  const auto parameter = [&](std::size_t i) { return input_text(c.parameters[i], plan.years); };
  switch (c.model) {
    case CountModel::input:
      return parameter(0);
    case CountModel::poisson:
      return fmt::format("{{ poisson = {} }}", parameter(0));
    case CountModel::negative_binomial:
      return fmt::format("{{ negative_binomial = {{ mean = {}, size = {} }} }}", parameter(0),
                         parameter(1));
    case CountModel::exponential_trend:
    case CountModel::linear_trend:
      return fmt::format("{{ {} = {} }}", name(c.model), trend_text(c.trend));
    case CountModel::kinked_trend:
      return fmt::format("{{ kinked_trend = {} }}", kinks_text(c.kinks));
    case CountModel::state_space:
    case CountModel::implied:
      break;
  }
  return fmt::format("\"{}\"", name(c.model));
}

/// The weights whose running sum reads as the cumulative ones.
std::string kernel_text(const engine::KernelPoints& kernel) {
  std::vector<double> weights;
  double before = 0.0;
  for (const double cumulative : kernel.cumulative_weights) {
    weights.push_back(cumulative - before);
    before = cumulative;
  }
  return fmt::format("kernel = {{ centres = {}, weights = {}, bandwidth = {} }}\n",
                     list_text(kernel.centres), list_text(weights), kernel.bandwidth);
}

std::string components_text(const Plan& plan) {
  std::vector<std::string> weights, means, sds;
  for (const engine::MixtureInputs& each : plan.sizes.components) {
    weights.push_back(input_text(each.weight, plan.years));
    means.push_back(input_text(each.mean, plan.years));
    sds.push_back(input_text(each.sd, plan.years));
  }
  return fmt::format("weights = {}\nmeans = {}\nsds = {}\n", list_text(weights), list_text(means),
                     list_text(sds));
}

std::string sizes_text(const Plan& plan) {
  const engine::Sizes& s = plan.sizes;
  std::string text = fmt::format("sizes = \"{}\"\n", name(s.family));
  text += parameters_text(engine::parameters_of(s.family), s.parameters, plan.years);
  if (s.family == SizeFamily::mixture) text += components_text(plan);
  if (s.family == SizeFamily::empirical) text += kernel_text(s.kernel);
  if (s.family == SizeFamily::allocation) text += fmt::format("bins = {}\n", s.bins);
  return text;
}

std::string match_text(const Plan& plan) {
  const engine::Matching& matching = plan.matching;
  std::string text = fmt::format("match = \"{}\"\n", name(matching.match));
  if (matching.tolerance > 0.0) text += fmt::format("tolerance = {}\n", matching.tolerance);
  const std::string_view method = plan.sampling.automatic ? "auto" : name(plan.sampling.method);
  return text + fmt::format("method = \"{}\"\n", method);
}

std::string state_text(const engine::StateSpace& space) {
  if (space.points == 0) return "";
  std::string text = fmt::format("\n[state_space]\nlast_year = {}\n", space.last_year);
  const std::size_t years = space.observed.size() / engine::state_series;
  for (std::size_t s = 0; s < engine::state_series; ++s) {
    const auto of_series = [&](const std::vector<double>& values) {
      const auto first = values.begin() + static_cast<std::ptrdiff_t>(s * years);
      return list_text(std::vector<double>(first, first + static_cast<std::ptrdiff_t>(years)));
    };
    text += fmt::format("{} = {{ observed = {}, standard_error = {} }}\n", series_name(s),
                        of_series(space.observed), of_series(space.standard_errors));
  }
  return text;
}

}  // namespace

std::string models_text(const Plan& plan) {
  return total_text(plan) + fmt::format("\n[models]\ncount = {}\n", count_text(plan)) +
         sizes_text(plan) + match_text(plan) + state_text(plan.state);
}

}  // namespace flopsieve::jobs
