#include "engine/batch_io.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "engine/format.hpp"
#include "engine/split_io.hpp"
#include "engine/tilt_io.hpp"

namespace flopsieve::engine {
namespace {

constexpr std::uint64_t most_read_at_once = 1024;

constexpr NamedNumber<std::uint64_t, YearTally> year_numbers[] = {
    {"candidates", "candidates up to each survivor", &YearTally::candidates},
    {"survivors", "candidates that met every constraint", &YearTally::survivors},
    {"first_trials", "trajectories that reached the year", &YearTally::first_trials},
    {"first_passes", "survivors at the first attempt", &YearTally::first_passes},
    {"exhausted", "trajectories that ran out of attempts", &YearTally::exhausted},
    {"audited", "candidates judged in full", &YearTally::audited},
    {"audited_survivors", "audited candidates that survived", &YearTally::audited_survivors},
};

/// Lists with one number per rejector, or per pair of rejectors.
constexpr NamedNumber<std::vector<std::uint64_t>, YearTally> year_lists[] = {
    {"killed", "audited: the first to reject, in declared order", &YearTally::killed},
    {"without", "audited: would survive without this one", &YearTally::without},
    {"joint", "audited: rejected by both; the diagonal: rejected by this one", &YearTally::joint},
};

void add_year_lists(const Plan& plan, BatchFields& fields) {
  const Dimension year = along(format::batches, format::year, plan.year_count());
  const std::uint64_t rejectors = plan.constraints.size() + 1;
  for (const auto& [name, meaning, member] : year_lists) {
    std::vector<Dimension> inner{year, along(format::batches, format::constraint, rejectors)};
    if (member == &YearTally::joint) {
      inner.push_back(along(format::batches, format::other_constraint, rejectors));
    }
    fields.counts.push_back(
        {name, meaning, std::move(inner), [member = member](BatchRecord& record, std::size_t y) {
           return std::span(record.tally.years[y].*member);
         }});
  }
}

/// Sums over the survivors of a batch, of each statistic.
BatchField<double> sum_field(const Plan& plan, const char* name, const char* meaning,
                             std::vector<double> Tally::*member) {
  const std::size_t count = plan.outputs.statistics.size();
  return {name,
          meaning,
          {along(format::batches, format::year, plan.year_count()),
           along(format::batches, format::statistic, count)},
          [member, count](BatchRecord& record, std::size_t year) {
            return std::span(record.tally.*member).subspan(year * count, count);
          },
          ""};
}

BatchFields batch_fields(const Plan& plan) {
  BatchFields fields;
  const auto number = [&](const char* name, const char* meaning, auto where) {
    fields.counts.push_back({name, meaning, {}, [where](BatchRecord& record, std::size_t) {
                               return std::span(&where(record), 1);
                             }});
  };
  number(
      format::batch, "index of the batch", [](auto& record) -> auto& { return record.batch; });
  number(
      "trajectories", "trajectories started",
      [](auto& record) -> auto& { return record.tally.trajectories; });
  number(
      "complete", "complete trajectories",
      [](auto& record) -> auto& { return record.tally.complete; });
  add_year_numbers(plan, year_numbers, std::identity(), fields.counts);
  add_year_lists(plan, fields);
  if (plan.sampling.method == Method::split) add_split_fields(plan, fields);
  if (is_tilted(plan.sampling.method)) add_tilt_fields(plan, fields);
  fields.sums.push_back(sum_field(plan, "sum", "sum of the statistic", &Tally::sums));
  fields.sums.push_back(
      sum_field(plan, "square_sum", "sum of the statistic's square", &Tally::square_sums));
  return fields;
}

std::string in_batches(const std::string& name) {
  return fmt::format("{}/{}", format::batches, name);
}

/// How often numbers() of a field has to be asked for a row.
template <H5Number T>
std::size_t pieces(const BatchField<T>& field, std::size_t years) {
  return field.inner.empty() ? 1 : years;
}

template <H5Number T>
bool equal_numbers(const std::vector<BatchField<T>>& fields, BatchRecord& a, BatchRecord& b,
                   std::size_t years) {
  for (const BatchField<T>& field : fields) {
    for (std::size_t year = 0; year < pieces(field, years); ++year) {
      const auto equal = [](T x, T y) { return x == y || (x != x && y != y); };
      if (!std::ranges::equal(field.numbers(a, year), field.numbers(b, year), equal)) return false;
    }
  }
  return true;
}

template <H5Number T>
std::vector<RowWriter<T>> writers(H5File& file, const std::vector<BatchField<T>>& fields,
                                  const Dimension& batch) {
  std::vector<RowWriter<T>> found;
  for (const BatchField<T>& field : fields) {
    std::vector<Dimension> dimensions{batch};
    dimensions.insert(dimensions.end(), field.inner.begin(), field.inner.end());
    found.emplace_back(file, in_batches(field.name),
                       DatasetInfo{std::move(dimensions), field.units, field.meaning}, kNoChunks);
  }
  return found;
}

template <H5Number T>
void append_to(std::vector<RowWriter<T>>& writers, const std::vector<BatchField<T>>& fields,
               std::span<BatchRecord> records, std::size_t years) {
  std::vector<T> values;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    values.clear();
    for (BatchRecord& record : records) {
      for (std::size_t year = 0; year < pieces(fields[i], years); ++year) {
        const std::span<T> numbers = fields[i].numbers(record, year);
        values.insert(values.end(), numbers.begin(), numbers.end());
      }
    }
    writers[i].append(values);
  }
}

template <H5Number T>
void read_into(const H5File& file, const std::vector<BatchField<T>>& fields,
               std::span<BatchRecord> records, std::uint64_t first, std::size_t years) {
  for (const BatchField<T>& field : fields) {
    const auto values = file.read_rows<T>(in_batches(field.name), first, records.size());
    std::size_t at = 0;
    for (BatchRecord& record : records) {
      for (std::size_t year = 0; year < pieces(field, years); ++year) {
        for (T& number : field.numbers(record, year)) number = values.at(at++);
      }
    }
  }
}

/// Whether the bytes of a field are those of another record.
template <H5Number T>
bool same(const BatchField<T>& field, BatchRecord& a, BatchRecord& b, std::size_t years) {
  for (std::size_t year = 0; year < pieces(field, years); ++year) {
    const auto left = std::as_bytes(field.numbers(a, year));
    const auto right = std::as_bytes(field.numbers(b, year));
    if (!std::equal(left.begin(), left.end(), right.begin(), right.end())) return false;
  }
  return true;
}

}  // namespace

std::vector<std::string> differing_fields(const Plan& plan, BatchRecord& a, BatchRecord& b) {
  const BatchFields fields = batch_fields(plan);
  std::vector<std::string> names;
  const auto compare = [&](const auto& field) {
    if (!same(field, a, b, plan.year_count())) names.push_back(field.name);
  };
  for (const auto& field : fields.counts) compare(field);
  for (const auto& field : fields.sums) compare(field);
  return names;
}

BatchRecord record_of(std::uint64_t batch, Tally tally) {
  tally.counts = {};
  tally.cumulative = {};
  tally.frontier_before = {};
  tally.frontier_including = {};
  tally.statistics = {};
  return {batch, std::move(tally)};
}

bool equal_records(const Plan& plan, BatchRecord& a, BatchRecord& b) {
  const BatchFields fields = batch_fields(plan);
  return equal_numbers(fields.counts, a, b, plan.year_count()) &&
         equal_numbers(fields.sums, a, b, plan.year_count());
}

BatchWriter::BatchWriter(H5File& file, const Plan& plan, std::uint64_t batches)
    : years_(plan.year_count()), fields_(batch_fields(plan)) {
  write_scales(file, plan, format::batches,
               {format::year, format::constraint, format::other_constraint, format::statistic});
  const Dimension batch = along(format::batches, format::batch, batches);
  counts_ = writers(file, fields_.counts, batch);
  sums_ = writers(file, fields_.sums, batch);
}

void BatchWriter::append(std::span<BatchRecord> records) {
  append_to(counts_, fields_.counts, records, years_);
  append_to(sums_, fields_.sums, records, years_);
}

void BatchWriter::finish() {
  for (RowWriter<std::uint64_t>& writer : counts_) writer.finish();
  for (RowWriter<double>& writer : sums_) writer.finish();
}

void read_batches(const H5File& file, const Plan& plan,
                  const std::function<void(BatchRecord)>& take) {
  const BatchFields fields = batch_fields(plan);
  const BatchRecord empty = record_of(0, Tally(plan));
  const std::uint64_t batches = file.shape(in_batches(format::batch)).at(0);
  for (std::uint64_t first = 0; first < batches; first += most_read_at_once) {
    std::vector<BatchRecord> records(std::min(most_read_at_once, batches - first), empty);
    read_into(file, fields.counts, records, first, plan.year_count());
    read_into(file, fields.sums, records, first, plan.year_count());
    for (BatchRecord& record : records) take(std::move(record));
  }
}

}  // namespace flopsieve::engine
