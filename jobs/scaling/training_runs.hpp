#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "jobs/csv.hpp"

namespace flopsieve::jobs {

/// A row of data: a model of so many parameters that has seen so many tokens, and its loss then.
struct TrainingRun {
  double parameters = 0.0;
  double tokens = 0.0;
  double loss = 0.0;  ///< nats per token
  int line = 0;       ///< of the file
  std::string curve;  ///< rows with equal texts are one training run at several times

  double flop() const { return 6.0 * parameters * tokens; }
};

/// Names of columns; an empty one is found among the usual names, without regard to case, blanks
/// and punctuation.
struct TrainingColumns {
  std::string parameters, tokens, flop, loss;
  std::string curve;  ///< empty and not found: the parameters tell curves apart
};

struct TrainingData {
  std::string file;
  std::string sha256;             ///< of the file
  TrainingColumns columns;        ///< as found; one of tokens and flop is empty
  std::vector<TrainingRun> runs;  ///< in the order of the file
  std::size_t dropped = 0;        ///< rows that drop_highest() has taken away
  double highest_kept = 0.0;      ///< loss; every dropped one is higher
};

/// Reads the rows; tokens are FLOP / (6 parameters) where the table has no tokens. Throws
/// Error(bad_input) `FILE:LINE: ...` for a missing column, or a value that is no positive number.
TrainingData training_data(const CsvTable& table, const TrainingColumns& columns);

/// Leaves out the `count` highest losses: all that are not below the count-th highest one, so that
/// equal ones go together. Throws Error(bad_input) if nothing would be left.
void drop_highest(TrainingData& data, std::int64_t count);

}  // namespace flopsieve::jobs
