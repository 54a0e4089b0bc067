#pragma once

#include <span>
#include <string>
#include <vector>

#include "engine/parameters.hpp"
#include "jobs/input_parser.hpp"
#include "jobs/table_reader.hpp"

/// Parameters of totals, counts and laws of sizes, as engine/parameters.hpp lists them.
namespace flopsieve::jobs {

/// Reads a parameter. Constants must be in the range of the parameter, distributions are kept
/// inside it. `rules.default_scope` is replaced by the parameter's.
engine::Input parse_parameter(const TableReader& reader, const Value& value,
                              const std::string& name, const engine::ParameterInfo& info,
                              InputRules rules);

/// The parameter of its key in the table, or its fallback.
engine::Input parse_parameter(TableReader& table, const engine::ParameterInfo& info,
                              const InputRules& rules);

/// All parameters, in the order of the list.
std::vector<engine::Input> parse_parameters(TableReader& table,
                                            std::span<const engine::ParameterInfo> infos,
                                            const InputRules& rules);

}  // namespace flopsieve::jobs
