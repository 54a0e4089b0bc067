#include "engine/statistic.hpp"

#include <catch2/catch.hpp>
#include <set>
#include <stdexcept>

namespace flopsieve::engine {

TEST_CASE("the table of statistics has one row per kind, in order") {
  const auto& table = statistic_table();
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < table.size(); ++i) {
    CHECK(static_cast<std::size_t>(table[i].kind) == i);
    CHECK(names.insert(table[i].name).second);
    CHECK_FALSE(table[i].meaning.empty());
    if (table[i].grid.scale != Grid::Scale::whole) {
      CHECK(table[i].grid.bins > 0);
      CHECK(table[i].grid.lower < table[i].grid.upper);
    }
  }
  CHECK(table.back().kind == StatisticKind::count_above_tokens);
}

TEST_CASE("a statistic is read as it is written") {
  for (const char* text :
       {"mean", "largest_share", "class_share(2)", "count_above(1e+25)", "count_within(0.5)",
        "share_over_budget(1000000)", "share_over_budget(3.85e+10)", "count_above_tokens(1e+14)",
        "count_above(123456789)"}) {
    CHECK(parse_statistic(text).name() == text);
  }
  CHECK(parse_statistic("count_above(1e25)") == Statistic{StatisticKind::count_above, 1e25});
  for (const double each : {1e9, 1.2345678901234567e9, 99999999.5, 1.0 / 3.0, 2.5e-7, 1e100}) {
    const Statistic statistic{StatisticKind::count_above, each};
    CHECK(parse_statistic(statistic.name()) == statistic);
  }
}

TEST_CASE("a wrong statistic is refused with what is allowed") {
  const auto message = [](const char* text) -> std::string {
    try {
      parse_statistic(text);
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "accepted";
  };
  using Catch::Contains;
  CHECK_THAT(message("larges_share"), Contains("unknown") && Contains("largest_share"));
  CHECK_THAT(message(""), Contains("unknown"));
  CHECK_THAT(message("mean(2)"), Contains("no parameter"));
  CHECK_THAT(message("count_above"), Contains("FLOP"));
  CHECK_THAT(message("count_above_tokens"), Contains("tokens"));
  CHECK_THAT(message("count_above(1e25"), Contains("not count_above"));
  for (const char* text : {"count_above()", "count_above(x)", "count_above(-1)", "count_above(0)",
                           "count_above(inf)", "count_above(nan)", "count_above(1 )"}) {
    CHECK_THAT(message(text), Contains("positive"));
  }
  CHECK_THAT(message("class_share(1.5)"), Contains("1 to 30"));
  CHECK_THAT(message("class_share(31)"), Contains("1 to 30"));
}

}  // namespace flopsieve::engine
