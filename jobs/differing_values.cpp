#include "jobs/differing_values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "jobs/document.hpp"
#include "jobs/job.hpp"

namespace flopsieve::jobs {
namespace {

/// Follows one step of a key: "max", or "constraint[2]" (counted from 1).
const Value* step(const Value& table, std::string_view name) {
  const std::size_t bracket = name.find('[');
  const Entry* entry = find_entry(table, name.substr(0, bracket));
  if (entry == nullptr || bracket == std::string_view::npos) {
    return entry == nullptr ? nullptr : &entry->value;
  }
  std::size_t number = 0;
  std::from_chars(name.data() + bracket + 1, name.data() + name.size(), number);
  const std::vector<Value>& elements = entry->value.elements;
  return number >= 1 && number <= elements.size() ? &elements[number - 1] : nullptr;
}

/// The value of a dotted key, or nullptr.
const Value* find_value(const Value& root, std::string_view key) {
  const Value* at = &root;
  while (at != nullptr) {
    const std::size_t point = key.find('.');
    at = step(*at, key.substr(0, point));
    if (point == std::string_view::npos) return at;
    key.remove_prefix(point + 1);
  }
  return nullptr;
}

std::optional<std::string> value_text(const Value* value) {
  if (value == nullptr) return std::nullopt;
  switch (value->kind) {
    case ValueKind::string:
      return value->text;
    case ValueKind::integer:
      return std::to_string(value->integer);
    case ValueKind::number:
      return fmt::format("{}", value->number);
    case ValueKind::boolean:
      return value->boolean ? "true" : "false";
    case ValueKind::array:
      return "[...]";
    case ValueKind::table:
      break;
  }
  return "{...}";
}

/// "constraint[2].max" -> "constraint.largest_share.max", if all jobs call it so.
std::string by_name(const std::string& key, const std::vector<Document>& jobs) {
  const std::size_t bracket = key.find("].");
  if (!key.starts_with("constraint[") || bracket == std::string::npos) return key;
  const std::string name_key = key.substr(0, bracket + 1) + ".name";
  const auto name = value_text(find_value(jobs.front().root, name_key));
  const bool same = std::all_of(jobs.begin(), jobs.end(), [&](const Document& job) {
    return value_text(find_value(job.root, name_key)) == name;
  });
  return same && name ? "constraint." + *name + key.substr(bracket + 1) : key;
}

}  // namespace

std::vector<DifferingKey> differing_values(const std::vector<std::string>& resolved_jobs) {
  std::vector<std::string> keys;
  std::vector<Document> jobs;
  for (const std::string& job : resolved_jobs) {
    jobs.push_back(parse_toml(job, "stored job"));
    for (const std::string& key : differing_keys(resolved_jobs.front(), job)) {
      if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
    }
  }
  std::vector<DifferingKey> result;
  for (const std::string& key : keys) {
    DifferingKey each{by_name(key, jobs), {}};
    for (const Document& job : jobs) each.values.push_back(value_text(find_value(job.root, key)));
    result.push_back(std::move(each));
  }
  std::sort(result.begin(), result.end(),
            [](const DifferingKey& a, const DifferingKey& b) { return a.key < b.key; });
  return result;
}

}  // namespace flopsieve::jobs
