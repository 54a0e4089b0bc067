#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "engine/format.hpp"
#include "engine/h5.hpp"
#include "engine/plan.hpp"
#include "engine/tally.hpp"
#include "engine/tally_io.hpp"

namespace flopsieve::engine {

/// The part of a batch's tally that is stored batch by batch: everything but histograms.
struct BatchRecord {
  std::uint64_t batch = 0;
  Tally tally;  ///< without lists of histograms
};

/// Gives up the histograms.
BatchRecord record_of(std::uint64_t batch, Tally tally);

/// Whether two records say the same, in everything that is stored.
bool equal_records(const Plan& plan, BatchRecord& a, BatchRecord& b);

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

/// A number that is stored, and how it is called.
template <class T, class Owner>
struct NamedNumber {
  const char* name;
  const char* meaning;
  T Owner::*member;
};

/// Adds a dataset for each of some numbers of years; owner(YearTally) is what holds them.
template <H5Number T, class Owner, std::size_t n, class FindOwner>
void add_year_numbers(const Plan& plan, const NamedNumber<T, Owner> (&numbers)[n], FindOwner owner,
                      std::vector<BatchField<T>>& fields) {
  const Dimension year = along(format::batches, format::year, plan.year_count());
  for (const auto& [name, meaning, member] : numbers) {
    fields.push_back(
        {name, meaning, {year}, [owner, member = member](BatchRecord& record, std::size_t y) {
           return std::span<T>(&(std::invoke(owner, record.tally.years[y]).*member), 1);
         }});
  }
}

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

/// The names of the datasets of /batches in which two records differ; equal bits are equal.
std::vector<std::string> differing_fields(const Plan& plan, BatchRecord& a, BatchRecord& b);

/// Reads /batches/* a thousand batches at a time and hands over one after the other.
void read_batches(const H5File& file, const Plan& plan,
                  const std::function<void(BatchRecord)>& take);

}  // namespace flopsieve::engine
