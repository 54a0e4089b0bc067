#include <algorithm>
#include <boost/math/quadrature/gauss_kronrod.hpp>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "engine/parameters.hpp"
#include "jobs/empirical_kernel.hpp"
#include "tests/support/small_job.hpp"

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using flopsieve::engine::CountModel;
using flopsieve::engine::Match;
using flopsieve::engine::Plan;
using flopsieve::engine::Reference;
using flopsieve::engine::Scope;
using flopsieve::engine::SizeFamily;
using flopsieve::kernels::Law;
using namespace flopsieve::test;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// A small job with other [models].
std::string with(const std::string& models) {
  const std::size_t begin = small_job.find("[models]\n") + 9;
  const std::size_t end = small_job.find("[[constraint]]");
  std::string job = small_job;
  return job.replace(begin, end - begin, models + "\n");
}

Plan parsed(const std::string& models) {
  return round_trip(with(models));
}

std::string says(const std::string& models) {
  return complaint(with(models));
}

/// Skew-normal sizes with this count, matched by shift.
std::string counted(const std::string& count) {
  return "count = " + count +
         "\nsizes = \"skew_normal\"\nsd = 1.5\nskewness = 0\nmean = { uniform = [22, 27] }\n"
         "match = \"shift\"";
}

/// 50 models of these sizes, matched within a tolerance.
std::string sized(const std::string& sizes) {
  return "count = 50\nsizes = " + sizes + "\nmatch = \"reject\"";
}

std::string without_total(const std::string& models) {
  const std::string job = with(models);
  const std::size_t begin = job.find("[total]\n") + 8;
  return std::string(job).replace(begin, job.find("[money]") - begin, "model = \"implied\"\n");
}

const std::string normal =
    "count = 50\nsizes = \"normal\"\nsd = 1.5\nmean = { normal = [24, 1] }\n";

}  // namespace

TEST_CASE("count: inputs and counts with a law of their own") {
  const Plan fixed = parsed(counted("{ 2024 = 40, 2025-2026 = { uniform = [20, 80] } }"));
  CHECK(fixed.count.model == CountModel::input);
  CHECK(fixed.count.parameters.at(0).years[0].arguments[0].value == 40.0);
  const Plan poisson =
      parsed(counted("{ poisson = { normal = [50, 5], scope = \"trajectory\" } }"));
  CHECK(poisson.count.model == CountModel::poisson);
  CHECK(poisson.count.parameters.at(0).scope == Scope::trajectory);
  CHECK(poisson.count.parameters[0].years[0].lower == 1e-9);
  const Plan binomial =
      parsed(counted("{ negative_binomial = { mean = 50, size = { loguniform = [1, 9] } } }"));
  CHECK(binomial.count.model == CountModel::negative_binomial);
  CHECK(binomial.count.parameters.at(1).years[0].law == Law::loguniform);
}

TEST_CASE("count: trends of the calibration years") {
  std::vector<double> counts;
  for (const auto& year : default_calibration().years) {
    counts.push_back(static_cast<double>(year.count));
  }
  double mean = 0.0, slope = 0.0, mean_log = 0.0, slope_log = 0.0;
  for (std::size_t i = 0; i < 7; ++i) {  // sum of (year - 2020)^2 is 28
    mean += counts[i] / 7.0;
    mean_log += std::log(counts[i]) / 7.0;
    slope += (static_cast<double>(i) - 3.0) * counts[i] / 28.0;
    slope_log += (static_cast<double>(i) - 3.0) * std::log(counts[i]) / 28.0;
  }
  const Plan exponential = parsed(counted("{ exponential_trend = \"calibration\" }"));
  CHECK(exponential.count.model == CountModel::exponential_trend);
  CHECK(exponential.count.trend.intercept == Approx(mean_log));
  CHECK(exponential.count.trend.slope == Approx(slope_log));
  const Plan linear = parsed(counted("{ linear_trend = \"calibration\" }"));
  CHECK(linear.count.model == CountModel::linear_trend);
  CHECK(linear.count.trend.intercept == Approx(mean));
  CHECK(linear.count.trend.slope == Approx(slope));
  const Plan kinked = parsed(counted("{ kinked_trend = \"calibration\" }"));
  CHECK(kinked.count.model == CountModel::kinked_trend);
  REQUIRE(kinked.count.kinks.size() == 5);
  CHECK(kinked.count.kinks.front().knot == 2018.0);
  CHECK(parsed(counted("\"state_space\"")).count.model == CountModel::state_space);
}

TEST_CASE("count: what it refuses") {
  CHECK_THAT(says(counted("0")), Contains("from 1 to 100000"));
  CHECK_THAT(says(counted("2e5")), Contains("from 1 to 100000"));
  CHECK_THAT(says(counted("\"poison\"")), Contains("models.count must be one of \"state_space\""));
  CHECK_THAT(says(counted("\"implied\"")), Contains("belong together"));
  CHECK_THAT(says(counted("{ poisson = -3 }")),
             Contains("models.count.poisson must be from 1e-09 to 100000, found -3"));
  CHECK_THAT(says(counted("{ poisson = 3, lower = 1 }")), Contains("\"lower\""));
  CHECK_THAT(says(counted("{ negative_binomial = { mean = 50 } }")), Contains("lacks \"size\""));
  CHECK_THAT(says(counted("{ linear_trend = \"fit\" }")), Contains("or written out"));
  CHECK_THAT(says(counted("{ kinked_trend = 3 }")), Contains("one table for each knot"));
  const std::string kink =
      "knot = 2020, coefficients = [1, 2, 3], factor = [1, 0, 1, 0, 0, 1], residual_variance = 1, "
      "degrees_of_freedom = 4 }";
  CHECK_THAT(says(counted("{ kinked_trend = [{ weight = 0.5, " + kink + "] }")),
             Contains("must sum to 1, found 0.5"));
  CHECK_THAT(says(counted("{ kinked_trend = [{ weight = 1, " + edited(kink, "[1, 2, 3]", "[1, 2]") +
                          "] }")),
             Contains("coefficients must have 3 numbers, found 2"));
  for (const char* factor : {"[0, 0, 1, 0, 0, 1]", "[1, 0, -1, 0, 0, 1]", "[1, 0, 1, 0, 0, 0]"}) {
    CHECK_THAT(says(counted("{ kinked_trend = [{ weight = 1, " +
                            edited(kink, "[1, 0, 1, 0, 0, 1]", factor) + "] }")),
               Contains("models.count.kinked_trend[1].factor needs positive numbers 1, 3 and 6"));
  }
}

TEST_CASE("sizes: every family") {
  const Plan plain = parsed(sized("\"normal\"\nmean = 24\nsd = 1.5"));
  CHECK(plain.sizes.family == SizeFamily::normal);
  CHECK(parsed(sized("\"skew_normal\"\nmean = 24\nsd = 1.5\nskewness = -0.5")).sizes.family ==
        SizeFamily::skew_normal);
  const Plan direct = parsed(sized("\"skew_normal\"\nlocation = 24\nscale = 1.5\nshape = -3"));
  CHECK(direct.sizes.family == SizeFamily::skew_normal_direct);
  CHECK(direct.sizes.parameters.at(2).years[0].arguments[0].value == -3.0);
  CHECK(parsed(sized("\"truncated_normal\"\nmean = 24\nsd = 2\nlower = 20\nupper = 27"))
            .sizes.family == SizeFamily::truncated_normal);
  CHECK(parsed(sized("\"uniform\"\nlower = 20\nupper = { uniform = [25, 27] }")).sizes.family ==
        SizeFamily::uniform);
  CHECK(parsed(sized("\"student_t\"\nlocation = 24\nscale = 1\ndegrees_of_freedom = 4"))
            .sizes.family == SizeFamily::student_t);
  const Plan grid = parsed(sized("\"grid\"\nlower = 20\nupper = 27"));
  CHECK(grid.sizes.family == SizeFamily::grid);
  CHECK(grid.sizes.parameters.at(2).years[0].arguments[0].value == 1.0);
  CHECK(parsed(sized("\"power_law\"\ngradient = 0.9\nsmallest = 20\nlargest = 27")).sizes.family ==
        SizeFamily::power_law);

  const Plan mixture = parsed(sized(
      "\"mixture\"\nlocation = { uniform = [20, 24] }\nweights = [0.7, { uniform = [0.1, 0.3] }]\n"
      "means = [0, 2]\nsds = [1, { 2024 = 0.5, 2025-2026 = 0.4 }]"));
  CHECK(mixture.sizes.family == SizeFamily::mixture);
  REQUIRE(mixture.sizes.components.size() == 2);
  CHECK(mixture.sizes.components[1].weight.years[0].law == Law::uniform);
  CHECK(mixture.sizes.components[1].sd.years[2].arguments[0].value == 0.4);
  CHECK(parsed(sized("\"mixture\"\nweights = [1, 2]\nmeans = [22, 24]\nsds = [1, 1]"))
            .sizes.parameters.at(0)
            .years[0]
            .arguments[0]
            .value == 0.0);
}

TEST_CASE("sizes: an allocation implies the count and meets the total by itself") {
  const std::string allocation =
      "sizes = \"allocation\"\nlargest_share = { 2024 = { largest_flop = 3.8e25 }, 2025-2026 = "
      "{ lognormal = [-1.8, 0.6], lower = 0.05, upper = 0.5 } }\ngradient = { uniform = [0.9, 1.1] "
      "}\n"
      "smallest = { uniform = [-8, -6], scope = \"trajectory\" }";
  const Plan plan = parsed(allocation);
  CHECK(plan.count.model == CountModel::implied);
  CHECK(plan.matching.match == Match::none);
  CHECK(plan.sizes.bins == 19);
  const auto& share = plan.sizes.parameters.at(0).years[0];
  CHECK(share.law == Law::constant);
  CHECK(share.arguments[0].times == 3.8e25);
  CHECK(share.arguments[0].reference == Reference::inverse_total);
  CHECK(parsed(allocation + "\nbins = 5\ncount = \"implied\"\nmatch = \"none\"").sizes.bins == 5);
  CHECK_THAT(says(allocation + "\nbins = 0"), Contains("models.bins must be from 1 to 255"));
  CHECK_THAT(says(allocation + "\ncount = 50"), Contains("belong together"));
  CHECK_THAT(says(allocation + "\nmatch = \"shift\""), Contains("must be \"none\""));
  CHECK_THAT(complaint(without_total(allocation)), Contains("cannot be \"implied\""));
}

TEST_CASE("sizes: from the calibration") {
  const Plan plan = parsed(
      "count = 50\nsizes = \"skew_normal\"\nmean = { from = \"calibration\" }\n"
      "sd = { from = \"calibration\" }\nskewness = { from = \"calibration\" }\nmatch = \"shift\"");
  const auto ends = [&](std::size_t parameter, std::size_t year) {
    const auto& arguments = plan.sizes.parameters.at(parameter).years.at(year).arguments;
    return std::pair(arguments[0].value, arguments[1].value);
  };
  CHECK(ends(0, 0).first == Approx(22.511).margin(5e-4));  // figures of the README
  CHECK(ends(0, 0).second == Approx(24.388).margin(5e-4));
  CHECK(ends(1, 0).first == Approx(1.415).margin(5e-4));
  CHECK(ends(1, 2).second == Approx(1.958).margin(5e-4));
  CHECK(ends(2, 0).first == -0.95);
  CHECK(ends(2, 0).second == Approx(0.150).margin(5e-4));
}

TEST_CASE("sizes: on the path of the state space") {
  const std::string models =
      "count = \"state_space\"\nsizes = \"skew_normal\"\nmean = { from = \"state_space\" }\n"
      "sd = { from = \"state_space\" }\nskewness = { from = \"state_space\" }\nmatch = \"shift\"";
  const Plan plan = parsed(models);
  REQUIRE(plan.state.points > 0);
  CHECK(plan.state.last_year == 2023);
  REQUIRE(plan.state.observed.size() == 35);
  CHECK(plan.state.observed[0] == default_calibration().years[0].log10_total);
  const auto& mean = plan.sizes.parameters.at(0).years[0];
  CHECK(mean.law == Law::normal);
  CHECK(mean.arguments[0].reference == Reference::state_mean);
  CHECK(mean.arguments[1].value == plan.state.fitted_mean_sd);
  CHECK(plan.sizes.parameters.at(1).years[0].arguments[0].reference == Reference::state_sd);
  CHECK(plan.sizes.parameters.at(2).years[0].arguments[0].reference == Reference::state_skewness);
  // The bound of the density of a normal prior.
  CHECK(plan.matching.bound.at(0) ==
        Approx(1.0 / (plan.state.fitted_mean_sd * std::sqrt(2.0 * M_PI))));

  const std::string own = edited(models, "mean = { from = \"state_space\" }",
                                 "mean = { normal = [{ input = \"state_mean\", plus = 1 }, 0.3] }");
  CHECK(parsed(own).sizes.parameters[0].years[0].arguments[0].value == 1.0);
  CHECK(round_trip(small_job).state.points == 0);
  const std::string table =
      "\n[state_space]\nlast_year = 2023\n"
      "log10_total = { observed = [24, 25, 26], standard_error = [0.2, 0.2, 0.2] }\n"
      "mean = { observed = [21, 22, 23], standard_error = [0.2, 0.2, 0.2] }\n"
      "ln_sd = { observed = [0.4, 0.4, 0.5], standard_error = [0.1, 0.1, 0.1] }\n"
      "atanh_skewness = { observed = [0, 0, 0], standard_error = [0.1, 0.1, 0.1] }\n"
      "ln_count = { observed = [3, 3.5, 4], standard_error = [0.1, 0.1, 0.1] }\n";
  CHECK(round_trip(with(models) + table).state.fitted_mean_sd == Approx(0.2));
  CHECK(round_trip(small_job + table).state.points == 0);
  CHECK_THAT(complaint(with(models) + edited(table, "[0.2, 0.2, 0.2]", "[0.2, 0.2]")),
             Contains("the same 3 or more years"));
  CHECK_THAT(complaint(with(models) + edited(table, "0.4, 0.4, 0.5], standard_error = [0.1",
                                             "0.4, 0.4, 0.5], standard_error = [0")),
             Contains("standard_error must be positive"));
  CHECK_THAT(complaint(with(models) + edited(table, "ln_count", "count")), Contains("ln_count"));
}

TEST_CASE("sizes: the empirical kernel") {
  const Plan plan = parsed(
      "count = 50\nsizes = \"empirical\"\nsd = 1.5\nmean = { normal = [24, 1] }\nmatch = "
      "\"shift\"");
  const auto& kernel = plan.sizes.kernel;
  CHECK(kernel.cumulative_weights.back() == 1.0);
  CHECK(std::is_sorted(kernel.centres.begin(), kernel.centres.end()));

  // Slowly, one entry for each model.
  std::vector<double> models;
  for (const auto& year : default_calibration().years) {
    for (std::size_t bin = 0; bin < year.histogram.size(); ++bin) {
      const double x = year.histogram_start + 0.25 * static_cast<double>(bin) + 0.125;
      models.insert(models.end(), static_cast<std::size_t>(year.histogram[bin]),
                    (x - year.mean) / year.sd);
    }
  }
  std::sort(models.begin(), models.end());
  const auto n = static_cast<double>(models.size());
  double mean = 0.0, variance = 0.0;
  for (const double each : models) mean += each / n;
  for (const double each : models) variance += (each - mean) * (each - mean) / n;
  const auto at = [&](double p) { return models[static_cast<std::size_t>(std::ceil(p * n)) - 1]; };
  const double bandwidth =
      0.9 * std::min(std::sqrt(variance), (at(0.75) - at(0.25)) / 1.34) * std::pow(n, -0.2);
  CHECK(kernel.bandwidth == Approx(bandwidth));
  CHECK(kernel.mean == Approx(mean).margin(1e-12));

  // The density itself, by quadrature.
  const auto density = [&](double x) {
    double sum = 0.0, before = 0.0;
    for (std::size_t i = 0; i < kernel.centres.size(); ++i) {
      const double z = (x - kernel.centres[i]) / kernel.bandwidth;
      sum += (kernel.cumulative_weights[i] - before) * std::exp(-0.5 * z * z);
      before = kernel.cumulative_weights[i];
    }
    return sum / (kernel.bandwidth * std::sqrt(2.0 * M_PI));
  };
  using Quadrature = boost::math::quadrature::gauss_kronrod<double, 61>;
  const auto moment = [&](auto function) {
    return Quadrature::integrate([&](double x) { return function(x) * density(x); }, -8.0, 8.0, 12,
                                 1e-12);
  };
  CHECK(moment([](double) { return 1.0; }) == Approx(1.0));
  CHECK(moment([](double x) { return x; }) == Approx(kernel.mean).margin(1e-9));
  CHECK(std::sqrt(moment([&](double x) { return std::pow(x - kernel.mean, 2); })) ==
        Approx(kernel.sd));

  const std::string written =
      "count = 50\nsizes = \"empirical\"\nsd = 1.5\nmean = 24\nmatch = \"reject\"\n"
      "kernel = { centres = [-1, 0, 2], weights = [1, 2, 1], bandwidth = 0.5 }";
  const auto own = parsed(written).sizes.kernel;
  CHECK(own.cumulative_weights == std::vector<double>{0.25, 0.75, 1.0});
  CHECK(own.mean == 0.25);
  CHECK(own.sd == Approx(std::sqrt(1.1875 + 0.25)));  // E x^2 - mean^2 = 1.25 - 0.0625
  CHECK_THAT(says(edited(written, "[1, 2, 1]", "[1, 0, 1]")), Contains("positive weights"));
  CHECK_THAT(says(edited(written, "[1, 2, 1]", "[1, 1]")), Contains("as many"));
  CHECK_THAT(says(edited(written, "bandwidth = 0.5", "bandwidth = 0")), Contains("positive"));
  CHECK_THAT(says(edited(written, "kernel = {", "kernel = \"mine\" #")),
             Contains("must be \"calibration\" or a table"));
}

TEST_CASE("sizes: what they refuse") {
  const auto refuses = [](const std::string& sizes) { return says(sized(sizes)); };
  CHECK_THAT(refuses("\"norml\""), Contains("models.sizes must be one of \"normal\", ") &&
                                       Contains("did you mean \"normal\"?"));
  CHECK_THAT(refuses("\"normal\"\nmean = 24\nsd = 0"),
             Contains("models.sd must be from 0.001 to 20, found 0"));
  CHECK_THAT(refuses("\"normal\"\nmean = 24\nsd = { uniform = [30, 40] }"),
             Contains("models.sd must be from 0.001 to 20"));
  CHECK_THAT(refuses("\"normal\"\nmean = 24\nsd = { normal = [-5, 1] }"),
             Contains("less than 1 %"));
  CHECK_THAT(refuses("\"normal\"\nmean = 24\nsd = 1\nskewness = 0"),
             Contains("needs sizes = \"skew_normal\""));
  CHECK_THAT(refuses("\"skew_normal\"\nmean = 24\nsd = 1\nskewness = 1.2"),
             Contains("models.skewness must be from -0.995"));
  CHECK_THAT(refuses("\"skew_normal\"\nmean = 24\nscale = 1\nshape = 2"),
             Contains("lacks \"location\""));
  CHECK_THAT(refuses("\"student_t\"\nlocation = 24\nscale = 1\ndegrees_of_freedom = 1"),
             Contains("from 2 to 1e+06"));
  CHECK_THAT(refuses("\"uniform\"\nlower = 25\nupper = 24"),
             Contains("models.lower must stay below models.upper: in 2024"));
  CHECK_THAT(refuses("\"grid\"\nlower = { uniform = [20, 26] }\nupper = { uniform = [25, 28] }"),
             Contains("it reaches up to 26, and models.upper down to 25"));
  CHECK_THAT(refuses("\"power_law\"\ngradient = 1\nsmallest = 27\nlargest = 20"),
             Contains("models.smallest must stay below models.largest"));
  CHECK_THAT(refuses("\"power_law\"\ngradient = -5\nsmallest = 0\nlargest = 60"),
             Contains("too far from 1"));
  CHECK_THAT(refuses("\"mixture\"\nweights = [1]\nmeans = [1]\nsds = [1]"), Contains("2 to 4"));
  CHECK_THAT(refuses("\"mixture\"\nweights = [1, 1]\nmeans = [1]\nsds = [1, 1]"),
             Contains("2 to 4"));
  CHECK_THAT(refuses("\"mixture\"\nweights = 1\nmeans = [1]\nsds = [1]"), Contains("an array"));
  CHECK_THAT(refuses("\"mixture\"\nweights = [0, 0]\nmeans = [1, 2]\nsds = [1, 1]"),
             Contains("all 0 in 2024"));
  CHECK_THAT(refuses("\"mixture\"\nweights = [1, 1]\nmeans = [1, 2]\nsds = [1, -1]"),
             Contains("models.sds[2] must be from 0.001 to 20, found -1"));
  CHECK_THAT(refuses("\"uniform\"\nlower = { from = \"calibration\" }\nupper = 27"),
             Contains("models.lower cannot come from the calibration"));
  CHECK_THAT(refuses("\"normal\"\nmean = 24\nsd = { from = \"nowhere\" }"),
             Contains("must be \"calibration\" or \"state_space\""));
  CHECK_THAT(refuses("\"normal\"\nmean = 24\nsd = { normal = [{ input = \"count\" }, 1] }"),
             Contains("cannot depend on another input"));
  CHECK_THAT(refuses("\"normal\"\nmean = { normal = [{ input = \"skewness\" }, 1] }\nsd = 1"),
             Contains("unknown input \"skewness\"") && Contains("allowed: count, sd, state_mean"));
  CHECK_THAT(
      refuses("\"normal\"\nmean = { normal = [24, { input = \"count\", times = 0 }] }\nsd = 1"),
      Contains("arbitrarily near to 0"));
  CHECK_THAT(refuses("\"normal\"\nmean = { normal = [{ input = \"count\" }, 0] }\nsd = 1"),
             Contains("standard deviation of models.mean must be positive, found 0"));
}

TEST_CASE("match: bounds of the acceptance") {
  const Plan shift = parsed(normal + "match = \"shift\"");
  CHECK(shift.matching.bound == std::vector<double>(3, shift.matching.bound[0]));
  CHECK(shift.matching.bound[0] == Approx(1.0 / std::sqrt(2.0 * M_PI)));
  const Plan narrow = parsed(edited(normal, "[24, 1]", "[24, { input = \"sd\", times = 0.5 }]") +
                             "match = \"shift\"");
  CHECK(narrow.matching.bound.at(1) == Approx(1.0 / (0.75 * std::sqrt(2.0 * M_PI))));
  const Plan reject = parsed(normal + "match = \"reject\"");
  CHECK(reject.matching.tolerance == 0.05);
  CHECK(reject.matching.bound.empty());
  CHECK(parsed(normal + "match = \"rescale\"").matching.match == Match::rescale);
  CHECK(complaint(without_total(normal)) == "no error");
  CHECK(round_trip(without_total(normal)).matching.match == Match::none);

  const auto last = [](const std::string& count, const std::string& attempts) {
    const std::string job = with(edited(normal, "count = 50", "count = " + count) +
                                 "match = \"last\"\ntolerance = 0.01");
    return round_trip(edited(job, "seed = 7", "seed = 7\nattempts = " + attempts)).matching;
  };
  CHECK(last("50", "9").tolerance == 0.01);
  CHECK(last("50", "9").bound == std::vector<double>(3, 0.0));
  CHECK(last("50", "1").bound == std::vector<double>(3, 50.0));
  CHECK(last("{ uniform = [20, 80.7] }", "9").bound == std::vector<double>(3, 81.0));
  CHECK(last("{ uniform = [20, 80], scope = \"trajectory\" }", "9").bound ==
        std::vector<double>(3, 0.0));
  CHECK(last("{ uniform = [20, 80], scope = \"trajectory\" }", "1").bound ==
        std::vector<double>(3, 80.0));
  CHECK(last("{ exponential_trend = \"calibration\" }", "9").bound == std::vector<double>(3, 0.0));
}

TEST_CASE("match: what it refuses") {
  CHECK_THAT(says(normal), Contains("lacks \"match\""));
  CHECK_THAT(says(normal + "match = \"move\""), Contains("models.match must be one of \"reject\""));
  CHECK_THAT(says(normal + "match = \"none\""), Contains("do not add up to the total"));
  CHECK_THAT(complaint(without_total(normal + "match = \"shift\"")), Contains("sum of the sizes"));
  CHECK_THAT(says(normal + "match = \"shift\"\ntolerance = 0.1"), Contains("are exact"));
  CHECK_THAT(says(normal + "match = \"reject\"\ntolerance = 0"), Contains("must be positive"));
  CHECK_THAT(says("count = 50\nsizes = \"uniform\"\nlower = 20\nupper = 27\nmatch = \"shift\""),
             Contains("has fixed bounds"));
  CHECK_THAT(says(edited(normal, "{ normal = [24, 1] }", "24") + "match = \"shift\""),
             Contains("needs a distribution for models.mean"));
  CHECK_THAT(
      says(edited(normal, "[24, 1]", "[24, 1], scope = \"trajectory\"") + "match = \"shift\""),
      Contains("must have scope \"candidate\""));
  CHECK_THAT(
      says(edited(normal, "[24, 1]", "[24, 1], year_correlation = 0.5") + "match = \"shift\""),
      Contains("no year_correlation"));
  CHECK_THAT(
      says(edited(normal, "[24, 1]", "[{ input = \"sd\" }, 1], lower = 20") + "match = \"shift\""),
      Contains("cannot have bounds"));
  CHECK_THAT(says(edited(normal, "50", "{ normal = [50, 5] }") + "match = \"last\""),
             Contains("models.count must be bounded: give it an upper bound"));
  CHECK_THAT(says(edited(normal, "50", "{ poisson = 50 }") + "match = \"last\""),
             Contains("must be bounded"));
  const std::string once = with(edited(normal, "50", "\"state_space\"") + "match = \"last\"");
  CHECK_THAT(complaint(edited(once, "seed = 7", "seed = 7\nattempts = 1")),
             Contains("where attempts = 1"));
}

TEST_CASE("inputs: dependence between years") {
  const auto sd = [](const std::string& text) {
    return parsed("count = 50\nsizes = \"normal\"\nmean = 24\nmatch = \"reject\"\nsd = " + text)
        .sizes.parameters.at(1);
  };
  CHECK(sd("{ uniform = [1, 2], year_correlation = 0.25 }").year_correlation == 0.25);
  CHECK(
      sd("{ year_correlation = 1, 2024 = 1, 2025-2026 = { uniform = [1, 2] } }").year_correlation ==
      1.0);
  CHECK(sd("{ uniform = [1, 2], scope = \"trajectory\" }").scope == Scope::trajectory);
  // What is constant has no dependence.
  CHECK(sd("{ scope = \"trajectory\", 2024-2026 = 1.5 }").scope == Scope::candidate);
  CHECK(sd("{ uniform = [0, 2] }").years[0].lower == 1e-3);
  CHECK(sd("{ uniform = [1, 2] }").years[0].upper == infinity);
  const auto refused = [](const std::string& text) {
    return says("count = 50\nsizes = \"normal\"\nmean = 24\nmatch = \"reject\"\nsd = " + text);
  };
  CHECK_THAT(refused("{ uniform = [1, 2], year_correlation = 1.5 }"),
             Contains("models.sd.year_correlation must be from 0 to 1, found 1.5"));
  CHECK_THAT(refused("{ uniform = [1, 2], scope = \"trajectory\", year_correlation = 0.5 }"),
             Contains("all years share one quantile"));
  CHECK_THAT(refused("{ uniform = [1, 2], scope = \"year\" }"), Contains("found \"year\""));
  CHECK_THAT(refused("{ 2024-2026 = { uniform = [1, 2], scope = \"trajectory\" } }"),
             Contains("\"scope\""));
}

TEST_CASE("a resolved job does not look at the calibration") {
  flopsieve::jobs::Calibration other = default_calibration();
  for (auto& year : other.years) {
    year.count += 7;
    year.mean += 0.1;
    year.sd *= 1.1;
    year.skewness *= 0.9;
    year.log10_total += 0.2;
    std::reverse(year.histogram.begin(), year.histogram.end());
  }
  const std::string moments =
      "mean = { from = \"calibration\" }\nsd = { from = \"calibration\" }\nmatch = \"shift\"\n";
  for (const std::string& models :
       {"count = { exponential_trend = \"calibration\" }\nsizes = \"skew_normal\"\n"
        "skewness = { from = \"calibration\" }\n" +
            moments,
        "count = { kinked_trend = \"calibration\" }\nsizes = \"empirical\"\n" + moments,
        "count = \"state_space\"\nsizes = \"normal\"\n" +
            edited(moments, "\"calibration\"", "\"state_space\"")}) {
    const std::string job =
        edited(with(models), "growth = 4\n", "growth = 4\nknown = { 2024 = 26 }\n");
    const std::string resolved = flopsieve::jobs::resolved_job(plan_of(job));
    const auto document = flopsieve::jobs::parse_toml(resolved, "resolved");
    const Plan again = flopsieve::jobs::plan_from_job(document, other);
    CHECK(flopsieve::engine::plan_to_json(again) == flopsieve::engine::plan_to_json(plan_of(job)));
    const auto changed = flopsieve::jobs::parse_toml(job, "job");
    const std::string elsewhere =
        flopsieve::jobs::resolved_job(flopsieve::jobs::plan_from_job(changed, other));
    CHECK_FALSE(flopsieve::jobs::differing_keys(flopsieve::jobs::job_values(resolved),
                                                flopsieve::jobs::job_values(elsewhere))
                    .empty());
  }
}
