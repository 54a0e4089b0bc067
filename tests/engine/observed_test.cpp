// Counts that are known, cumulative counts, and frontier-connected counts of whole runs.

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "engine/sieve.hpp"
#include "tests/engine/support/runs.hpp"
#include "tests/support/reference.hpp"

namespace flopsieve::engine {
namespace {

using testing::WholeRun;

constexpr std::size_t year_count = 4;
constexpr std::size_t thresholds = 2;

/// Four years, of which the last two are the forecast.
Plan four_years() {
  Plan plan = testing::plain_plan({2022, 2023, 2024, 2025});
  plan.seed = 12;
  plan.trajectories = 300;
  plan.batch_trajectories = 40;
  plan.attempts = 3;
  for (std::size_t year = 0; year < year_count; ++year) {
    const double mean = 25.0 + 0.5 * static_cast<double>(year);
    testing::total_of(plan).years[year] = testing::normal(mean, 0.4);
  }
  testing::count_of(plan) = testing::by_candidate(testing::uniform(2.0, 20.0), year_count);
  testing::add_constraint(plan, testing::bounded("largest_share", 0.1, 0.7, year_count));
  plan.outputs.thresholds = {1e24, 1e25};
  plan.outputs.cumulative_base = {7, 2};
  plan.outputs.forecast_from = 2024;
  plan.outputs.statistics = {parse_statistic("count_above(1e24)")};
  plan.outputs.frontier = {{0.0, 0.5, 1.5}, 4, -testing::infinity};
  plan.outputs.keep = Keep::samples;
  plan.outputs.keep_samples = address_limit;
  return plan;
}

std::vector<std::vector<double>> sizes_of(const WholeRun& run) {
  std::vector<std::vector<double>> sizes;
  const std::vector<double> all = testing::log10_flop(run.columns);
  auto from = all.begin();
  for (const std::uint64_t n : run.columns.row_size) {
    sizes.emplace_back(from, from + static_cast<std::ptrdiff_t>(n));
    from += static_cast<std::ptrdiff_t>(n);
  }
  return sizes;
}

std::uint64_t above(const std::vector<double>& sizes, double log10_threshold) {
  std::uint64_t count = 0;
  for (const double x : sizes) count += x >= log10_threshold ? 1 : 0;
  return count;
}

void check_histogram(Histogram found, Histogram expected) {
  const std::size_t size = std::max(found.size(), expected.size());
  found.resize(size, 0);
  expected.resize(size, 0);
  CHECK(found == expected);
}

/// Histograms [year, threshold] of counts and cumulative counts, from the sizes.
void check_counts(const Plan& plan, const WholeRun& run) {
  const auto sizes = sizes_of(run);
  for (std::size_t t = 0; t < thresholds; ++t) {
    for (std::size_t last = 0; last < year_count; ++last) {
      const std::size_t cell = last * thresholds + t;
      Histogram single, cumulative;
      for (std::size_t row = 0; row < run.rows(); ++row) {
        const auto count = [&](std::size_t year) {
          const auto known = plan.outputs.observed.empty()
                                 ? std::int64_t{-1}
                                 : plan.outputs.observed[year * thresholds + t];
          if (known >= 0) return static_cast<std::uint64_t>(known);
          return above(sizes[row * year_count + year], 24.0 + static_cast<double>(t));
        };
        REQUIRE(run.columns.counts[row * year_count * thresholds + cell] == count(last));
        add_to(single, count(last));
        // The retrodicted years have their own sum; the forecast starts from the known models.
        std::uint64_t sum = last < 2 ? 0 : plan.outputs.cumulative_base[t];
        for (std::size_t year = last < 2 ? 0 : 2; year <= last; ++year) sum += count(year);
        add_to(cumulative, sum);
      }
      check_histogram(run.tally.counts[cell], single);
      check_histogram(run.tally.cumulative[cell], cumulative);
    }
  }
}

}  // namespace

TEST_CASE("cumulative counts start again, from the known models, with the forecast") {
  const Plan plan = four_years();
  const WholeRun run = testing::run_all(plan);
  REQUIRE(run.rows() > 100);
  REQUIRE(run.rows() < plan.trajectories);
  check_counts(plan, run);
}

TEST_CASE("known counts replace the simulated ones in all reported counts, and nothing else") {
  Plan plan = four_years();
  const WholeRun simulated = testing::run_all(plan);
  plan.outputs.observed = {-1, -1, 5, 0, 23, -1, -1, -1};
  const WholeRun run = testing::run_all(plan);
  check_counts(plan, run);
  for (std::size_t row = 0; row < run.rows(); ++row) {
    CHECK(run.columns.counts[row * 8 + 3] == 0);
    CHECK(run.columns.counts[row * 8 + 4] == 23);
  }
  CHECK(run.columns.trajectory == simulated.columns.trajectory);
  CHECK(run.columns.attempt == simulated.columns.attempt);
  CHECK(testing::log10_flop(run.columns) == testing::log10_flop(simulated.columns));
  CHECK(run.columns.statistics == simulated.columns.statistics);
  CHECK(run.tally.statistics == simulated.tally.statistics);
  CHECK(run.tally.frontier_before == simulated.tally.frontier_before);
  CHECK(run.tally.frontier_including == simulated.tally.frontier_including);
}

TEST_CASE("cumulative counts are those of a forecast alone where it begins with the first year") {
  Plan plan = four_years();
  plan.outputs.forecast_from = 2022;
  const WholeRun run = testing::run_all(plan);
  for (std::size_t t = 0; t < thresholds; ++t) {
    Histogram last;
    for (std::size_t row = 0; row < run.rows(); ++row) {
      std::uint64_t sum = plan.outputs.cumulative_base[t];
      for (std::size_t year = 0; year < year_count; ++year) {
        sum += run.columns.counts[(row * year_count + year) * thresholds + t];
      }
      add_to(last, sum);
    }
    check_histogram(run.tally.cumulative[3 * thresholds + t], last);
  }
}

namespace {

struct Dated {
  double when;  ///< years since the beginning of the job
  double size;
};

/// The sizes of a survivor in the order of their draws.
std::vector<double> as_drawn(Sieve& sieve, const Address& address) {
  testing::Trials trials;
  trials.add(sieve.inputs(), address);
  std::vector<double> sizes;
  sieve.visit(trials, [&](std::size_t, const Candidate&, OrderedSizes& ordered) {
    const auto models = ordered.select_from(-testing::infinity);
    sizes.assign(models.log10_flop.begin(), models.log10_flop.end());
  });
  return sizes;
}

/// The models of a trajectory's survivors with their dates: model j of the draws has word j of its
/// year's stream, drawn by Random123.
std::vector<std::vector<Dated>> dated_models(const Plan& plan, const WholeRun& run,
                                             const std::vector<std::vector<double>>& sizes,
                                             std::size_t row) {
  const Draws draws(plan.seed, Purpose::run);
  Sieve sieve(plan, Purpose::run);
  std::vector<std::vector<Dated>> years;
  for (std::uint32_t year = 0; year < year_count; ++year) {
    const std::size_t place = row * year_count + year;
    const Address address{run.columns.trajectory[row], run.columns.attempt[place], year};
    test::Words counter = draws.counter(Stream::dates, address);
    std::vector<Dated> models;
    std::vector<double> drawn = as_drawn(sieve, address);
    for (std::size_t j = 0; j < drawn.size(); ++j) {
      counter[0] = static_cast<std::uint32_t>(j / 4);
      const double word = test::random123_words(counter, draws.key())[j % 4];
      models.push_back({year + word * 0x1p-32, drawn[j]});
    }
    years.push_back(models);
    std::sort(drawn.begin(), drawn.end());
    REQUIRE(drawn == sizes[place]);
  }
  return years;
}

/// The largest model dated before `when`, or the start.
double frontier_before(const std::vector<std::vector<Dated>>& years, double when, double start) {
  double frontier = start;
  for (const auto& models : years) {
    for (const Dated& model : models) {
      if (model.when < when) frontier = std::max(frontier, model.size);
    }
  }
  return frontier;
}

}  // namespace

TEST_CASE("frontier-connected counts are those of the definition, by both conventions") {
  Plan plan = four_years();
  plan.outputs.frontier.periods = GENERATE(1u, 4u, 12u);
  plan.outputs.frontier.log10_start = GENERATE(-testing::infinity, 24.3);
  CAPTURE(plan.outputs.frontier.periods, plan.outputs.frontier.log10_start);
  plan.outputs.observed.assign(year_count * thresholds, 1);  // no matter here
  const Frontier& rule = plan.outputs.frontier;
  const WholeRun run = testing::run_all(plan);
  const auto sizes = sizes_of(run);
  std::vector<Histogram> before(year_count * 3), including(year_count * 3);
  for (std::size_t row = 0; row < run.rows(); ++row) {
    const auto years = dated_models(plan, run, sizes, row);
    for (std::size_t cell = 0; cell < before.size(); ++cell) {
      const double width = rule.widths[cell % 3];
      std::uint64_t count_before = 0;
      std::uint64_t count_including = 0;
      for (const Dated& model : years[cell / 3]) {
        const double began = std::floor(model.when * rule.periods) / rule.periods;
        const double then = frontier_before(years, began, rule.log10_start);
        const double later = frontier_before(years, began + 1.0 / rule.periods, rule.log10_start);
        if (std::isfinite(then) && model.size >= then - width) ++count_before;
        if (model.size >= later - width && model.size < later) ++count_including;
      }
      add_to(before[cell], count_before);
      add_to(including[cell], count_including);
    }
  }
  for (std::size_t cell = 0; cell < before.size(); ++cell) {
    check_histogram(run.tally.frontier_before[cell], before[cell]);
    check_histogram(run.tally.frontier_including[cell], including[cell]);
  }
}

}  // namespace flopsieve::engine
