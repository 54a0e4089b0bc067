#include "jobs/plan_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "jobs/input_parser.hpp"

namespace flopsieve::jobs {
namespace {

using engine::Argument;
using engine::Distribution;
using engine::Input;
using engine::Reference;

std::string argument_text(const Argument& a) {
  if (a.reference == Reference::none) return fmt::format("{}", a.value);
  return fmt::format("{{ input = \"{}\", times = {}, plus = {} }}", name_of(a.reference), a.times,
                     a.value);
}

/// A number, or what stands in its place.
std::string constant_text(const Argument& a) {
  switch (a.reference) {
    case Reference::none:
      return fmt::format("{}", a.value);
    case Reference::inverse_total:
      return fmt::format("{{ largest_flop = {} }}", a.times);
    default:
      return "{ from = \"state_space\" }";
  }
}

bool all_equal(const std::vector<std::string>& texts) {
  return std::all_of(texts.begin(), texts.end(),
                     [&](const std::string& text) { return text == texts.front(); });
}

}  // namespace

std::string distribution_text(const Distribution& d) {
  if (d.law == kernels::Law::constant) return constant_text(d.arguments[0]);
  const std::size_t arguments = d.law == kernels::Law::triangular ? 3 : 2;
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < arguments; ++i) texts.push_back(argument_text(d.arguments[i]));
  std::string text = fmt::format("{{ {} = {}", name_of(d.law), list_text(texts));
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
  if (is_constant(value)) return yearly_text(texts, years);
  std::string head = fmt::format(
      "scope = \"{}\"", value.scope == engine::Scope::candidate ? "candidate" : "trajectory");
  if (value.year_correlation > 0.0) {
    head += fmt::format(", year_correlation = {}", value.year_correlation);
  }
  if (!all_equal(texts)) return per_year_text(texts, years, head);
  return fmt::format("{{ {}, {}", head, texts.front().substr(2));
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

std::string list_text(const std::vector<std::string>& texts) {
  constexpr std::size_t per_line = 8;
  std::string list = "[";
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (i > 0) list += i % per_line == 0 ? ",\n  " : ", ";
    list += texts[i];
  }
  return list + "]";
}

std::string list_text(const std::vector<double>& values) {
  std::vector<std::string> texts;
  for (const double value : values) texts.push_back(fmt::format("{}", value));
  return list_text(texts);
}

}  // namespace flopsieve::jobs
