#include "jobs/differing_values.hpp"

#include <algorithm>
#include <optional>

#include "jobs/job.hpp"

namespace flopsieve::jobs {
namespace {

std::optional<std::string> value_text(const JobValues& job, const std::string& key) {
  const auto found = job.find(key);
  if (found == job.end()) return std::nullopt;
  return found->second.text;
}

/// "constraint[2].max" -> "constraint.largest_share.max", if all jobs call it so.
std::string by_name(const std::string& key, const std::vector<JobValues>& jobs) {
  const std::size_t bracket = key.find("].");
  if (!key.starts_with("constraint[") || bracket == std::string::npos) return key;
  const std::string name_key = key.substr(0, bracket + 1) + ".name";
  const auto name = value_text(jobs.front(), name_key);
  const bool same = std::all_of(jobs.begin(), jobs.end(), [&](const JobValues& job) {
    return value_text(job, name_key) == name;
  });
  return same && name ? "constraint." + *name + key.substr(bracket + 1) : key;
}

}  // namespace

std::vector<DifferingKey> differing_values(const std::vector<std::string>& resolved_jobs) {
  std::vector<std::string> keys;
  std::vector<JobValues> jobs;
  for (const std::string& resolved : resolved_jobs) {
    jobs.push_back(job_values(resolved));
    for (const std::string& key : differing_keys(jobs.front(), jobs.back())) {
      if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
    }
  }
  std::vector<DifferingKey> result;
  for (const std::string& key : keys) {
    DifferingKey each{by_name(key, jobs), {}};
    for (const JobValues& job : jobs) each.values.push_back(value_text(job, key));
    result.push_back(std::move(each));
  }
  std::sort(result.begin(), result.end(),
            [](const DifferingKey& a, const DifferingKey& b) { return a.key < b.key; });
  return result;
}

}  // namespace flopsieve::jobs
