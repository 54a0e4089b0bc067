#include "jobs/parameter_parser.hpp"

#include <fmt/format.h>

#include <cmath>

namespace flopsieve::jobs {
namespace {

using engine::Input;
using engine::ParameterInfo;

std::string range_in_words(const ParameterInfo& info) {
  if (std::isfinite(info.lower) && std::isfinite(info.upper)) {
    return fmt::format("from {:.6g} to {:.6g}", info.lower, info.upper);
  }
  return std::isfinite(info.lower) ? fmt::format("at least {:.6g}", info.lower)
                                   : fmt::format("at most {:.6g}", info.upper);
}

void demand_inside(const TableReader& reader, const Value& value, const std::string& name,
                   const ParameterInfo& info, const engine::Distribution& distribution) {
  const Support range = support(distribution);
  if (range.lower <= info.upper && range.upper >= info.lower) return;
  const bool constant = distribution.law == kernels::Law::constant;
  reader.fail(value, fmt::format("{} must be {}{}", name, range_in_words(info),
                                 constant ? fmt::format(", found {}", range.lower) : ""));
}

}  // namespace

Input parse_parameter(const TableReader& reader, const Value& value, const std::string& name,
                      const ParameterInfo& info, InputRules rules) {
  rules.default_scope = info.scope;
  Input input = parse_input(reader, value, name, rules);
  for (engine::Distribution& year : input.years) {
    demand_inside(reader, value, name, info, year);
    keep_inside(year, info.lower, info.upper);
    demand_mass(reader, value, name, year);
  }
  return input;
}

Input parse_parameter(TableReader& table, const ParameterInfo& info, const InputRules& rules) {
  const std::string name = table.name_of(info.name);
  if (info.fallback) {
    const Value* value = table.optional_value(info.name);
    if (value == nullptr) return constant_input(*info.fallback, rules.years.size(), info.scope);
    return parse_parameter(table, *value, name, info, rules);
  }
  return parse_parameter(table, table.value(info.name), name, info, rules);
}

std::vector<Input> parse_parameters(TableReader& table, std::span<const ParameterInfo> infos,
                                    const InputRules& rules) {
  std::vector<Input> inputs;
  for (const ParameterInfo& info : infos) inputs.push_back(parse_parameter(table, info, rules));
  return inputs;
}

}  // namespace flopsieve::jobs
