#include "jobs/metric.hpp"

#include <catch2/catch.hpp>

#include "engine/error.hpp"

using namespace flopsieve;
using Catch::Matchers::Contains;
using jobs::Metric;
using jobs::MetricKind;

namespace {

const jobs::MetricAxes axes{{2027, 2028}, {1e25, 1e26}, {0.05, 0.5, 0.95}};

Metric parse(const std::string& text) {
  return jobs::parse_metric(text);
}

}  // namespace

TEST_CASE("a metric is read, and written so that it reads back") {
  const Metric median = parse("cumulative(1e26, 2028)");
  CHECK(median.kind == MetricKind::cumulative);
  CHECK(median.threshold == 1e26);
  CHECK(median.year == 2028);
  CHECK(median.quantile == 0.5);
  CHECK_FALSE(median.names_part);
  CHECK(median.text() == "cumulative(1e26, 2028)");
  CHECK(parse(" counts ( 2.5e25 ,2027, mean ) ").text() == "counts(2.5e25, 2027, mean)");
  CHECK_FALSE(parse("counts(1e26,2028,mean)").quantile);
  CHECK(parse("counts(1e26,2028,0.9)").quantile == 0.9);
  CHECK(parse("counts(1e26,2028,0.5)").text() == "counts(1e26, 2028, 0.5)");
  CHECK(parse("acceptance(2028)").text() == "acceptance(2028)");
  CHECK(parse("counts(1000, 2028)").threshold == 1000.0);
  for (const char* text : {"cumulative(1e+26, 2028)", "counts(1.2345678901234567e+26, 2028, 0.05)",
                           "acceptance(2028)"}) {
    const std::string once = parse(text).text();
    CHECK(parse(once).text() == once);
    CHECK(parse(once).threshold == parse(text).threshold);
  }
}

TEST_CASE("a metric may be a statistic of the outputs") {
  const Metric high = parse("statistic( count_above_tokens(3e14) , 2028, 0.95)");
  CHECK(high.kind == MetricKind::statistic);
  CHECK(high.statistic == engine::parse_statistic("count_above_tokens(3e14)"));
  CHECK(high.text() == "statistic(count_above_tokens(3e14), 2028, 0.95)");
  CHECK(parse("statistic(sd, 2027)").text() == "statistic(sd, 2027)");
  jobs::MetricAxes with = axes;
  with.statistics = {engine::parse_statistic("sd"),
                     engine::parse_statistic("count_above_tokens(3e14)")};
  const jobs::MetricPlace place = place_of(high, with, "a.h5");
  CHECK(place.year == 1);
  CHECK(place.threshold == 1);
  CHECK(place.quantile == 2);
  CHECK_THROWS_WITH(place_of(parse("statistic(gini, 2028)"), with, "a.h5"),
                    "statistic(gini, 2028): a.h5 has no statistic gini; it has sd, "
                    "count_above_tokens(3e+14)");
  CHECK_THROWS_WITH(place_of(high, axes, "a.h5"), Contains("it has none"));
  CHECK_THROWS_WITH(parse("statistic(sdd, 2028)"), Contains("unknown statistic \"sdd\""));
  CHECK_THROWS_WITH(parse("statistic(sd)"), Contains("takes 2 or 3 arguments, found 1"));
}

TEST_CASE("what is no metric is refused with what is allowed") {
  const auto refused = [](const char* text, const char* says) {
    INFO(text);
    CHECK_THROWS_WITH(parse(text), Contains(says) && Contains("allowed: counts(THRESHOLD, YEAR)"));
    CHECK_THROWS_AS(parse(text), engine::Error);
  };
  refused("cumulatve(1e26, 2028)", "did you mean \"cumulative\"?");
  refused("", "no output has the name \"\"");
  refused("(1e26, 2028)", "no output has the name \"\"");
  refused("cumulative", "needs its arguments in brackets");
  refused("cumulative(1e26, 2028", "needs its arguments in brackets");
  refused("cumulative(1e26)", "takes 2 or 3 arguments, found 1");
  refused("cumulative()", "takes 2 or 3 arguments, found 1");
  refused("cumulative(1e26, 2028, 0.5, 1)", "takes 2 or 3 arguments, found 4");
  refused("acceptance(1e26, 2028)", "takes 1 arguments, found 2");
  refused("cumulative(1e26, twenty)", "\"twenty\" is not a year");
  refused("cumulative(1e26, 2028.5)", "\"2028.5\" is not a year");
  refused("cumulative(big, 2028)", "\"big\" is not a threshold");
  refused("cumulative(-1e26, 2028)", "\"-1e26\" is no positive threshold");
  refused("cumulative(nan, 2028)", "\"nan\" is no positive threshold");
  refused("cumulative(inf, 2028)", "\"inf\" is no positive threshold");
  refused("cumulative(1e26, 2028, median)", "\"median\" is not a quantile or mean");
  refused("cumulative(1e26, 2028, )", "\"\" is not a quantile or mean");
  refused("cumulative(1e26, 2028, 1)", "\"1\" is no quantile between 0 and 1");
  refused("cumulative(1e26, 2028, 95)", "\"95\" is no quantile between 0 and 1");
}

TEST_CASE("a metric has its place in a result, or the message names what there is") {
  const jobs::MetricPlace place = place_of(parse("cumulative(1e26, 2027, 0.95)"), axes, "a.h5");
  CHECK(place.year == 0);
  CHECK(place.threshold == 1);
  CHECK(place.quantile == 2);
  CHECK_FALSE(place_of(parse("counts(1e25, 2028, mean)"), axes, "a.h5").quantile);
  CHECK(place_of(parse("acceptance(2028)"), axes, "a.h5").year == 1);
  CHECK_THROWS_WITH(place_of(parse("counts(1e25, 2029)"), axes, "a.h5"),
                    "counts(1e25, 2029): a.h5 has no year 2029; it has 2027, 2028");
  CHECK_THROWS_WITH(place_of(parse("counts(1e24, 2028)"), axes, "a.h5"),
                    "counts(1e24, 2028): a.h5 has no threshold 1e24; it has 1e25, 1e26");
  CHECK_THROWS_WITH(place_of(parse("counts(1e25, 2028, 0.9)"), axes, "a.h5"),
                    "counts(1e25, 2028, 0.9): a.h5 has no quantile 0.9; it has 0.05, 0.5, 0.95, "
                    "and mean");
  CHECK_THROWS_WITH(place_of(parse("counts(1e25, 2028)"), {{2028}, {1e25}, {0.1}}, "a.h5"),
                    Contains("no quantile 0.5"));
}
