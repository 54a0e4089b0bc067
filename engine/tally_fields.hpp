#pragma once

namespace flopsieve::engine {

// All members of the structs of tally.hpp, of values (to pack) or of places for them (to unpack),
// for archives that are called with them. A member that is added to one of these structs makes its
// line here invalid.

template <class Archive, class T>
void pass_year(Archive& archive, T& year) {
  auto& [candidates, survivors, first_trials, first_passes, exhausted, audited, audited_survivors,
         killed, without, joint, split, tilt] = year;
  archive(candidates, survivors, first_trials, first_passes, exhausted, audited, audited_survivors,
          killed, without, joint, split, tilt);
}

template <class Archive, class T>
void pass_split(Archive& archive, T& split) {
  auto& [populations, levels, moved_levels, pairs, disagreeing, probability, square_probability,
         variance, acceptance] = split;
  archive(populations, levels, moved_levels, pairs, disagreeing, probability, square_probability,
          variance, acceptance);
}

template <class Archive, class T>
void pass_tilt(Archive& archive, T& tilt) {
  auto& [total, square_total, passes, square_passes] = tilt;
  archive(total, square_total, passes, square_passes);
}

/// As many years as the tally has.
template <class Archive, class T>
void pass_tally(Archive& archive, T& tally) {
  auto& [trajectories, complete, years, counts, cumulative, frontier_before, frontier_including,
         statistics, sums, square_sums] = tally;
  archive(trajectories, complete, counts, cumulative, frontier_before, frontier_including,
          statistics, sums, square_sums);
  for (auto& year : years) pass_year(archive, year);
}

/// Only its histograms.
template <class Archive, class T>
void pass_histograms(Archive& archive, T& tally) {
  auto& [trajectories, complete, years, counts, cumulative, frontier_before, frontier_including,
         statistics, sums, square_sums] = tally;
  archive(counts, cumulative, frontier_before, frontier_including, statistics);
}

}  // namespace flopsieve::engine
