#include "jobs/backtest_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "jobs/report_words.hpp"
#include "jobs/text_table.hpp"

namespace flopsieve::jobs {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t forecasts = forecast_names.size();

/// Scores of one forecast over some outcomes.
struct Mean {
  std::size_t inside = 0;
  double crps = 0.0;
  double log_score = 0.0;
};

/// Of at least one outcome.
Mean mean_scores(const std::vector<Outcome>& outcomes, std::size_t forecast) {
  Mean mean;
  for (const Outcome& outcome : outcomes) {
    const Score& score = outcome.scores[forecast];
    mean.inside += score.inside ? 1 : 0;
    mean.crps += score.crps;
    mean.log_score += score.log_score;
  }
  mean.crps /= static_cast<double>(outcomes.size());
  mean.log_score /= static_cast<double>(outcomes.size());
  return mean;
}

std::vector<Outcome> all_outcomes(const std::vector<OriginResult>& origins) {
  std::vector<Outcome> all;
  for (const OriginResult& origin : origins) {
    all.insert(all.end(), origin.outcomes.begin(), origin.outcomes.end());
  }
  return all;
}

std::size_t target_years(const std::vector<Outcome>& outcomes) {
  std::set<int> years;
  for (const Outcome& outcome : outcomes) years.insert(outcome.year);
  return years.size();
}

/// Of the columns of a forecast.
constexpr std::array<const char*, forecasts> column_suffix{"", " last", " trend"};

std::string introduction(const BacktestHeading& heading) {
  std::string text = fmt::format(
      "{}\n\n"
      "Each origin was forecast from the calibration years up to it, with every fitted number "
      "made\n"
      "anew. The figures are those of {}, as known when it was made, not at\n"
      "the origin. Scores are descriptive: few and dependent outcomes.\n\n"
      "[5, 50, 95]: quantiles of the model's count of the year. CRPS in models; log: -ln of the\n"
      "probability of the observed count, for the model (n + 1/2) / (N + 1), with n of N "
      "trajectories\n"
      "that have it. Both: smaller is better. PIT: randomised, uniform for a calibrated forecast.\n"
      "last: last year's count, Poisson with mean 1/2 + the origin's count. trend: Poisson with "
      "the\n"
      "mean of the line through ln(count + 1/2) of the years up to the origin. Both take their "
      "mean\n"
      "as known.\n",
      heading.title, heading.calibration);
  if (!heading.observed_source.empty()) {
    text += fmt::format("Counts after the calibration: {}\n", heading.observed_source);
  }
  return text;
}

std::string outcome_table(const OriginResult& origin) {
  std::vector<std::string> titles{"year",        "lead",   "above", "observed",
                                  "[5, 50, 95]", "inside", "PIT"};
  for (std::size_t f = 0; f < forecasts; ++f) {
    for (const char* what : {"CRPS", "log"}) titles.push_back(std::string(what) + column_suffix[f]);
  }
  TextTable table(titles);
  for (const Outcome& outcome : origin.outcomes) {
    const Score& model = outcome.scores[0];
    std::vector<std::string> row{std::to_string(outcome.year),
                                 std::to_string(outcome.lead()),
                                 threshold_words(outcome.threshold),
                                 std::to_string(outcome.observed),
                                 fmt::format("[{}]", fmt::join(model.interval, ", ")),
                                 model.inside ? "yes" : "no",
                                 fmt::format("{:.2f}", model.pit)};
    for (const Score& score : outcome.scores) {
      row.push_back(fmt::format("{:.2f}", score.crps));
      row.push_back(fmt::format("{:.2f}", score.log_score));
    }
    table.add(row);
  }
  return table.text();
}

std::string mean_table(const std::vector<OriginResult>& origins) {
  std::vector<std::string> titles{"origin", "outcomes", "target years"};
  for (std::size_t f = 0; f < forecasts; ++f) {
    for (const char* what : {"inside", "CRPS", "log"}) {
      titles.push_back(std::string(what) + column_suffix[f]);
    }
  }
  TextTable table(titles);
  const auto add = [&](const std::string& name, const std::vector<Outcome>& outcomes) {
    std::vector<std::string> row{name, std::to_string(outcomes.size()),
                                 std::to_string(target_years(outcomes))};
    for (std::size_t f = 0; f < forecasts; ++f) {
      const Mean mean = mean_scores(outcomes, f);
      row.push_back(std::to_string(mean.inside));
      row.push_back(fmt::format("{:.2f}", mean.crps));
      row.push_back(fmt::format("{:.2f}", mean.log_score));
    }
    table.add(row);
  };
  for (const OriginResult& origin : origins) add(std::to_string(origin.origin), origin.outcomes);
  if (origins.size() > 1) add("all", all_outcomes(origins));
  return table.text();
}

/// One outcome per target year: a threshold's forecasts of the year before.
std::string pit_text(const std::vector<Outcome>& outcomes) {
  std::vector<Outcome> next_years;
  for (const Outcome& outcome : outcomes) {
    if (outcome.lead() == 1) next_years.push_back(outcome);
  }
  const std::size_t independent = target_years(next_years);
  if (independent < least_for_pit_histogram) {
    return fmt::format(
        "PIT: no histogram, for a year is one outcome at most that is independent of the others,\n"
        "and {} of at least {} are here.\n",
        independent, least_for_pit_histogram);
  }
  constexpr std::size_t bins = 5;
  TextTable table({"above", "0-0.2", "0.2-0.4", "0.4-0.6", "0.6-0.8", "0.8-1"});
  std::set<double> thresholds;
  for (const Outcome& outcome : next_years) thresholds.insert(outcome.threshold);
  for (const double threshold : thresholds) {
    std::array<int, bins> counts{};
    for (const Outcome& outcome : next_years) {
      if (outcome.threshold != threshold) continue;
      const double pit = outcome.scores[0].pit;
      ++counts[std::min(static_cast<std::size_t>(pit * bins), bins - 1)];
    }
    std::vector<std::string> row{threshold_words(threshold)};
    for (const int count : counts) row.push_back(std::to_string(count));
    table.add(row);
  }
  return "PIT of the model at lead 1, outcomes per bin:\n" + table.text();
}

std::string text_report(const BacktestHeading& heading, const std::vector<OriginResult>& origins) {
  std::string text = introduction(heading);
  for (const OriginResult& origin : origins) {
    text += fmt::format("\nOrigin {} ({} calibration years), {} of {} trajectories complete\n",
                        origin.origin, origin.calibration_years, grouped(origin.complete),
                        grouped(origin.trajectories));
    text += outcome_table(origin);
  }
  return text +
         "\nMeans over the outcomes of an origin (thresholds and years depend on one another)\n" +
         mean_table(origins) + "\n" + pit_text(all_outcomes(origins));
}

std::string csv_report(const std::vector<OriginResult>& origins) {
  std::string text =
      "origin,year,lead,threshold,observed,forecast,q05,q50,q95,inside,crps,log_score,pit\n";
  for (const Outcome& outcome : all_outcomes(origins)) {
    for (std::size_t f = 0; f < forecasts; ++f) {
      const Score& score = outcome.scores[f];
      text += fmt::format("{},{},{},{},{},{},{},{},{},{}\n", outcome.origin, outcome.year,
                          outcome.lead(), outcome.threshold, outcome.observed, forecast_names[f],
                          fmt::join(score.interval, ","), score.inside ? 1 : 0,
                          fmt::format("{},{}", score.crps, score.log_score), score.pit);
    }
  }
  return text;
}

Json outcome_json(const Outcome& outcome) {
  Json json = {{"year", outcome.year},
               {"lead", outcome.lead()},
               {"threshold", outcome.threshold},
               {"observed", outcome.observed}};
  for (std::size_t f = 0; f < forecasts; ++f) {
    const Score& score = outcome.scores[f];
    json["forecasts"][std::string(forecast_names[f])] = {{"interval", score.interval},
                                                         {"inside", score.inside},
                                                         {"crps", score.crps},
                                                         {"log_score", score.log_score},
                                                         {"pit", score.pit}};
  }
  return json;
}

Json means_json(const std::vector<Outcome>& outcomes) {
  Json json = {{"outcomes", outcomes.size()}, {"target_years", target_years(outcomes)}};
  for (std::size_t f = 0; f < forecasts; ++f) {
    const Mean mean = mean_scores(outcomes, f);
    json["forecasts"][std::string(forecast_names[f])] = {
        {"inside", mean.inside}, {"crps", mean.crps}, {"log_score", mean.log_score}};
  }
  return json;
}

std::string json_report(const BacktestHeading& heading, const std::vector<OriginResult>& origins) {
  Json json;
  json["title"] = heading.title;
  json["note"] = "descriptive: few and dependent outcomes";
  json["calibration"] = heading.calibration;
  json["observed_source"] = heading.observed_source;
  json["origins"] = Json::object();
  for (const OriginResult& origin : origins) {
    Json outcomes = Json::array();
    for (const Outcome& outcome : origin.outcomes) outcomes.push_back(outcome_json(outcome));
    json["origins"][std::to_string(origin.origin)] = {
        {"calibration_years", origin.calibration_years},
        {"trajectories", origin.trajectories},
        {"complete_trajectories", origin.complete},
        {"outcomes", outcomes},
        {"means", means_json(origin.outcomes)}};
  }
  json["means"] = means_json(all_outcomes(origins));
  return json.dump(2) + "\n";
}

}  // namespace

std::string backtest_report(const BacktestHeading& heading,
                            const std::vector<OriginResult>& origins, ReportFormat format) {
  switch (format) {
    case ReportFormat::csv:
      return csv_report(origins);
    case ReportFormat::json:
      return json_report(heading, origins);
    case ReportFormat::table:
      break;
  }
  return text_report(heading, origins);
}

}  // namespace flopsieve::jobs
