#include "engine/split_io.hpp"

#include <fmt/format.h>

#include <span>

#include "engine/format.hpp"
#include "engine/summary.hpp"

namespace flopsieve::engine {
namespace {

/// A number of SplitTally, of Plans with Method::split.
template <class T>
struct SplitField {
  const char* name;
  const char* meaning;
  T SplitTally::*member;
};
constexpr SplitField<std::uint64_t> split_counts[] = {
    {"split_populations", "trajectories with an estimate", &SplitTally::populations},
    {"split_levels", "levels of all populations", &SplitTally::levels},
    {"split_moved_levels", "levels that were filled up by moves", &SplitTally::moved_levels},
    {"split_pairs", "trajectories with two populations", &SplitTally::pairs},
    {"split_disagreeing", "pairs of populations that disagree", &SplitTally::disagreeing},
};
constexpr SplitField<double> split_sums[] = {
    {"split_probability", "sum of estimates of P(constraints)", &SplitTally::probability},
    {"split_square", "sum of their squares", &SplitTally::square_probability},
    {"split_variance", "sum of their variances", &SplitTally::variance},
    {"split_acceptance", "sum over levels of the share of moves accepted", &SplitTally::acceptance},
};

template <class T>
void write_split_fields(H5File& file, const Plan& plan, const std::vector<BatchRecord>& batches,
                        std::span<const SplitField<T>> fields) {
  const Dimension batch = along(format::batches, format::batch, batches.size());
  const Dimension year = along(format::batches, format::year, plan.year_count());
  for (const SplitField<T>& field : fields) {
    std::vector<T> values;
    for (const BatchRecord& record : batches) {
      for (const YearTally& each : record.tally.years) values.push_back(each.split.*field.member);
    }
    file.write(fmt::format("/batches/{}", field.name), values, {{batch, year}, "1", field.meaning});
  }
}

template <class T>
void read_split_fields(const H5File& file, std::vector<BatchRecord>& batches,
                       std::span<const SplitField<T>> fields) {
  for (const SplitField<T>& field : fields) {
    const auto values = file.read<T>(fmt::format("/batches/{}", field.name));
    std::size_t at = 0;
    for (BatchRecord& record : batches) {
      for (YearTally& year : record.tally.years) year.split.*field.member = values.at(at++);
    }
  }
}

}  // namespace

void write_split_batches(H5File& file, const Plan& plan, const std::vector<BatchRecord>& batches) {
  write_split_fields<std::uint64_t>(file, plan, batches, split_counts);
  write_split_fields<double>(file, plan, batches, split_sums);
}

void read_split_batches(const H5File& file, std::vector<BatchRecord>& batches) {
  read_split_fields<std::uint64_t>(file, batches, split_counts);
  read_split_fields<double>(file, batches, split_sums);
}

void write_split_acceptance(H5File& file, const Plan& plan, const Tally& tally) {
  const Dimension year = along(format::acceptance, format::year, plan.year_count());
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
  const auto write = [&](const char* name, const auto& values, const char* meaning) {
    file.write(fmt::format("/acceptance/{}", name), values, {{year}, "1", meaning});
  };
  write("split_probability", probabilities, "mean estimate of P(constraints) over trajectories");
  write("split_error", errors, "standard error of that mean for these trajectories");
  write("split_levels", levels, "mean number of levels of a population");
  write("split_moves_accepted", accepted, "share of the moves that were accepted");
  write("split_pairs", pairs, "trajectories with two independent populations");
  write("split_disagreeing", disagreeing, "pairs more than 5 standard errors apart");
}

}  // namespace flopsieve::engine
