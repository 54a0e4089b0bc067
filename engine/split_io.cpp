#include "engine/split_io.hpp"

#include <utility>
#include <vector>

#include "engine/format.hpp"
#include "engine/summary.hpp"

namespace flopsieve::engine {
namespace {

constexpr NamedNumber<std::uint64_t, SplitTally> split_counts[] = {
    {"split_populations", "trajectories with an estimate", &SplitTally::populations},
    {"split_levels", "levels of all populations", &SplitTally::levels},
    {"split_moved_levels", "levels that were filled up by moves", &SplitTally::moved_levels},
    {"split_pairs", "trajectories with two populations", &SplitTally::pairs},
    {"split_disagreeing", "pairs of populations that disagree", &SplitTally::disagreeing},
};
constexpr NamedNumber<double, SplitTally> split_sums[] = {
    {"split_probability", "sum of estimates of P(constraints)", &SplitTally::probability},
    {"split_square", "sum of their squares", &SplitTally::square_probability},
    {"split_variance", "sum of their variances", &SplitTally::variance},
    {"split_acceptance", "sum over levels of the share of moves accepted", &SplitTally::acceptance},
};

}  // namespace

void add_split_fields(const Plan& plan, BatchFields& fields) {
  add_year_numbers(plan, split_counts, &YearTally::split, fields.counts);
  add_year_numbers(plan, split_sums, &YearTally::split, fields.sums);
}

std::vector<ResultTable> split_tables(const Plan& plan, const Tally& tally) {
  std::vector<double> probabilities, errors, levels, accepted;
  std::vector<std::uint64_t> pairs, disagreeing;
  for (const YearTally& each : tally.years) {
    const SplitReport report = report_split(each);
    probabilities.push_back(report.probability);
    errors.push_back(report.error);
    levels.push_back(report.levels);
    accepted.push_back(report.acceptance);
    pairs.push_back(each.split.pairs);
    disagreeing.push_back(each.split.disagreeing);
  }
  std::vector<ResultTable> tables;
  const auto add = [&](const char* name, auto values, const char* meaning) {
    tables.push_back({format::acceptance,
                      name,
                      {{format::year, plan.year_count()}},
                      "1",
                      meaning,
                      std::move(values)});
  };
  add("split_probability", std::move(probabilities),
      "mean estimate of P(constraints) over trajectories");
  add("split_error", std::move(errors), "standard error of that mean for these trajectories");
  add("split_levels", std::move(levels), "mean number of levels of a population");
  add("split_moves_accepted", std::move(accepted), "share of the moves that were accepted");
  add("split_pairs", std::move(pairs), "trajectories with two independent populations");
  add("split_disagreeing", std::move(disagreeing), "pairs more than 5 standard errors apart");
  return tables;
}

}  // namespace flopsieve::engine
