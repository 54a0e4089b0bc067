#include "jobs/plan_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace flopsieve::jobs {
namespace {

using engine::Argument;
using engine::Distribution;
using engine::Input;

std::string argument_text(const Argument& a) {
  if (a.reference == engine::Reference::none) return fmt::format("{}", a.value);
  constexpr const char* names[] = {"", "count", "sd", "skewness"};
  return fmt::format("{{ input = \"{}\", times = {}, plus = {} }}",
                     names[static_cast<std::size_t>(a.reference)], a.times, a.value);
}

bool all_equal(const std::vector<std::string>& texts) {
  return std::all_of(texts.begin(), texts.end(),
                     [&](const std::string& text) { return text == texts.front(); });
}

}  // namespace

std::string distribution_text(const Distribution& d) {
  constexpr const char* names[] = {"",       "uniform",   "loguniform",
                                   "normal", "lognormal", "triangular"};
  if (d.law == kernels::Law::constant) return fmt::format("{}", d.arguments[0].value);
  const std::size_t arguments = d.law == kernels::Law::triangular ? 3 : 2;
  std::string text = fmt::format("{{ {} = [", names[static_cast<std::size_t>(d.law)]);
  for (std::size_t i = 0; i < arguments; ++i) {
    text += fmt::format("{}{}", i == 0 ? "" : ", ", argument_text(d.arguments[i]));
  }
  text += "]";
  if (std::isfinite(d.lower)) text += fmt::format(", lower = {}", d.lower);
  if (std::isfinite(d.upper)) text += fmt::format(", upper = {}", d.upper);
  return text + " }";
}

std::string per_year_text(const std::vector<std::string>& texts, const std::vector<int>& years,
                          const std::string& head) {
  std::vector<std::string> entries;
  if (!head.empty()) entries.push_back(head);
  for (std::size_t i = 0; i < years.size(); ++i) {
    entries.push_back(fmt::format("{} = {}", years[i], texts[i]));
  }
  return fmt::format("{{ {} }}", fmt::join(entries, ", "));
}

std::string input_text(const Input& value, const std::vector<int>& years) {
  std::vector<std::string> texts;
  for (const Distribution& year : value.years) texts.push_back(distribution_text(year));
  const std::string scope = fmt::format(
      "scope = \"{}\"", value.scope == engine::Scope::candidate ? "candidate" : "trajectory");
  if (!all_equal(texts)) return per_year_text(texts, years, scope);
  if (value.years.front().law == kernels::Law::constant) return texts.front();
  return fmt::format("{{ {}, {}", scope, texts.front().substr(2));
}

std::string yearly_text(const std::vector<std::string>& texts, const std::vector<int>& years) {
  return all_equal(texts) ? texts.front() : per_year_text(texts, years, "");
}

std::string yearly_text(const std::vector<double>& values, const std::vector<int>& years) {
  std::vector<std::string> texts;
  for (const double value : values) texts.push_back(fmt::format("{}", value));
  return yearly_text(texts, years);
}

std::string flop_text(double log10_flop) {
  const double flop = std::pow(10.0, log10_flop);
  std::string text;
  for (int digits = 1; digits <= 17; ++digits) {
    text = fmt::format("{:.{}e}", flop, digits - 1);
    if (std::log10(std::strtod(text.c_str(), nullptr)) == log10_flop) break;
  }
  return text;
}

std::string list_text(const std::vector<double>& values) {
  return fmt::format("[{}]", fmt::join(values, ", "));
}

}  // namespace flopsieve::jobs
