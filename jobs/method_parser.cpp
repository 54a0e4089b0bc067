#include "jobs/method_parser.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "engine/parameters.hpp"
#include "engine/split_year.hpp"
#include "engine/tilt.hpp"
#include "jobs/suggest.hpp"

namespace flopsieve::jobs {
namespace {

using engine::Match;
using engine::Method;

constexpr Method methods[] = {Method::reject, Method::truncate, Method::tilt, Method::split};

constexpr std::string_view decided = "auto";

/// The method of this name; auto begins with plain rejection.
Method named_method(TableReader& models, const std::string& found) {
  if (found == decided) return Method::reject;
  std::vector<std::string> names{std::string(decided)};
  for (const Method each : methods) {
    names.emplace_back(engine::name(each));
    if (names.back() == found) return each;
  }
  models.fail_at("method",
                 fmt::format("models.method must be one of \"{}\", found \"{}\"{}",
                             fmt::join(names, "\", \""), found, did_you_mean(found, names)));
}

/// Truncation and tilting need a window of the sum; splitting also moves along a solved location.
bool is_allowed(Method method, Match match) {
  if (method == Method::reject || match == Match::reject) return true;
  return method == Method::split && (match == Match::shift || match == Match::none);
}

}  // namespace

void parse_method(TableReader& models, engine::Plan& plan) {
  const std::string found = models.string("method", decided);
  const Method method = named_method(models, found);
  plan.sampling.automatic = found == decided;
  const Match match = plan.matching.match;
  if (!is_allowed(method, match)) {
    models.fail_at("method", fmt::format("models.method = \"{}\" needs match = \"reject\"{}, found "
                                         "match = \"{}\"",
                                         engine::name(method),
                                         method == Method::split ? ", \"shift\" or \"none\"" : "",
                                         engine::name(match)));
  }
  if (method == Method::split) {
    const std::string refusal = engine::split_refusal(plan);
    if (!refusal.empty()) {
      models.fail_at("method", fmt::format("models.method = \"split\": {}", refusal));
    }
  }
  if (engine::is_tilted(method)) {
    const std::string refusal = engine::tilt_refusal(plan);
    if (!refusal.empty()) {
      models.fail_at("method",
                     fmt::format("models.method = \"{}\": {}", engine::name(method), refusal));
    }
  }
  plan.sampling.method = method;
}

}  // namespace flopsieve::jobs
