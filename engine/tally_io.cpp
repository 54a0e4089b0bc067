#include "engine/tally_io.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "engine/format.hpp"

namespace flopsieve::engine {
namespace {

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

void demand_cells(const std::string& path, std::size_t found, std::size_t wanted) {
  if (found != wanted) {
    throw std::out_of_range(fmt::format("{} has {} numbers, not {}", path, found, wanted));
  }
}

void add_whole(const H5File& file, const char* path, std::vector<Histogram>& histograms) {
  const std::vector<std::uint64_t> shape = file.shape(path);
  const auto values = file.read<std::uint64_t>(path);
  const std::size_t width = shape.back();
  demand_cells(path, values.size(), histograms.size() * width);
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
  demand_cells(path, values.size(), plan.year_count() * width);
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
