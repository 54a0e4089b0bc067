#include "engine/result_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <future>
#include <limits>
#include <optional>

#include "engine/batch_io.hpp"
#include "engine/error.hpp"
#include "engine/files.hpp"
#include "engine/format.hpp"
#include "engine/h5.hpp"
#include "engine/parameters.hpp"
#include "engine/sealed.hpp"
#include "engine/split_io.hpp"
#include "engine/summary.hpp"
#include "engine/tally_io.hpp"
#include "engine/tilt_io.hpp"

namespace flopsieve::engine {
namespace {

namespace fs = std::filesystem;

/// Parts that are read and verified while another is written.
constexpr std::size_t most_read_ahead = 3;

/// From this number of candidates on, their sizes stand in chunks of 1 MiB: fewer and longer
/// writes.
constexpr std::uint64_t many_sets = 100'000;

void check_stop(const std::atomic<bool>* stop) {
  if (stop != nullptr && stop->load()) {
    throw Error(ExitCode::interrupted, "stopped while joining the parts");
  }
}

/// The parts hold the batches 0 to `wanted` - 1 once and in order, or an Error(storage).
void demand_all_batches(const std::vector<Part>& parts, std::uint64_t wanted) {
  std::uint64_t next = 0;
  for (const Part& part : parts) {
    for (std::uint64_t i = 0; i < part.batches.count; ++i) {
      const std::uint64_t batch = part.batches.first + i * part.batches.step;
      if (batch > next) {
        throw Error(ExitCode::storage, fmt::format("batch {} is missing among the parts", next));
      }
      if (batch < next) {
        throw Error(ExitCode::storage,
                    fmt::format("{}: batch {} is in another part too", part.path.string(), batch));
      }
      ++next;
    }
  }
  if (next != wanted) {
    throw Error(ExitCode::storage, fmt::format("batch {} is missing among the parts", next));
  }
}

/// The datasets with one row per complete trajectory, filled part by part.
class ColumnWriter {
 public:
  ColumnWriter(H5File& file, const Plan& plan, std::uint64_t complete) : plan_(plan) {
    if (plan.outputs.keep == Keep::summary) return;
    const Dimension row{format::root_trajectory, complete};
    const auto year = [&](const char* group) {
      return along(group, format::year, plan.year_count());
    };
    trajectory_.emplace(file, format::root_trajectory,
                        DatasetInfo{{row}, "1", "index of a complete trajectory", 1});
    counts_.emplace(
        file, format::counts_by_trajectory,
        DatasetInfo{{row, year(format::counts),
                     along(format::counts, format::threshold, plan.outputs.thresholds.size())},
                    "1",
                    "models above the threshold in the year",
                    1});
    attempt_.emplace(
        file, format::attempt,
        DatasetInfo{{row, year(format::acceptance)}, "1", "attempt (from 0) of the survivor", 1});
    if (plan.outputs.keeps_statistics()) {
      statistics_.emplace(file, format::statistics_by_trajectory,
                          DatasetInfo{{row, year(format::statistics),
                                       along(format::statistics, format::statistic,
                                             plan.outputs.statistics.size())},
                                      "",
                                      "value of the survivor's statistic"});
    }
    if (plan.outputs.keep != Keep::samples) return;
    const std::uint64_t kept = std::min(complete, plan.outputs.keep_samples);
    sets_wanted_ = kept * plan.year_count();
    const Dimension set = along(format::samples, "sample_set", sets_wanted_);
    set_trajectory_.emplace(file, "/samples/trajectory",
                            DatasetInfo{{set}, "1", "trajectory of the candidate"});
    set_year_.emplace(file, "/samples/year", DatasetInfo{{set}, "", "year of the candidate"});
    row_size_.emplace(file, format::row_size,
                      DatasetInfo{{set}, "1", "number of models in the candidate"});
    log10_flop_.emplace(file, format::log10_flop,
                        DatasetInfo{{along(format::samples, "model", kGrowing)},
                                    "log10 FLOP",
                                    "sizes of the candidates one after the other, ascending"},
                        std::size_t{sets_wanted_ < many_sets ? 256U : 1024U} << 10);
  }

  void append(const PartContents& part) {
    if (!trajectory_) return;
    const Columns& columns = part.columns;
    trajectory_->append(columns.trajectory);
    counts_->append(columns.counts);
    attempt_->append(columns.attempt);
    if (statistics_) statistics_->append(columns.statistics);
    if (row_size_) append_samples(part);
  }

  void finish(H5File& file) {
    if (!trajectory_) return;
    trajectory_->finish();
    counts_->finish();
    attempt_->finish();
    if (statistics_) statistics_->finish();
    if (!row_size_) return;
    set_trajectory_->finish();
    set_year_->finish();
    row_size_->finish();
    log10_flop_->finish();
    file.write_attribute(format::row_size, "sample_dimension", std::string_view("model"));
    file.write_attribute(format::log10_flop, "coordinates", std::string_view("trajectory year"));
  }

 private:
  /// As many sample sets as are still wanted: parts may hold more.
  void append_samples(const PartContents& part) {
    const Columns& columns = part.columns;
    const std::size_t years = plan_.year_count();
    const std::size_t sets = static_cast<std::size_t>(
        std::min<std::uint64_t>(columns.row_size.size(), sets_wanted_ - row_size_->rows()));
    std::vector<std::uint64_t> trajectories(sets);
    std::vector<std::int32_t> set_years(sets);
    for (std::size_t i = 0; i < sets; ++i) {
      trajectories[i] = columns.trajectory.at(i / years);
      set_years[i] = plan_.years[i % years];
    }
    set_trajectory_->append(trajectories);
    set_year_->append(set_years);
    row_size_->append(std::span(columns.row_size).first(sets));
    to_log10_flop(columns, sets, sizes_);
    sizes_ = log10_flop_->exchange(std::move(sizes_));
  }

  const Plan& plan_;
  std::uint64_t sets_wanted_ = 0;
  std::vector<double> sizes_;  ///< memory for those of a part
  std::optional<RowWriter<std::uint64_t>> trajectory_, attempt_, set_trajectory_, row_size_;
  std::optional<RowWriter<std::uint32_t>> counts_;
  std::optional<RowWriter<std::int32_t>> set_year_;
  std::optional<RowWriter<double>> statistics_, log10_flop_;
};

/// Estimates of [year, inner] as quantile, bounds, mean and its standard error.
void write_estimates(H5File& file, const Plan& plan, const std::vector<Estimate>& estimates,
                     const char* group, const std::string& prefix, const Dimension& inner,
                     const std::string& meaning) {
  const std::vector<Dimension> cell{along(group, format::year, plan.year_count()), inner};
  std::vector<double> values, bounds, means, errors;
  const double nothing = std::numeric_limits<double>::quiet_NaN();
  for (const Estimate& estimate : estimates) {
    means.push_back(estimate.mean);
    errors.push_back(estimate.standard_error);
    for (const QuantileEstimate& quantile : estimate.quantiles) {
      values.push_back(quantile.value);
      bounds.push_back(quantile.low.value_or(nothing));
      bounds.push_back(quantile.high.value_or(nothing));
    }
  }
  std::vector<Dimension> by_quantile = cell;
  by_quantile.push_back(along(group, format::quantile, plan.outputs.quantiles.size()));
  std::vector<Dimension> by_bound = by_quantile;
  by_bound.push_back(along(group, format::bound, 2));
  const auto path = [&](const char* name) { return fmt::format("{}/{}{}", group, prefix, name); };
  file.write(path("quantiles"), values, {by_quantile, "", "quantiles of the " + meaning});
  file.write(path("bounds"), bounds,
             {by_bound, "", "95 % Monte Carlo interval of each quantile of the " + meaning});
  file.write(path("mean"), means, {cell, "", "mean of the " + meaning});
  file.write(path("standard_error"), errors,
             {cell, "", "Monte Carlo standard error of the mean of the " + meaning});
}

void write_summary(H5File& file, const Plan& plan, const Tally& tally) {
  const Summary summary = summarise(plan, tally);
  if (summary.counts.empty()) return;
  const Dimension threshold =
      along(format::counts, format::threshold, plan.outputs.thresholds.size());
  write_estimates(file, plan, summary.counts, format::counts, "", threshold,
                  "number of models above the threshold in the year");
  write_estimates(file, plan, summary.cumulative, format::counts, "cumulative_", threshold,
                  "number of models above the threshold up to the year's end");
  file.write("/counts/cumulative_base", plan.outputs.cumulative_base,
             {{threshold},
              "1",
              "known models before the forecast, included in cumulative_* of its years"});
  if (!plan.outputs.observed.empty()) {
    file.write("/counts/observed", plan.outputs.observed,
               {{along(format::counts, format::year, plan.year_count()), threshold},
                "1",
                "known models above the threshold in the year, reported instead of simulated "
                "ones; -1: simulated"});
  }
  if (!summary.frontier_before.empty()) {
    const Dimension width =
        along(format::frontier, format::width, plan.outputs.frontier.widths.size());
    write_estimates(file, plan, summary.frontier_before, format::frontier, "before_", width,
                    "number of frontier-connected models in the year, convention `before`");
    write_estimates(file, plan, summary.frontier_including, format::frontier, "including_", width,
                    "number of frontier-connected models in the year, convention `including`");
  }
  if (plan.outputs.statistics.empty()) return;
  write_estimates(file, plan, summary.statistics, format::statistics, "",
                  along(format::statistics, format::statistic, plan.outputs.statistics.size()),
                  "statistic");
}

void write_acceptance(H5File& file, const Plan& plan, const Tally& tally) {
  const Dimension year = along(format::acceptance, format::year, plan.year_count());
  const Dimension rejector =
      along(format::acceptance, format::constraint, plan.constraints.size() + 1);
  const auto numbers = [&](const char* name, std::uint64_t YearTally::*member,
                           const char* meaning) {
    std::vector<std::uint64_t> values;
    for (const YearTally& each : tally.years) values.push_back(each.*member);
    file.write(fmt::format("/acceptance/{}", name), values, {{year}, "1", meaning});
  };
  numbers("candidates", &YearTally::candidates, "candidates up to each survivor");
  numbers("survivors", &YearTally::survivors, "candidates that met every constraint");
  numbers("first_trials", &YearTally::first_trials, "trajectories that reached the year");
  numbers("first_passes", &YearTally::first_passes, "survivors at the first attempt");
  numbers("exhausted", &YearTally::exhausted, "trajectories that ran out of attempts");
  numbers("audited", &YearTally::audited, "candidates judged in full for the cutflow");
  numbers("audited_survivors", &YearTally::audited_survivors, "audited candidates that survived");
  std::vector<std::uint64_t> killed, alone, without, joint;
  for (const YearTally& each : tally.years) {
    for (const RejectorReport& report : cutflow(plan, each)) {
      killed.push_back(report.killed);
      alone.push_back(report.alone);
      without.push_back(report.without);
    }
    joint.insert(joint.end(), each.joint.begin(), each.joint.end());
  }
  file.write("/acceptance/killed", killed,
             {{year, rejector}, "1", "audited: the first to reject, in declared order"});
  file.write("/acceptance/alone", alone, {{year, rejector}, "1", "audited: rejected by this one"});
  file.write("/acceptance/without", without,
             {{year, rejector}, "1", "audited: would survive without this one"});
  file.write(
      "/acceptance/joint", joint,
      {{year, rejector, along(format::acceptance, format::other_constraint, rejector.length)},
       "1",
       "audited: rejected by both"});
  if (plan.sampling.method == Method::split) write_split_acceptance(file, plan, tally);
  if (is_tilted(plan.sampling.method)) write_tilt_acceptance(file, plan, tally);
}

void write_attributes(H5File& file, const Study& study, const Tally& tally) {
  const auto text = [&](const char* name, std::string_view value) {
    file.write_attribute("/", name, value);
  };
  text("Conventions", "CF-1.10");
  text("title", study.plan.title);
  text("source", "flopsieve: Monte Carlo by rejection");
  text(format::kind, format::kind_run);
  file.write_attribute("/", format::format_version, std::int32_t{format::version});
  file.write_attribute("/", "sampling_version", std::int32_t{sampling_version});
  text(format::identity, study.identity);
  file.write_attribute("/", "seed", study.plan.seed);
  file.write_attribute("/", "trajectories", tally.trajectories);
  file.write_attribute("/", "complete_trajectories", tally.complete);
  text("result_class", result_class(study.plan));
  text("sampling_method", name(study.plan.sampling.method));
  text("sampling_reason", study.plan.sampling.reason);
  file.write_attribute("/", "stopped_early",
                       std::int32_t{stopped_early(study.plan, tally) ? 1 : 0});
  for (const auto& [name, value] : study.provenance) text(name.c_str(), value);
  text(format::plan, plan_to_json(study.plan));
  text(format::job, study.job);
}

void write_group_scales(H5File& file, const Plan& plan) {
  using namespace format;
  write_scales(file, plan, "", {year, threshold, quantile, statistic, constraint});
  write_scales(file, plan, counts, {year, threshold, quantile, bound});
  write_scales(file, plan, statistics, {year, statistic, quantile, bound});
  write_scales(file, plan, acceptance, {year, constraint, other_constraint});
  if (!plan.outputs.frontier.widths.empty()) {
    write_scales(file, plan, frontier, {year, width, quantile, bound});
  }
}

/// The tallies are what everything shown is made of: they must be as they were written.
void verify_tallies(const H5File& file, const fs::path& path) {
  for (const std::string& dataset : file.datasets()) {
    if (!dataset.starts_with("/batches/") && !dataset.starts_with("/histograms/")) continue;
    if (file.dataset_sha256(dataset) == file.read_attribute_text(dataset, "sha256")) continue;
    throw Error(ExitCode::storage,
                fmt::format("{}: damaged: {} is not what was written", path.string(), dataset));
  }
}

}  // namespace

Tally write_result_file(const fs::path& path, const Study& study, const std::vector<Part>& parts,
                        const std::atomic<bool>* stop,
                        std::optional<std::uint64_t> batches_wanted) {
  const Plan& plan = study.plan;
  const std::uint64_t batches = batches_wanted.value_or(plan.batch_count());
  demand_all_batches(parts, batches);
  Tally tally(plan);
  std::uint64_t complete = 0;
  for (const Part& part : parts) complete += part.complete;

  TemporaryFile temporary(path);
  {
    H5File file = H5File::create(temporary.path());
    write_group_scales(file, plan);
    ColumnWriter columns(file, plan, complete);
    BatchWriter records(file, plan, batches);
    std::deque<std::future<PageBytes>> images;  // of the next parts, read and verified meanwhile
    std::size_t begun = 0;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      check_stop(stop);
      for (; begun < parts.size() && begun <= i + most_read_ahead; ++begun) {
        images.push_back(std::async(std::launch::async, unseal, parts[begun].path));
      }
      PageBytes present = images.front().get();
      images.pop_front();
      PartContents contents = read_part(std::move(present), parts[i].path, plan);
      columns.append(contents);
      temporary.begin_commit();
      records.append(contents.batches);
      tally.add(contents.histograms);
      for (const BatchRecord& record : contents.batches) tally.add(record.tally);
    }
    columns.finish(file);
    records.finish();
    write_attributes(file, study, tally);
    write_summary(file, plan, tally);
    write_acceptance(file, plan, tally);
    write_histograms(file, plan, tally, 1);
    file.write_attribute("/", format::complete, std::int32_t{1});
    file.flush();
  }
  temporary.commit();
  return tally;
}

Results read_result_file(const fs::path& path) {
  const PathKind kind = path_kind(path);
  if (kind == PathKind::nothing) {
    throw Error(ExitCode::bad_input, fmt::format("{}: no such file", path.string()));
  }
  if (kind == PathKind::folder) {
    throw Error(ExitCode::bad_input,
                fmt::format("{}: a folder, not the result of a run", path.string()));
  }
  if (kind == PathKind::other) {
    throw Error(ExitCode::bad_input,
                fmt::format("{}: no ordinary file, not the result of a run", path.string()));
  }
  std::optional<H5File> file;
  try {
    file = H5File::open(path);
  } catch (const Error&) {
    throw Error(ExitCode::bad_input, fmt::format("{}: not an HDF5 file", path.string()));
  }
  if (!file->has_attribute("/", format::kind) ||
      file->read_attribute_text("/", format::kind) != format::kind_run ||
      !file->has_attribute("/", format::complete)) {
    throw Error(ExitCode::bad_input,
                fmt::format("{}: not the result of a finished flopsieve run", path.string()));
  }
  const auto version = file->read_attribute<std::int32_t>("/", format::format_version);
  if (version != format::version) {
    throw Error(ExitCode::storage, fmt::format("{}: format version {}, this program reads {}",
                                               path.string(), version, format::version));
  }
  verify_tallies(*file, path);
  Results results{{plan_from_json(file->read_attribute_text("/", format::plan)),
                   file->read_attribute_text("/", format::identity),
                   file->read_attribute_text("/", format::job),
                   {}},
                  {}};
  results.tally = Tally(results.study.plan);
  read_batches(*file, results.study.plan,
               [&](const BatchRecord& record) { results.tally.add(record.tally); });
  add_histograms(*file, results.study.plan, results.tally);
  return results;
}

}  // namespace flopsieve::engine
