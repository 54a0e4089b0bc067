#include "engine/sweep_result.hpp"

#include <algorithm>
#include <functional>
#include <numeric>
#include <stdexcept>
#include <utility>

#include "engine/error.hpp"
#include "engine/files.hpp"
#include "engine/format.hpp"
#include "engine/result_file.hpp"
#include "engine/result_open.hpp"
#include "engine/result_seal.hpp"
#include "engine/sweep_study.hpp"

namespace flopsieve::engine {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t block_bytes = std::uint64_t{1} << 20;

std::uint64_t product(const std::vector<std::uint64_t>& lengths) {
  return std::accumulate(lengths.begin(), lengths.end(), std::uint64_t{1}, std::multiplies<>());
}

std::string root(const std::string& name) {
  return "/" + name;
}

}  // namespace

SweepResult::SweepResult(fs::path path, H5File file)
    : path_(std::move(path)), file_(std::move(file)) {
  read_or_say_damaged(path_, [&] {
    study_ = read_sweep_study(file_);
    demand_unchanged_metadata(file_, path_);
    status_ = file_.read_strings("/status");
    if (status_.size() != study_.variants) throw std::out_of_range("a status is missing");
    if (file_.read<std::int32_t>("/year").size() != study_.base.year_count()) {
      throw std::out_of_range("/year is not that of the plan");
    }
  });
}

std::vector<std::string> SweepResult::variables() const {
  std::vector<std::string> names;
  for (const std::string& dataset : file_.datasets()) {
    if (!file_.has_attribute(dataset, format::coordinates)) continue;
    if (dataset != "/status" && dataset != "/method") names.push_back(dataset.substr(1));
  }
  return names;
}

std::vector<std::uint64_t> SweepResult::shape(const std::string& variable) const {
  const std::string dataset = root(variable);
  if (!file_.exists(dataset) || !file_.has_attribute(dataset, format::coordinates)) {
    throw std::out_of_range("no such variable: " + variable);
  }
  std::vector<std::uint64_t> lengths = file_.shape(dataset);
  lengths.erase(lengths.begin());
  return lengths;
}

void SweepResult::verify(const std::string& dataset) {
  if (verified_.insert(dataset).second) verify_dataset(file_, path_, dataset);
}

std::vector<double> SweepResult::rows(const std::string& dataset, std::uint64_t first,
                                      std::uint64_t count) {
  return read_or_say_damaged(path_, [&] {
    if (file_.type(dataset) == H5Type::float64)
      return file_.read_rows<double>(dataset, first, count);
    const auto whole = file_.read_rows<std::uint64_t>(dataset, first, count);
    std::vector<double> numbers;
    for (const std::uint64_t number : whole) numbers.push_back(static_cast<double>(number));
    return numbers;
  });
}

std::vector<double> SweepResult::values(const std::string& variable,
                                        const std::vector<std::uint64_t>& cell) {
  const std::vector<std::uint64_t> lengths = shape(variable);
  if (cell.size() != lengths.size()) throw std::out_of_range("another number of dimensions");
  std::uint64_t place = 0;
  for (std::size_t i = 0; i < cell.size(); ++i) {
    if (cell[i] >= lengths[i]) throw std::out_of_range("no such cell of " + variable);
    place = place * lengths[i] + cell[i];
  }
  const std::string dataset = root(variable);
  verify(dataset);
  const std::uint64_t width = product(lengths);
  const std::uint64_t block = std::max<std::uint64_t>(1, block_bytes / (8 * width));
  std::vector<double> found;
  for (std::uint64_t first = 0; first < study_.variants; first += block) {
    const std::uint64_t count = std::min(block, study_.variants - first);
    const std::vector<double> numbers = rows(dataset, first, count);
    for (std::uint64_t i = 0; i < count; ++i) found.push_back(numbers.at(i * width + place));
  }
  return found;
}

std::vector<double> SweepResult::row(const std::string& variable, std::uint64_t variant) {
  if (variant >= study_.variants) throw std::out_of_range("no such variant");
  shape(variable);
  verify(root(variable));
  return rows(root(variable), variant, 1);
}

std::uint64_t SweepResult::sum(const std::string& variable) {
  const std::string dataset = root(variable);
  verify(dataset);
  const auto numbers = file_.read<std::uint64_t>(dataset);
  return std::accumulate(numbers.begin(), numbers.end(), std::uint64_t{0});
}

SweepTally SweepResult::tally() {
  SweepTally tally;
  tally.variants = study_.variants;
  tally.ok = static_cast<std::uint64_t>(std::ranges::count(status_, status_ok));
  tally.failed = tally.variants - tally.ok;
  return read_or_say_damaged(path_, [&] {
    tally.trajectories = sum("trajectories");
    tally.complete = sum("complete");
    tally.candidates = sum("candidates");
    tally.survivors = sum("survivors");
    return tally;
  });
}

bool SweepResult::is_of(const SweepStudy& study) const {
  return study_.identity == study.identity && study_.base.trajectories == study.base.trajectories;
}

SweepResult open_sweep(const fs::path& path) {
  return {path, open_result_of(path, format::kind_sweep)};
}

bool is_sweep_result(const fs::path& path) {
  try {
    if (path_kind(path) != PathKind::file || !begins_whole(path)) return false;
    const H5File file = H5File::open(path);
    return file.has_attribute("/", format::kind) &&
           file.read_attribute_text("/", format::kind) == format::kind_sweep;
  } catch (const Error&) {
    return false;  // whoever reads it says why
  }
}

}  // namespace flopsieve::engine
