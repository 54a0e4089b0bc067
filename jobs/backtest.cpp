#include "jobs/backtest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/error.hpp"
#include "jobs/input_parser.hpp"
#include "jobs/job.hpp"
#include "jobs/scores.hpp"
#include "jobs/table_reader.hpp"
#include "jobs/toml_text.hpp"
#include "jobs/trend.hpp"
#include "kernels/philox.hpp"

namespace flopsieve::jobs {
namespace {

/// The largest mean of a naive forecast, far above any number of models that could be known.
constexpr double largest_naive_mean = 1e5;

/// Reads [backtest] of a job.
class BacktestParser {
 public:
  BacktestParser(TableReader table, const Document& job, const Calibration& calibration)
      : table_(std::move(table)), root_(job), calibration_(calibration) {}

  Backtest parse() {
    for (const char* key : {"years", "observed"}) {
      if (!root_.has(key)) continue;
      root_.fail_at(key, fmt::format("{} cannot stand beside [backtest], which {}", key,
                                     std::string(key) == "years"
                                         ? "sets the years of each origin"
                                         : "takes known counts in [backtest.observed]"));
    }
    parse_thresholds();
    parse_origins();
    if (table_.has("observed")) parse_later_counts();
    table_.finish();
    for (const int origin : backtest_.origins) demand_outcome(origin);
    return backtest_;
  }

 private:
  int last_known_year() const { return calibration_.years.back().year; }

  void parse_origins() {
    const auto [first, last] = parse_year_range(
        table_.string("origins"), [&](const std::string& why) { table_.fail_at("origins", why); });
    const int least = calibration_.years.front().year + least_calibration_years - 1;
    if (first < least || last > last_known_year()) {
      table_.fail_at("origins",
                     fmt::format("backtest.origins must be from {} to {}, found {}-{}: an origin "
                                 "needs {} calibration years up to it, and be one of them",
                                 least, last_known_year(), first, last, least_calibration_years));
    }
    for (int year = first; year <= last; ++year) backtest_.origins.push_back(year);
    const std::int64_t leads = table_.integer("leads", backtest_.leads);
    if (leads < 1 || leads > 20) {
      table_.fail_at("leads", fmt::format("backtest.leads must be from 1 to 20, found {}", leads));
    }
    backtest_.leads = static_cast<int>(leads);
  }

  void parse_later_counts() {
    TableReader observed = table_.table("observed");
    backtest_.source = observed.label("source", "");
    if (backtest_.source.empty()) observed.fail("[backtest.observed] must name its source");
    const int first = last_known_year() + 1;
    const int last = last_known_year() + backtest_.leads;
    Value years = observed.raw();
    std::erase_if(years.entries, [](const Entry& entry) { return entry.key == "source"; });
    for (const Entry& entry : years.entries) {
      const auto fail = [&](const std::string& why) { observed.fail_at(entry.key, why); };
      const int year = parse_year_range(entry.key, fail).first;
      if (year >= first && year <= last) continue;
      fail(
          fmt::format("backtest.observed: {} is not a year after the calibration that an origin "
                      "forecasts, {} to {}",
                      entry.key, first, last));
    }
    TableReader reader(years, "backtest.observed");
    backtest_.observed = parse_observed(reader, thresholds_, first, last);
  }

  /// Naive forecasts need the counts of every calibration year.
  void parse_thresholds() {
    TableReader outputs = root_.table("outputs");
    thresholds_ = outputs.numbers("thresholds");
    for (const double threshold : thresholds_) {
      for (const CalibrationYear& year : calibration_.years) {
        if (calibration_.count_above(year.year, threshold)) continue;
        outputs.fail_at(
            "thresholds",
            fmt::format("a backtest needs thresholds above which the calibration counts "
                        "models, {}, found {}",
                        fmt::join(calibration_thresholds, ", "), threshold));
      }
    }
  }

  void demand_outcome(int origin) {
    if (origin < last_known_year()) return;
    for (const auto& [year, counts] : backtest_.observed) {
      if (year <= origin + backtest_.leads && *std::max_element(counts.begin(), counts.end()) >= 0)
        return;
    }
    table_.fail_at(
        "origins",
        fmt::format("no count is known of the {} year{} after {} to score it with; leave "
                    "this origin out or add [backtest.observed]",
                    backtest_.leads, backtest_.leads == 1 ? "" : "s", origin));
  }

  TableReader table_;
  TableReader root_;
  const Calibration& calibration_;
  std::vector<double> thresholds_;
  Backtest backtest_;
};

std::optional<std::int64_t> known_count(const Calibration& calibration, const Backtest& backtest,
                                        int year, const std::vector<double>& thresholds,
                                        std::size_t t) {
  const auto later = backtest.observed.find(year);
  if (later == backtest.observed.end()) return calibration.count_above(year, thresholds[t]);
  return later->second[t] < 0 ? std::nullopt : std::optional(later->second[t]);
}

double random_number(std::uint64_t seed, int origin, int year, std::size_t threshold) {
  // No stream of the engine has this number, so that a PIT shares no word with a draw.
  constexpr std::uint32_t stream = 255u << 24;
  const kernels::Words words =
      kernels::philox({static_cast<std::uint32_t>(threshold), static_cast<std::uint32_t>(origin),
                       static_cast<std::uint32_t>(year), stream},
                      {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)});
  return kernels::open_uniform(words[0], words[1]);
}

Score score(const Shares& forecast, std::int64_t observed, double log_score, double uniform) {
  Score result;
  constexpr std::array quantiles{0.05, 0.5, 0.95};
  for (std::size_t q = 0; q < quantiles.size(); ++q) {
    result.interval[q] = share_quantile(forecast, quantiles[q]);
  }
  result.inside = result.interval[0] <= observed && observed <= result.interval[2];
  result.crps = crps(forecast, observed);
  result.log_score = log_score;
  result.pit = randomised_pit(forecast, observed, uniform);
  return result;
}

Score poisson_score(double mean, std::int64_t observed, double uniform) {
  return score(poisson_shares(mean), observed, poisson_log_score(mean, observed), uniform);
}

/// The means of the naive forecasts of a year.
struct NaiveMeans {
  double last_year = 0.0;
  double count_trend = 0.0;
};

NaiveMeans naive_means(const Calibration& until_origin, double threshold, int year) {
  std::vector<double> years, logs;
  double last = 0.0;
  for (const CalibrationYear& each : until_origin.years) {
    last = static_cast<double>(*until_origin.count_above(each.year, threshold)) + 0.5;
    years.push_back(each.year);
    logs.push_back(std::log(last));
  }
  const double trend = std::exp(trend_at(fit_trend(years, logs), year));
  return {last, std::min(trend, largest_naive_mean)};
}

}  // namespace

std::optional<Backtest> parse_backtest(const Document& job, const Calibration& calibration) {
  TableReader root(job);
  auto table = root.optional_table("backtest");
  if (!table) return std::nullopt;
  return BacktestParser(std::move(*table), job, calibration).parse();
}

engine::Plan origin_plan(const Document& job, const Calibration& calibration,
                         const Backtest& backtest, int origin) {
  Document document = job;
  std::erase_if(document.root.entries, [](const Entry& entry) { return entry.key == "backtest"; });
  TableReader root(job);
  const std::string title = root.label("title", "Backtest");
  set_key(document, "title", toml_string(fmt::format("{}, origin {}", title, origin)));
  set_key(document, "years", fmt::format("\"{}-{}\"", origin + 1, origin + backtest.leads));
  try {
    return plan_from_job(document, calibration_until(calibration, origin));
  } catch (const engine::Error& error) {
    throw engine::Error(error.code(), fmt::format("{} (origin {})", error.what(), origin));
  }
}

std::vector<Outcome> score_origin(const engine::Plan& plan, const engine::Tally& tally,
                                  const Calibration& calibration, const Backtest& backtest,
                                  int origin) {
  const Calibration until_origin = calibration_until(calibration, origin);
  const std::vector<double>& thresholds = plan.outputs.thresholds;
  std::vector<Outcome> outcomes;
  for (std::size_t y = 0; y < plan.year_count(); ++y) {
    for (std::size_t t = 0; t < thresholds.size(); ++t) {
      const int year = plan.years[y];
      const auto observed = known_count(calibration, backtest, year, thresholds, t);
      if (!observed) continue;
      const double uniform = random_number(plan.seed, origin, year, t);
      const engine::Histogram& simulated = tally.counts[y * thresholds.size() + t];
      const NaiveMeans naive = naive_means(until_origin, thresholds[t], year);
      outcomes.push_back({origin,
                          year,
                          thresholds[t],
                          *observed,
                          {score(shares_of(simulated), *observed,
                                 log_score_of_histogram(simulated, *observed), uniform),
                           poisson_score(naive.last_year, *observed, uniform),
                           poisson_score(naive.count_trend, *observed, uniform)}});
    }
  }
  return outcomes;
}

}  // namespace flopsieve::jobs
