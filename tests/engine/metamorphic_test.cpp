// What must not change, whatever the right answer is: for every law of sizes and every way to meet
// the total, tests/engine/support/settings.hpp.

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <numeric>

#include "tests/engine/support/settings.hpp"

namespace flopsieve::engine {
namespace {

using testing::all_settings;
using testing::log10_flop;
using testing::run_all;
using testing::Setting;
using testing::WholeRun;

testing::Trials all_trials(const InputSampler& inputs, const Plan& plan) {
  testing::Trials trials;
  for (std::uint64_t t = 0; t < plan.trajectories; ++t) {
    for (std::uint64_t a = 0; a < plan.attempts; ++a) {
      for (std::uint32_t year = 0; year < plan.year_count(); ++year) {
        trials.add(inputs, {t, a, year});
      }
    }
  }
  return trials;
}

std::vector<Verdict> verdicts_of(const Plan& plan) {
  Sieve sieve(plan, Purpose::run);
  const testing::Trials trials = all_trials(sieve.inputs(), plan);
  std::vector<Verdict> verdicts(trials.size());
  sieve.judge(trials, verdicts);
  return verdicts;
}

/// The survivor's attempts of each complete trajectory, by its index.
std::vector<std::vector<std::uint64_t>> attempts_of(const Plan& plan) {
  std::vector<std::vector<std::uint64_t>> attempts(plan.trajectories);
  const WholeRun run = run_all(plan);
  for (std::size_t row = 0; row < run.rows(); ++row) {
    const auto first = run.columns.attempt.begin() + static_cast<std::ptrdiff_t>(2 * row);
    attempts[run.columns.trajectory[row]].assign(first, first + 2);
  }
  return attempts;
}

/// What becomes of the candidates and the trajectories of a Plan.
struct Fates {
  std::vector<Verdict> verdicts;
  std::vector<std::vector<std::uint64_t>> attempts;

  explicit Fates(const Plan& plan) : verdicts(verdicts_of(plan)), attempts(attempts_of(plan)) {}
};

void check_tighter(const Fates& wide, const Fates& tight) {
  std::size_t lost = 0;
  for (std::size_t i = 0; i < wide.verdicts.size(); ++i) {
    REQUIRE((wide.verdicts[i].survives || !tight.verdicts[i].survives));
    if (wide.verdicts[i].survives && !tight.verdicts[i].survives) ++lost;
  }
  CHECK(lost > 0);
  for (std::size_t t = 0; t < wide.attempts.size(); ++t) {
    if (tight.attempts[t].empty()) continue;
    REQUIRE(wide.attempts[t].size() == 2);
    CHECK(wide.attempts[t][0] <= tight.attempts[t][0]);
    CHECK(wide.attempts[t][1] <= tight.attempts[t][1]);
  }
}

void check_same_rows(const WholeRun& a, const WholeRun& b) {
  CHECK(a.columns.trajectory == b.columns.trajectory);
  CHECK(a.columns.attempt == b.columns.attempt);
  CHECK(a.columns.counts == b.columns.counts);
  CHECK(a.tally.counts == b.tally.counts);
  CHECK(a.tally.cumulative == b.tally.cumulative);
  CHECK(a.tally.frontier_before == b.tally.frontier_before);
  CHECK(a.tally.frontier_including == b.tally.frontier_including);
}

void check_same_values(const WholeRun& a, const WholeRun& b) {
  CHECK(a.columns.statistics == b.columns.statistics);
  CHECK(log10_flop(a.columns) == log10_flop(b.columns));
}

template <class T>
bool is_prefix(const std::vector<T>& shorter, const std::vector<T>& longer) {
  return shorter.size() < longer.size() &&
         std::equal(shorter.begin(), shorter.end(), longer.begin());
}

Constraint soft(const std::string& statistic, double centre, double spread) {
  Constraint constraint = testing::bounded(statistic, -testing::infinity, testing::infinity, 2);
  constraint.centre.assign(2, centre);
  constraint.spread.assign(2, spread);
  constraint.address = soft_address(constraint);
  return constraint;
}

}  // namespace

TEST_CASE("the settings of these tests accept some candidates and reject some") {
  for (const Setting& setting : all_settings()) {
    CAPTURE(setting.name);
    const Tally tally = run_all(setting.plan).tally;
    CHECK(tally.complete > 5);
    CHECK(tally.years[0].survivors < tally.years[0].candidates);
  }
}

TEST_CASE("a tighter window accepts nothing new, and no survivor comes at an earlier attempt") {
  for (const Setting& setting : all_settings()) {
    const Fates wide(setting.plan);
    for (std::size_t c = 0; c < setting.plan.constraints.size(); ++c) {
      CAPTURE(setting.name, c);
      Plan tight = setting.plan;
      const std::array<std::array<double, 2>, 3> windows = {{{25.2, 26.1}, {0.2, 0.6}, {2, 4}}};
      tight.constraints[c].lower.assign(2, windows[c][0]);
      tight.constraints[c].upper.assign(2, windows[c][1]);
      check_tighter(wide, Fates(tight));
    }
    if (setting.plan.matching.match != Match::reject) continue;
    CAPTURE(setting.name);
    Plan tight = setting.plan;
    tight.matching.tolerance = 0.6;
    check_tighter(wide, Fates(tight));
  }
}

TEST_CASE("a constant added to all sizes and thresholds changes no count") {
  const std::vector<Setting> here = all_settings();
  const std::vector<Setting> there = all_settings(2.0);
  for (std::size_t i = 0; i < here.size(); ++i) {
    CAPTURE(here[i].name);
    const WholeRun before = run_all(here[i].plan);
    const WholeRun after = run_all(there[i].plan);
    check_same_rows(before, after);
    for (std::size_t year = 0; year < 2; ++year) {
      CHECK(before.tally.years[year].candidates == after.tally.years[year].candidates);
      CHECK(before.tally.years[year].joint == after.tally.years[year].joint);
    }
    const std::vector<double> low = log10_flop(before.columns);
    const std::vector<double> high = log10_flop(after.columns);
    REQUIRE(low.size() == high.size());
    for (std::size_t s = 0; s < low.size(); ++s) {
      REQUIRE(std::abs(high[s] - low[s] - 2.0) < 1e-9);
    }
  }
}

TEST_CASE("every audited candidate survives or is killed by one rejector, for all laws") {
  for (const Setting& setting : all_settings()) {
    CAPTURE(setting.name);
    Plan plan = setting.plan;
    plan.trajectories = 1000;
    for (const YearTally& year : run_all(plan).tally.years) {
      CHECK(year.audited > 10);
      CHECK(std::accumulate(year.killed.begin(), year.killed.end(), std::uint64_t{0}) +
                year.audited_survivors ==
            year.audited);
    }
  }
}

TEST_CASE("twice the trajectories begin with the same rows") {
  for (const Setting& setting : all_settings()) {
    CAPTURE(setting.name);
    Plan plan = setting.plan;
    const WholeRun half = run_all(plan);
    plan.trajectories *= 2;
    const WholeRun whole = run_all(plan);
    CHECK(is_prefix(half.columns.trajectory, whole.columns.trajectory));
    CHECK(is_prefix(half.columns.attempt, whole.columns.attempt));
    CHECK(is_prefix(half.columns.counts, whole.columns.counts));
    CHECK(is_prefix(half.columns.statistics, whole.columns.statistics));
    CHECK(is_prefix(half.columns.row_size, whole.columns.row_size));
    CHECK(is_prefix(log10_flop(half.columns), log10_flop(whole.columns)));
  }
}

// All 23 other orders of four constraints, a quarter of them with each law in turn.
TEST_CASE("the order of the constraints changes no survivor, for all laws") {
  std::size_t turn = 0;
  for (const Setting& setting : all_settings()) {
    ++turn;
    CAPTURE(setting.name);
    Plan plan = setting.plan;
    testing::add_constraint(plan, soft("sd", 1.0, 0.3));
    const WholeRun expected = run_all(plan);
    std::size_t index = turn;
    for (std::vector<std::uint32_t> order = {0, 1, 2, 3};
         std::next_permutation(order.begin(), order.end());) {
      if (index++ % 4 != 0) continue;
      Plan evaluated = plan;
      evaluated.cascade = order;
      const WholeRun found = run_all(evaluated);
      check_same_rows(found, expected);
      CHECK(found.tally.years[0].killed == expected.tally.years[0].killed);
      CHECK(found.tally.years[0].joint == expected.tally.years[0].joint);
    }
    Plan declared = plan;
    std::reverse(declared.constraints.begin(), declared.constraints.end());
    const WholeRun reversed = run_all(declared);
    check_same_rows(reversed, expected);
    check_same_values(reversed, expected);
    for (std::size_t year = 0; year < 2; ++year) {
      const auto& here = reversed.tally.years[year].without;
      const auto& there = expected.tally.years[year].without;
      CHECK(here[0] == there[0]);
      CHECK(std::equal(here.begin() + 1, here.end(), there.rbegin()));
    }
  }
}

TEST_CASE("a soft constraint more changes no draw: a candidate passes if it passed and is kept") {
  for (const Setting& setting : all_settings()) {
    CAPTURE(setting.name);
    const Constraint rule = soft("sd", 1.1, 0.25);
    Plan more = setting.plan;
    more.constraints.insert(more.constraints.begin() + 1, rule);
    more.cascade = {3, 0, 1, 2};
    Sieve old_sieve(setting.plan, Purpose::run);
    Sieve new_sieve(more, Purpose::run);
    const testing::Trials trials = all_trials(old_sieve.inputs(), setting.plan);
    std::vector<std::vector<double>> sizes(trials.size());
    old_sieve.visit(trials, [&](std::size_t i, const Candidate&, OrderedSizes& ordered) {
      sizes[i].assign(ordered.sizes().log10_flop.begin(), ordered.sizes().log10_flop.end());
    });
    std::vector<std::uint8_t> kept(trials.size());
    new_sieve.visit(trials, [&](std::size_t i, const Candidate& c, OrderedSizes& ordered) {
      const auto now = ordered.sizes().log10_flop;
      REQUIRE(std::equal(now.begin(), now.end(), sizes[i].begin(), sizes[i].end()));
      const double z = (evaluate(rule.statistic, c, ordered) - 1.1) / 0.25;
      const double u =
          Draws(more.seed, Purpose::run).uniform(Stream::soft, c.address, rule.address);
      kept[i] = u < std::exp(-0.5 * z * z) ? 1 : 0;
    });
    const std::vector<Verdict> before = verdicts_of(setting.plan);
    const std::vector<Verdict> after = verdicts_of(more);
    std::size_t lost = 0;
    for (std::size_t i = 0; i < before.size(); ++i) {
      REQUIRE(after[i].survives == (before[i].survives && kept[i] != 0));
      if (before[i].survives && !after[i].survives) ++lost;
    }
    CHECK(lost > 0);
  }
}

}  // namespace flopsieve::engine
