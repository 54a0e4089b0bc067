#include "kernels/frontier.hpp"

#include <algorithm>
#include <limits>

namespace flopsieve::kernels {
namespace {

constexpr double none = -std::numeric_limits<double>::infinity();

/// The period of every model, by descending rank, down to the last one that can count; and in
/// scratch.frontier[p] the largest model of period p, `none` for a period without one.
void date_models(const FrontierYear& year, double frontier, double widest,
                 FrontierScratch& scratch) {
  scratch.frontier.assign(year.periods, none);
  scratch.period.clear();
  Counter counter = year.counter;
  Words words{};
  const std::size_t models = year.ascending.size();
  for (std::size_t j = 0; j < models; ++j) {
    const double x = year.ascending[models - 1 - j];
    // The lowest frontier that any model is compared with, once it is known.
    const double lowest = frontier != none ? frontier : scratch.frontier[0];
    if (x < lowest - widest) return;
    if (j % 4 == 0) {
      counter[0] = static_cast<std::uint32_t>(j / 4);
      words = philox(counter, year.key);
    }
    const auto p = static_cast<std::uint32_t>((std::uint64_t{words[j % 4]} * year.periods) >> 32);
    scratch.period.push_back(p);
    scratch.frontier[p] = std::max(scratch.frontier[p], x);
  }
}

/// Turns the records of the periods into the frontiers at their beginnings; returns, and appends,
/// the frontier at the end of the year.
double accumulate_records(double frontier, std::vector<double>& records) {
  for (double& entry : records) {
    const double record = entry;
    entry = frontier;
    frontier = std::max(frontier, record);
  }
  records.push_back(frontier);
  return frontier;
}

}  // namespace

double count_frontier(const FrontierYear& year, double frontier, std::span<const double> widths,
                      std::span<FrontierCount> counts, FrontierScratch& scratch) {
  std::fill(counts.begin(), counts.end(), FrontierCount{});
  const double widest = widths.empty() ? 0.0 : *std::max_element(widths.begin(), widths.end());
  date_models(year, frontier, widest, scratch);
  const double end = accumulate_records(frontier, scratch.frontier);
  for (std::size_t j = 0; j < scratch.period.size(); ++j) {
    const double x = year.ascending[year.ascending.size() - 1 - j];
    const double before = scratch.frontier[scratch.period[j]];
    const double including = scratch.frontier[scratch.period[j] + 1];
    for (std::size_t i = 0; i < widths.size(); ++i) {
      if (before != none && x >= before - widths[i]) ++counts[i].before;
      if (x >= including - widths[i] && x < including) ++counts[i].including;
    }
  }
  return end;
}

}  // namespace flopsieve::kernels
