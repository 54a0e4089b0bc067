#include "engine/parameters.hpp"

#include <array>
#include <limits>

namespace flopsieve::engine {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double largest_size = 60.0;  ///< log10 FLOP, of a law with fixed bounds
constexpr Scope trajectory = Scope::trajectory;

constexpr ParameterInfo growth[] = {
    {"noise", Stream::growth_noise, 0, -infinity, infinity, 0.0, trajectory}};
constexpr ParameterInfo total_table[] = {
    {"log10_flop", Stream::year_total, 0, -infinity, infinity, {}}};
constexpr ParameterInfo tapering[] = {
    {"noise", Stream::growth_noise, 0, -infinity, infinity, 0.0, trajectory},
    {"final_growth", Stream::total_parameter, 0, least_growth, infinity, {}, trajectory},
    {"time_constant", Stream::total_parameter, 1, 1e-3, 1e6, {}, trajectory}};
constexpr ParameterInfo saturating[] = {
    {"log10_base", Stream::total_parameter, 2, -infinity, infinity, {}, trajectory},
    {"slope", Stream::total_parameter, 3, 0.0, infinity, {}, trajectory},
    {"log10_limit", Stream::total_parameter, 4, -infinity, infinity, {}, trajectory}};

constexpr ParameterInfo count_input[] = {{"count", Stream::count, 0, -infinity, infinity, {}}};
constexpr ParameterInfo poisson[] = {{"mean", Stream::count_mean, 0, 1e-9, largest_count, {}}};
constexpr ParameterInfo negative_binomial[] = {
    {"mean", Stream::count_mean, 0, 1e-9, largest_count, {}},
    {"size", Stream::count_parameter, 0, 1e-3, 1e9, {}}};

constexpr ParameterInfo normal[] = {{"mean", Stream::size_mean, 0, -infinity, infinity, {}},
                                    {"sd", Stream::size_sd, 0, least_sd, most_sd, {}}};
constexpr ParameterInfo skew_normal[] = {
    {"mean", Stream::size_mean, 0, -infinity, infinity, {}},
    {"sd", Stream::size_sd, 0, least_sd, most_sd, {}},
    {"skewness", Stream::size_skewness, 0, -largest_skewness, largest_skewness, {}}};
constexpr ParameterInfo skew_normal_direct[] = {
    {"location", Stream::size_mean, 0, -infinity, infinity, {}},
    {"scale", Stream::size_sd, 0, least_sd, most_sd, {}},
    {"shape", Stream::size_parameter, 0, -1e3, 1e3, {}}};
constexpr ParameterInfo truncated_normal[] = {
    {"mean", Stream::size_mean, 0, -infinity, infinity, {}},
    {"sd", Stream::size_sd, 0, least_sd, most_sd, {}},
    {"lower", Stream::size_parameter, 1, 0.0, largest_size, {}},
    {"upper", Stream::size_parameter, 2, 0.0, largest_size, {}}};
constexpr ParameterInfo uniform[] = {{"lower", Stream::size_parameter, 1, 0.0, largest_size, {}},
                                     {"upper", Stream::size_parameter, 2, 0.0, largest_size, {}}};
constexpr ParameterInfo mixture[] = {{"location", Stream::size_mean, 0, -infinity, infinity, 0.0}};
constexpr ParameterInfo student_t[] = {
    {"location", Stream::size_mean, 0, -infinity, infinity, {}},
    {"scale", Stream::size_sd, 0, least_sd, most_sd, {}},
    {"degrees_of_freedom", Stream::size_parameter, 3, 2.0, 1e6, {}}};
constexpr ParameterInfo grid[] = {{"lower", Stream::size_parameter, 1, 0.0, largest_size, {}},
                                  {"upper", Stream::size_parameter, 2, 0.0, largest_size, {}},
                                  {"step", Stream::size_parameter, 4, 1e-3, largest_size, 1.0}};
constexpr ParameterInfo power_law[] = {
    {"gradient", Stream::size_parameter, 5, -5.0, 5.0, {}},
    {"smallest", Stream::size_parameter, 6, 0.0, largest_size, {}},
    {"largest", Stream::size_parameter, 7, 0.0, largest_size, {}}};
constexpr ParameterInfo allocation[] = {{"largest_share", Stream::size_parameter, 8, 1e-6, 1.0, {}},
                                        {"gradient", Stream::size_parameter, 5, 0.05, 5.0, {}},
                                        {"smallest", Stream::size_parameter, 6, -15.0, -0.01, {}}};

}  // namespace

std::span<const ParameterInfo> parameters_of(TotalModel model) {
  switch (model) {
    case TotalModel::growth:
      return growth;
    case TotalModel::table:
      return total_table;
    case TotalModel::tapering:
      return tapering;
    case TotalModel::saturating:
      return saturating;
    case TotalModel::trend:
    case TotalModel::state_space:
    case TotalModel::implied:
      break;
  }
  return {};
}

std::span<const ParameterInfo> parameters_of(CountModel model) {
  switch (model) {
    case CountModel::input:
      return count_input;
    case CountModel::poisson:
      return poisson;
    case CountModel::negative_binomial:
      return negative_binomial;
    default:
      return {};
  }
}

std::span<const ParameterInfo> parameters_of(SizeFamily family) {
  switch (family) {
    case SizeFamily::normal:
    case SizeFamily::empirical:
      return normal;
    case SizeFamily::skew_normal:
      return skew_normal;
    case SizeFamily::skew_normal_direct:
      return skew_normal_direct;
    case SizeFamily::truncated_normal:
      return truncated_normal;
    case SizeFamily::uniform:
      return uniform;
    case SizeFamily::mixture:
      return mixture;
    case SizeFamily::student_t:
      return student_t;
    case SizeFamily::grid:
      return grid;
    case SizeFamily::power_law:
      return power_law;
    case SizeFamily::allocation:
      return allocation;
  }
  return {};
}

std::array<ParameterInfo, 3> parameters_of_component(std::uint32_t i) {
  return {{{"weight", Stream::mixture, 3 * i, 0.0, 1e6, {}},
           {"mean", Stream::mixture, 3 * i + 1, -infinity, infinity, {}},
           {"sd", Stream::mixture, 3 * i + 2, least_sd, most_sd, {}}}};
}

bool has_location(SizeFamily family) {
  switch (family) {
    case SizeFamily::normal:
    case SizeFamily::skew_normal:
    case SizeFamily::skew_normal_direct:
    case SizeFamily::mixture:
    case SizeFamily::student_t:
    case SizeFamily::empirical:
      return true;
    default:
      return false;
  }
}

std::string_view name(TotalModel model) {
  constexpr std::string_view names[] = {"growth", "table",       "tapering", "saturating",
                                        "trend",  "state_space", "implied"};
  return names[static_cast<std::size_t>(model)];
}

std::string_view name(CountModel model) {
  constexpr std::string_view names[] = {
      "input",        "poisson",      "negative_binomial", "exponential_trend",
      "linear_trend", "kinked_trend", "state_space",       "implied"};
  return names[static_cast<std::size_t>(model)];
}

std::string_view name(SizeFamily family) {
  constexpr std::string_view names[] = {"normal",  "skew_normal", "skew_normal", "truncated_normal",
                                        "uniform", "mixture",     "student_t",   "empirical",
                                        "grid",    "power_law",   "allocation"};
  return names[static_cast<std::size_t>(family)];
}

std::string_view name(Match match) {
  constexpr std::string_view names[] = {"reject", "shift", "last", "rescale", "none"};
  return names[static_cast<std::size_t>(match)];
}

std::string_view name(Method method) {
  constexpr std::string_view names[] = {"reject", "truncate", "tilt", "split"};
  return names[static_cast<std::size_t>(method)];
}

}  // namespace flopsieve::engine
