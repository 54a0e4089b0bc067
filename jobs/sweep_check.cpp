#include "jobs/sweep_check.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <set>
#include <utility>

#include "engine/error.hpp"
#include "engine/executor.hpp"
#include "engine/files.hpp"
#include "jobs/console.hpp"
#include "jobs/disk.hpp"
#include "jobs/feasibility.hpp"
#include "jobs/text_table.hpp"

namespace flopsieve::jobs {
namespace {

using engine::Error;
using engine::ExitCode;

constexpr std::size_t shown_in_full = 20;
/// Variants whose pilots tell how long the sweep takes.
constexpr std::uint64_t most_tried = 8;

/// What came of one variant before any draw.
struct Judged {
  ExitCode code = ExitCode::done;
  std::string message;
};

Judged judge(const JobVariants& variants, std::uint64_t variant) {
  try {
    prove_feasible_or_throw(variants.stated_plan(variant));
  } catch (const Error& error) {
    return {error.code(), error.what()};
  }
  return {};
}

std::vector<std::uint64_t> numbers_of(const std::vector<BadVariant>& variants) {
  std::vector<std::uint64_t> numbers;
  for (const BadVariant& each : variants) numbers.push_back(each.variant);
  return numbers;
}

std::string design_text(const JobVariants& variants) {
  const Sweep& sweep = variants.sweep();
  const engine::Plan& base = variants.base();
  std::string text = fmt::format(
      "sweep: {}, {} variants of {} trajectories ({} batch{} of {}), {}\n\n", sweep.design,
      grouped(sweep.variants), grouped(base.trajectories), grouped(base.batch_count()),
      base.batch_count() == 1 ? "" : "es", base.batch_trajectories,
      sweep.common_random_numbers ? "common random numbers"
                                  : "each with random numbers of its own");
  TextTable table({"key", "different values", "range"});
  for (const SweepKey& key : sweep.keys) {
    const std::size_t different =
        key.swept.is_number
            ? std::set<double>(key.swept.numbers.begin(), key.swept.numbers.end()).size()
            : key.palette.size();
    table.add({key.swept.name, grouped(different), key.range});
  }
  return text + table.text();
}

/// What pilots of a few variants say of all.
struct Trials {
  std::uint64_t tried = 0;
  std::vector<BadVariant> failed;
  double draws = 0.0;             ///< expected of one variant, summed over those tried
  double seconds_per_draw = 0.0;  ///< of the slowest pilot
};

void try_variant(const JobVariants& variants, std::uint64_t variant, Trials& trials) {
  ++trials.tried;
  try {
    const engine::Plan plan = variants.plan(variant);
    const auto start = std::chrono::steady_clock::now();
    const engine::Pilot pilot = engine::run_pilot(plan);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    if (pilot.years.back().tally.survivors == 0) return;
    double drawn = 0.0;
    for (const engine::PilotYear& year : pilot.years) {
      drawn += year.draws_per_candidate * static_cast<double>(year.tally.candidates);
    }
    trials.draws += pilot.draws_per_trajectory(plan) * static_cast<double>(plan.trajectories);
    trials.seconds_per_draw = std::max(trials.seconds_per_draw, seconds.count() / drawn);
  } catch (const Error& error) {
    trials.failed.push_back({variant, error.what()});
  }
}

Trials try_some(const JobVariants& variants, const std::vector<BadVariant>& infeasible) {
  std::set<std::uint64_t> known;
  for (const BadVariant& each : infeasible) known.insert(each.variant);
  Trials trials;
  const std::uint64_t n = std::min(variants.count(), most_tried);
  for (std::uint64_t i = 0; i < n; ++i) {
    const std::uint64_t variant = n == 1 ? 0 : i * (variants.count() - 1) / (n - 1);
    if (known.count(variant) == 0) try_variant(variants, variant, trials);
  }
  return trials;
}

/// The first of them in full, the rest by their numbers.
std::string list_text(const std::vector<BadVariant>& variants) {
  std::string text;
  for (std::size_t i = 0; i < variants.size() && i < shown_in_full; ++i) {
    text += fmt::format("variant {}: {}\n", variants[i].variant, variants[i].message);
  }
  return text;
}

std::string warnings_text(const JobVariants& variants, const VariantCheck& found,
                          const Trials& trials) {
  std::string text;
  if (!found.infeasible.empty()) {
    text += fmt::format(
        "warning: {} of {} variants are infeasible, which their rows will say; the others go on: "
        "{}\n{}",
        grouped(found.infeasible.size()), grouped(variants.count()),
        number_ranges(numbers_of(found.infeasible)), list_text(found.infeasible));
  }
  if (!trials.failed.empty()) {
    text += fmt::format("warning: of {} variants that were tried {} found no result:\n{}",
                        trials.tried, trials.failed.size(), list_text(trials.failed));
  }
  return text;
}

std::string expectation(const JobVariants& variants, const VariantCheck& found,
                        const Trials& trials, const std::filesystem::path& output, int threads) {
  const double feasible = static_cast<double>(variants.count() - found.infeasible.size());
  const auto good = static_cast<double>(trials.tried - trials.failed.size());
  std::string text;
  if (good > 0.0 && trials.draws > 0.0) {
    const double share = good / static_cast<double>(trials.tried);
    const double draws = trials.draws / good * feasible * share;
    text = fmt::format(
        "expected, from {} variants: at least {:.3g} models drawn; about {} on {} "
        "thread{}\n",
        good, draws, duration(draws * trials.seconds_per_draw / threads), threads,
        threads == 1 ? "" : "s");
  }
  const DiskNeed need = expected_sweep_need(variants.base(), variants.count());
  const std::filesystem::path folder = folder_of(output);
  return text + fmt::format("disk: about {} for {}, {} while it runs; {} are free in {}\n",
                            size_words(need.result), output.string(), size_words(need.most()),
                            size_words(engine::free_disk_space(folder)), folder.string());
}

}  // namespace

VariantCheck check_variants(const JobVariants& variants, int threads) {
  VariantCheck found;
  engine::run_in_order<Judged>(
      engine::Backend::tbb, threads, variants.count(),
      [&](std::uint64_t variant) { return judge(variants, variant); },
      [&](std::uint64_t variant, Judged judged) {
        if (judged.code != ExitCode::done) {
          auto& list = judged.code == ExitCode::infeasible ? found.infeasible : found.invalid;
          const bool in_full = list.size() < shown_in_full;
          list.push_back({variant, in_full ? std::move(judged.message) : std::string()});
        }
        return engine::Commit::go_on;
      });
  return found;
}

std::string number_ranges(const std::vector<std::uint64_t>& numbers) {
  std::vector<std::string> ranges;
  for (std::size_t first = 0; first < numbers.size();) {
    std::size_t last = first;
    while (last + 1 < numbers.size() && numbers[last + 1] == numbers[last] + 1) ++last;
    ranges.push_back(first == last ? std::to_string(numbers[first])
                                   : fmt::format("{}-{}", numbers[first], numbers[last]));
    first = last + 1;
  }
  return fmt::format("{}", fmt::join(ranges, ", "));
}

void demand_valid(const JobVariants& variants, const std::vector<BadVariant>& invalid) {
  if (invalid.empty()) return;
  std::fputs(list_text(invalid).c_str(), stderr);
  throw Error(ExitCode::bad_input,
              fmt::format("{} of {} variants are invalid: {}", grouped(invalid.size()),
                          grouped(variants.count()), number_ranges(numbers_of(invalid))));
}

std::string sweep_check_report(JobVariants& variants, const std::filesystem::path& output,
                               int threads) {
  const VariantCheck found = check_variants(variants, threads);
  demand_valid(variants, found.invalid);
  variants.resolve();
  const Trials trials = try_some(variants, found.infeasible);
  return design_text(variants) + "\n" + warnings_text(variants, found, trials) +
         expectation(variants, found, trials, output, threads);
}

}  // namespace flopsieve::jobs
