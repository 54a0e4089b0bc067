#include "engine/known_survivors.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/error.hpp"
#include "engine/format.hpp"
#include "engine/h5.hpp"
#include "engine/result_file.hpp"

namespace flopsieve::engine {
namespace {

namespace fs = std::filesystem;

template <H5Number T>
std::vector<T> read_verified(const H5File& file, const fs::path& path, const char* dataset) {
  verify_dataset(file, path, dataset);
  return file.read<T>(dataset);
}

}  // namespace

std::span<const std::uint64_t> KnownSurvivors::find(std::uint64_t index) const {
  const auto found = std::lower_bound(trajectory.begin(), trajectory.end(), index);
  if (found == trajectory.end() || *found != index) return {};
  const std::size_t years = looks_back.size();
  const auto row = static_cast<std::size_t>(found - trajectory.begin());
  return std::span(attempt).subspan(row * years, years);
}

KnownSurvivors read_survivors(const fs::path& path, const Plan& plan) {
  if (plan.outputs.keep == Keep::summary) {
    throw Error(ExitCode::bad_input,
                fmt::format("{}: holds no attempts of survivors, because outputs.keep is "
                            "\"summary\"; run the job anew",
                            path.string()));
  }
  const H5File file = H5File::open(path);
  KnownSurvivors survivors;
  survivors.trajectory = read_verified<std::uint64_t>(file, path, format::root_trajectory);
  survivors.attempt = read_verified<std::uint64_t>(file, path, format::attempt);
  survivors.looks_back.assign(plan.year_count(), 0);
  for (const Constraint& rule : plan.constraints) {
    if (rule.relative_to != RelativeTo::previous_year) continue;
    for (std::size_t year = 1; year < plan.year_count(); ++year) {
      survivors.looks_back[year] |= rule.active[year];
    }
  }
  return survivors;
}

std::vector<std::uint64_t> read_survivors_of(const fs::path& path, const Plan& plan,
                                             std::uint64_t trajectory) {
  if (plan.outputs.keep == Keep::summary) return {};
  const H5File file = H5File::open(path);
  std::uint64_t first = 0;
  std::uint64_t last = file.shape(format::root_trajectory).at(0);
  while (first < last) {
    const std::uint64_t middle = first + (last - first) / 2;
    const std::uint64_t found =
        file.read_rows<std::uint64_t>(format::root_trajectory, middle, 1).at(0);
    if (found == trajectory) return file.read_rows<std::uint64_t>(format::attempt, middle, 1);
    (found < trajectory ? first : last) = found < trajectory ? middle + 1 : middle;
  }
  return {};
}

}  // namespace flopsieve::engine
