#include "engine/tally_io.hpp"

#include <fmt/format.h>

#include <functional>

#include "engine/format.hpp"
#include "engine/split_io.hpp"
#include "engine/tilt_io.hpp"

namespace flopsieve::engine {
namespace {

/// A number of YearTally, and how it is called.
struct YearField {
  const char* name;
  const char* meaning;
  std::uint64_t YearTally::*member;
};
constexpr YearField year_fields[] = {
    {"candidates", "candidates up to each survivor", &YearTally::candidates},
    {"survivors", "candidates that met every constraint", &YearTally::survivors},
    {"first_trials", "trajectories that reached the year", &YearTally::first_trials},
    {"first_passes", "survivors at the first attempt", &YearTally::first_passes},
    {"exhausted", "trajectories that ran out of attempts", &YearTally::exhausted},
    {"audited", "candidates judged in full", &YearTally::audited},
    {"audited_survivors", "audited candidates that survived", &YearTally::audited_survivors},
};

/// A list of YearTally with one number per rejector, or per pair of rejectors.
struct ListField {
  const char* name;
  const char* meaning;
  std::vector<std::uint64_t> YearTally::*member;
};
constexpr ListField list_fields[] = {
    {"killed", "audited: the first to reject, in declared order", &YearTally::killed},
    {"without", "audited: would survive without this one", &YearTally::without},
    {"joint", "audited: rejected by both; the diagonal: rejected by this one", &YearTally::joint},
};

std::string in_batches(const char* name) {
  return fmt::format("/batches/{}", name);
}

template <class T>
std::vector<T> gather(const std::vector<BatchRecord>& batches,
                      const std::function<void(const Tally&, std::vector<T>&)>& append) {
  std::vector<T> values;
  for (const BatchRecord& record : batches) append(record.tally, values);
  return values;
}

void write_year_fields(H5File& file, const Plan& plan, const std::vector<BatchRecord>& batches) {
  const Dimension batch = along(format::batches, format::batch, batches.size());
  const Dimension year = along(format::batches, format::year, plan.year_count());
  for (const YearField& field : year_fields) {
    const auto values = gather<std::uint64_t>(batches, [&](const Tally& tally, auto& out) {
      for (const YearTally& each : tally.years) out.push_back(each.*field.member);
    });
    file.write(in_batches(field.name), values, {{batch, year}, "1", field.meaning});
  }
  const Dimension rejector =
      along(format::batches, format::constraint, plan.constraints.size() + 1);
  for (const ListField& field : list_fields) {
    const auto values = gather<std::uint64_t>(batches, [&](const Tally& tally, auto& out) {
      for (const YearTally& each : tally.years) {
        out.insert(out.end(), (each.*field.member).begin(), (each.*field.member).end());
      }
    });
    std::vector<Dimension> dimensions{batch, year, rejector};
    if (field.member == &YearTally::joint) {
      dimensions.push_back(along(format::batches, format::other_constraint, rejector.length));
    }
    file.write(in_batches(field.name), values, {dimensions, "1", field.meaning});
  }
}

void read_year_fields(const H5File& file, std::vector<BatchRecord>& batches) {
  for (const YearField& field : year_fields) {
    const auto values = file.read<std::uint64_t>(in_batches(field.name));
    std::size_t at = 0;
    for (BatchRecord& record : batches) {
      for (YearTally& year : record.tally.years) year.*field.member = values.at(at++);
    }
  }
  for (const ListField& field : list_fields) {
    const auto values = file.read<std::uint64_t>(in_batches(field.name));
    std::size_t at = 0;
    for (BatchRecord& record : batches) {
      for (YearTally& year : record.tally.years) {
        for (std::uint64_t& value : year.*field.member) value = values.at(at++);
      }
    }
  }
}

/// Histograms of [year, inner] as one array [year, inner, value], as wide as the longest.
void write_whole(H5File& file, const char* path, const std::vector<Histogram>& histograms,
                 const Plan& plan, const Dimension& inner, const char* meaning, int deflate) {
  std::size_t width = 1;
  for (const Histogram& histogram : histograms) width = std::max(width, histogram.size());
  std::vector<std::uint64_t> values;
  values.reserve(width * histograms.size());
  for (Histogram histogram : histograms) {
    histogram.resize(width, 0);
    values.insert(values.end(), histogram.begin(), histogram.end());
  }
  const std::string scale = fmt::format("{}_models", path);
  std::vector<std::uint64_t> models(width);
  for (std::size_t i = 0; i < width; ++i) models[i] = i;
  file.write(scale, models, {{{scale, width}}, "1", "number of models"});
  file.write(path, values,
             {{along(format::histograms, format::year, plan.year_count()), inner, {scale, width}},
              "1",
              meaning,
              deflate});
}

void add_whole(const H5File& file, const char* path, std::vector<Histogram>& histograms) {
  const std::vector<std::uint64_t> shape = file.shape(path);
  const auto values = file.read<std::uint64_t>(path);
  const std::size_t width = shape.back();
  for (std::size_t i = 0; i < histograms.size(); ++i) {
    Histogram row(values.begin() + static_cast<std::ptrdiff_t>(i * width),
                  values.begin() + static_cast<std::ptrdiff_t>((i + 1) * width));
    while (!row.empty() && row.back() == 0) row.pop_back();
    merge(histograms[i], row);
  }
}

std::string statistic_path(const Statistic& statistic) {
  return fmt::format("/histograms/{}", statistic.name());
}

std::size_t bins(const Plan& plan, const Tally& tally, std::size_t statistic) {
  const Grid& grid = plan.outputs.statistics[statistic].info().grid;
  std::size_t width = std::max<std::size_t>(grid.bins, 1);
  for (std::size_t year = 0; year < plan.year_count(); ++year) {
    const std::size_t cell = year * plan.outputs.statistics.size() + statistic;
    width = std::max(width, tally.statistics[cell].size());
  }
  return width;
}

void write_statistic(H5File& file, const Plan& plan, const Tally& tally, std::size_t statistic,
                     int deflate) {
  const Statistic& which = plan.outputs.statistics[statistic];
  const std::string path = statistic_path(which);
  const std::size_t width = bins(plan, tally, statistic);
  std::vector<double> edges(width);
  for (std::size_t i = 0; i < width; ++i) {
    edges[i] = bin_edge(which.info().grid, static_cast<double>(i));
  }
  const std::string scale = path + "_bin";
  file.write(scale, edges,
             {{{scale, width}}, std::string(which.info().unit), "lower edge of the bin"});
  std::vector<std::uint64_t> values;
  for (std::size_t year = 0; year < plan.year_count(); ++year) {
    Histogram row = tally.statistics[year * plan.outputs.statistics.size() + statistic];
    row.resize(width, 0);
    values.insert(values.end(), row.begin(), row.end());
  }
  file.write(path, values,
             {{along(format::histograms, format::year, plan.year_count()), {scale, width}},
              "1",
              fmt::format("complete trajectories by {}", which.info().meaning),
              deflate});
}

void add_statistic(const H5File& file, const Plan& plan, std::size_t statistic, Tally& tally) {
  const std::string path = statistic_path(plan.outputs.statistics[statistic]);
  const std::size_t width = file.shape(path).back();
  const auto values = file.read<std::uint64_t>(path);
  for (std::size_t year = 0; year < plan.year_count(); ++year) {
    Histogram row(values.begin() + static_cast<std::ptrdiff_t>(year * width),
                  values.begin() + static_cast<std::ptrdiff_t>((year + 1) * width));
    while (!row.empty() && row.back() == 0) row.pop_back();
    merge(tally.statistics[year * plan.outputs.statistics.size() + statistic], row);
  }
}

}  // namespace

Dimension along(const char* group, const char* scale, std::uint64_t length) {
  return {fmt::format("{}/{}", group, scale), length};
}

void write_scales(H5File& file, const Plan& plan, const std::string& group,
                  const std::vector<std::string>& names) {
  const Outputs& outputs = plan.outputs;
  const std::vector<std::string> rejectors = rejector_names(plan);
  std::vector<std::string> statistics;
  for (const Statistic& statistic : outputs.statistics) statistics.push_back(statistic.name());
  for (const std::string& name : names) {
    const std::string path = fmt::format("{}/{}", group, name);
    const auto info = [&](std::size_t length, const char* units, const char* long_name) {
      return DatasetInfo{{{path, length}}, units, long_name};
    };
    if (name == format::year) {
      const std::vector<std::int32_t> years(plan.years.begin(), plan.years.end());
      file.write(path, years, info(years.size(), "", "calendar year"));
    } else if (name == format::threshold) {
      file.write(path, outputs.thresholds,
                 info(outputs.thresholds.size(), "FLOP", "training compute of a model"));
    } else if (name == format::width) {
      file.write(path, outputs.frontier.widths,
                 info(outputs.frontier.widths.size(), "OOM", "distance below the frontier"));
    } else if (name == format::quantile) {
      file.write(path, outputs.quantiles,
                 info(outputs.quantiles.size(), "1", "fraction of the distribution"));
    } else if (name == format::statistic) {
      file.write_strings(path, statistics, info(statistics.size(), "", "statistic of a candidate"));
    } else if (name == format::bound) {
      file.write_strings(path, {"low", "high"}, info(2, "", "end of a Monte Carlo interval"));
    } else {
      file.write_strings(path, rejectors,
                         info(rejectors.size(), "", "what can reject a candidate"));
    }
  }
}

void write_batches(H5File& file, const Plan& plan, const std::vector<BatchRecord>& batches) {
  const Dimension batch = along(format::batches, format::batch, batches.size());
  std::vector<std::uint64_t> index;
  for (const BatchRecord& record : batches) index.push_back(record.batch);
  write_scales(file, plan, format::batches,
               {format::year, format::constraint, format::other_constraint, format::statistic});
  file.write("/batches/batch", index, {{batch}, "1", "index of the batch"});
  const auto trajectories = gather<std::uint64_t>(
      batches, [](const Tally& tally, auto& out) { out.push_back(tally.trajectories); });
  file.write("/batches/trajectories", trajectories, {{batch}, "1", "trajectories started"});
  const auto complete = gather<std::uint64_t>(
      batches, [](const Tally& tally, auto& out) { out.push_back(tally.complete); });
  file.write("/batches/complete", complete, {{batch}, "1", "complete trajectories"});
  write_year_fields(file, plan, batches);
  if (plan.sampling.method == Method::split) write_split_batches(file, plan, batches);
  if (is_tilted(plan.sampling.method)) write_tilt_batches(file, plan, batches);
  const std::vector<Dimension> cells{
      batch, along(format::batches, format::year, plan.year_count()),
      along(format::batches, format::statistic, plan.outputs.statistics.size())};
  const auto sums = gather<double>(batches, [](const Tally& tally, auto& out) {
    out.insert(out.end(), tally.sums.begin(), tally.sums.end());
  });
  file.write("/batches/sum", sums, {cells, "", "sum of the statistic"});
  const auto squares = gather<double>(batches, [](const Tally& tally, auto& out) {
    out.insert(out.end(), tally.square_sums.begin(), tally.square_sums.end());
  });
  file.write("/batches/square_sum", squares, {cells, "", "sum of the statistic's square"});
}

std::vector<BatchRecord> read_batches(const H5File& file, const Plan& plan) {
  const auto index = file.read<std::uint64_t>("/batches/batch");
  const auto trajectories = file.read<std::uint64_t>("/batches/trajectories");
  const auto complete = file.read<std::uint64_t>("/batches/complete");
  const auto sums = file.read<double>("/batches/sum");
  const auto squares = file.read<double>("/batches/square_sum");
  std::vector<BatchRecord> batches;
  for (std::size_t i = 0; i < index.size(); ++i) {
    BatchRecord record{index[i], Tally(plan)};
    record.tally.trajectories = trajectories.at(i);
    record.tally.complete = complete.at(i);
    const std::size_t cells = record.tally.sums.size();
    for (std::size_t cell = 0; cell < cells; ++cell) {
      record.tally.sums[cell] = sums.at(i * cells + cell);
      record.tally.square_sums[cell] = squares.at(i * cells + cell);
    }
    batches.push_back(std::move(record));
  }
  read_year_fields(file, batches);
  if (plan.sampling.method == Method::split) read_split_batches(file, batches);
  if (is_tilted(plan.sampling.method)) read_tilt_batches(file, batches);
  return batches;
}

void write_histograms(H5File& file, const Plan& plan, const Tally& tally, int deflate) {
  write_scales(file, plan, format::histograms, {format::year, format::threshold});
  const Dimension threshold =
      along(format::histograms, format::threshold, plan.outputs.thresholds.size());
  write_whole(file, "/histograms/counts", tally.counts, plan, threshold,
              "complete trajectories by models above the threshold in the year", deflate);
  write_whole(file, "/histograms/cumulative", tally.cumulative, plan, threshold,
              "complete trajectories by models above the threshold up to the year's end", deflate);
  if (!tally.frontier_before.empty()) {
    write_scales(file, plan, format::histograms, {format::width});
    const Dimension width =
        along(format::histograms, format::width, plan.outputs.frontier.widths.size());
    write_whole(file, "/histograms/frontier_before", tally.frontier_before, plan, width,
                "complete trajectories by frontier-connected models, convention `before`", deflate);
    write_whole(file, "/histograms/frontier_including", tally.frontier_including, plan, width,
                "complete trajectories by frontier-connected models, convention `including`",
                deflate);
  }
  for (std::size_t s = 0; s < plan.outputs.statistics.size(); ++s) {
    write_statistic(file, plan, tally, s, deflate);
  }
}

void add_histograms(const H5File& file, const Plan& plan, Tally& tally) {
  add_whole(file, "/histograms/counts", tally.counts);
  add_whole(file, "/histograms/cumulative", tally.cumulative);
  if (!tally.frontier_before.empty()) {
    add_whole(file, "/histograms/frontier_before", tally.frontier_before);
    add_whole(file, "/histograms/frontier_including", tally.frontier_including);
  }
  for (std::size_t s = 0; s < plan.outputs.statistics.size(); ++s) {
    add_statistic(file, plan, s, tally);
  }
}

}  // namespace flopsieve::engine
