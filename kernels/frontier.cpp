#include "kernels/frontier.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "kernels/stream_words.hpp"

namespace flopsieve::kernels {
namespace {

constexpr double none = -std::numeric_limits<double>::infinity();

/// The period of every model; and in scratch.frontier[p] the largest model of period p, `none` for
/// a period without one.
void date_models(const FrontierYear& year, FrontierScratch& scratch) {
  scratch.frontier.assign(year.periods, none);
  scratch.period.resize(year.places.size());
  Counter counter = year.counter;
  std::array<std::uint32_t, words_at_once> words;
  std::size_t end = 0;  // of the words that are there
  for (std::size_t i = 0; i < year.places.size(); ++i) {
    const std::size_t place = year.places[i];
    if (place >= end) {
      const std::size_t first = place - place % words.size();
      counter[0] = static_cast<std::uint32_t>(first / 4);
      fill_words(year.key, counter, words);
      end = first + words.size();
    }
    const std::uint64_t word = words[place % words.size()];
    const auto p = static_cast<std::uint32_t>((word * year.periods) >> 32);
    scratch.period[i] = p;
    scratch.frontier[p] = std::max(scratch.frontier[p], year.log10_flop[i]);
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

/// The least x that counts, in each period and for each width: of `before`, nothing where there is
/// no frontier; then of `including`.
void find_bounds(std::span<const double> widths, FrontierScratch& scratch) {
  constexpr double nothing = std::numeric_limits<double>::infinity();
  scratch.bounds.clear();
  for (std::size_t p = 0; p + 1 < scratch.frontier.size(); ++p) {
    const double before = scratch.frontier[p];
    const double including = scratch.frontier[p + 1];
    for (const double width : widths) {
      scratch.bounds.push_back(before != none ? before - width : nothing);
    }
    for (const double width : widths) scratch.bounds.push_back(including - width);
  }
}

}  // namespace

double count_frontier(const FrontierYear& year, double frontier, std::span<const double> widths,
                      std::span<FrontierCount> counts, FrontierScratch& scratch) {
  std::fill(counts.begin(), counts.end(), FrontierCount{});
  date_models(year, scratch);
  const double end = accumulate_records(frontier, scratch.frontier);
  find_bounds(widths, scratch);
  for (std::size_t j = 0; j < scratch.period.size(); ++j) {
    const double x = year.log10_flop[j];
    const std::uint32_t p = scratch.period[j];
    const double* before = &scratch.bounds[2 * widths.size() * p];
    const double* including = before + widths.size();
    // Without branches, of which half would be taken.
    const std::uint32_t below_frontier = x < scratch.frontier[p + 1] ? 1 : 0;
    for (std::size_t i = 0; i < widths.size(); ++i) {
      counts[i].before += x >= before[i] ? 1 : 0;
      counts[i].including += (x >= including[i] ? 1 : 0) & below_frontier;
    }
  }
  return end;
}

}  // namespace flopsieve::kernels
