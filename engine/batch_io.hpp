#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "engine/h5.hpp"
#include "engine/plan.hpp"
#include "engine/tally.hpp"

namespace flopsieve::engine {

/// The part of a batch's tally that is stored batch by batch: everything but histograms.
struct BatchRecord {
  std::uint64_t batch = 0;
  Tally tally;  ///< without lists of histograms
};

/// Gives up the histograms.
BatchRecord record_of(std::uint64_t batch, Tally tally);

/// A dataset of /batches: a row for each batch, of a number, or of some for each year.
template <H5Number T>
struct BatchField {
  std::string name;
  std::string meaning;
  std::vector<Dimension> inner;  ///< after that of the batch; the year first, if there are any
  /// Where a year's numbers stand in a record.
  std::function<std::span<T>(BatchRecord&, std::size_t year)> numbers;
  std::string units = "1";
};

/// All of them, in the order of the file.
struct BatchFields {
  std::vector<BatchField<std::uint64_t>> counts;
  std::vector<BatchField<double>> sums;
};

/// Writes /batches/* (FORMAT.md) with its scales, a few batches after the other, and holds none.
class BatchWriter {
 public:
  BatchWriter(H5File& file, const Plan& plan, std::uint64_t batches);

  void append(std::span<BatchRecord> records);

  /// Once, after as many records as were announced.
  void finish();

 private:
  std::size_t years_;
  BatchFields fields_;
  std::vector<RowWriter<std::uint64_t>> counts_;
  std::vector<RowWriter<double>> sums_;
};

/// Reads /batches/* a thousand batches at a time and hands over one after the other.
void read_batches(const H5File& file, const Plan& plan,
                  const std::function<void(BatchRecord)>& take);

}  // namespace flopsieve::engine
