#include "jobs/too_wide.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace flopsieve::jobs {
namespace {

/// Whether an input, or what it is in a year or of a component, is a law without an end.
bool lacks_bounds(const Value& input) {
  if (input.kind == ValueKind::array) {
    return std::any_of(input.elements.begin(), input.elements.end(), lacks_bounds);
  }
  for (const char* law : {"normal", "lognormal", "interval90"}) {
    if (find_entry(input, law) == nullptr) continue;
    return find_entry(input, "lower") == nullptr || find_entry(input, "upper") == nullptr;
  }
  return std::any_of(input.entries.begin(), input.entries.end(),
                     [](const Entry& entry) { return lacks_bounds(entry.value); });
}

}  // namespace

void fail_at_parameter(const Document& job, const engine::TooWide& error) {
  const Entry* models = find_entry(job.root, "models");
  if (models == nullptr) throw error;
  for (const std::string& name : error.parameters()) {
    const std::string key = name.substr(0, name.find('['));  // means[2] stands in means
    const Entry* input = find_entry(models->value, key);
    if (input == nullptr || !lacks_bounds(input->value)) continue;
    fail_at_value(input->value,
                  fmt::format("models.{} needs lower and upper: {}", key, error.what()));
  }
  const Entry* method = find_entry(models->value, "method");
  fail_at_value(method == nullptr ? models->value : method->value,
                fmt::format("models.method: {}", error.what()));
}

}  // namespace flopsieve::jobs
