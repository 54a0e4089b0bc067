#include "jobs/scaling/design.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <tuple>

#include "engine/error.hpp"
#include "jobs/scaling/proportions.hpp"
#include "jobs/scaling/shape_count.hpp"

using flopsieve::engine::Error;
using namespace flopsieve::jobs;

namespace {

/// (within, penalty, distance, dimensions) or (not within, distance, penalty, dimensions).
using Key = std::tuple<bool, double, double, std::int64_t, std::int64_t, std::int64_t, std::int64_t,
                       std::int64_t>;

struct Listed {
  Design design;
  Shape shape;
  Key key;
};

std::int64_t counted(const DesignTask& task, const Shape& shape) {
  const ParameterCount count = count_parameters(shape);
  return task.counted == Counted::all ? count.total() : count.non_embedding();
}

std::vector<std::int64_t> values(const Steps& steps) {
  std::vector<std::int64_t> result;
  for (std::int64_t value = steps.from; value <= steps.to; value += steps.step) {
    result.push_back(value);
  }
  return result;
}

Listed listed(const DesignTask& task, const Design& dimensions) {
  Design design = dimensions;
  const Shape shape = shape_of(design, task.kind);
  design.parameters = counted(task, shape);
  const auto target = static_cast<double>(task.target);
  const double far = std::abs(static_cast<double>(design.parameters) - target);
  design.is_within = far <= task.tolerance * target;
  design.penalty =
      width_penalty(shape.d_model, shape.heads, shape.head_size, shape.d_ff, shape.gated) +
      depth_penalty(shape.d_model, design.layers);
  const double first = design.is_within ? design.penalty : far;
  const double second = design.is_within ? far : design.penalty;
  return {design, shape,
          Key{!design.is_within, first, second, design.d_model, design.layers, design.d_ff,
              design.heads, design.head_size}};
}

/// All shapes of a grid with every range given, in their order, by nested loops and a sort.
std::vector<Listed> all_in_order(const DesignTask& task) {
  std::vector<Listed> list;
  const Grid& grid = task.grid;
  for (const auto d_model : values(grid.d_model)) {
    for (const auto heads : values(*grid.heads)) {
      if (task.kind.kv_heads > 0 && heads % task.kind.kv_heads != 0) continue;
      for (const auto size : values(*grid.head_size)) {
        if (task.kind.positions == Positions::rotary && size % 2 == 1) continue;
        for (const auto d_ff : values(*grid.d_ff)) {
          for (const auto layers : values(grid.layers)) {
            list.push_back(listed(task, {0, d_model, heads, size, d_ff, layers, false, 0.0}));
          }
        }
      }
    }
  }
  std::sort(list.begin(), list.end(),
            [](const Listed& a, const Listed& b) { return a.key < b.key; });
  return list;
}

DesignTask small_task() {
  DesignTask task;
  task.grid = {{8, 64, 4}, {1, 6, 1}, Steps{1, 4, 1}, Steps{4, 18, 2}, Steps{16, 256, 24}};
  task.kind.vocabulary = 100;
  task.kind.positions = Positions::rotary;
  task.target = 26'590;
  task.tolerance = 0.05;
  task.rows = 40;
  task.threads = 2;
  return task;
}

bool is_equal(const Design& a, const Design& b) {
  return std::tie(a.parameters, a.d_model, a.heads, a.head_size, a.d_ff, a.layers, a.is_within,
                  a.penalty) == std::tie(b.parameters, b.d_model, b.heads, b.head_size, b.d_ff,
                                         b.layers, b.is_within, b.penalty);
}

void compare(const DesignTask& task) {
  const std::vector<Listed> all = all_in_order(task);
  const DesignResult result = search_designs(task);
  CHECK(result.shapes == all.size());
  CHECK(result.within ==
        static_cast<std::uint64_t>(std::count_if(
            all.begin(), all.end(), [](const Listed& each) { return each.design.is_within; })));
  REQUIRE(result.best.size() == std::min(task.rows, all.size()));
  for (std::size_t i = 0; i < result.best.size(); ++i) {
    INFO(i);
    CHECK(is_equal(result.best[i], all[i].design));
  }
  const auto smallest = std::min_element(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return a.design.parameters < b.design.parameters;
  });
  REQUIRE(result.smallest);
  CHECK(result.smallest->parameters == smallest->design.parameters);
}

/// The most entries with which any shape fits, by trying.
std::int64_t largest_vocabulary(DesignTask task) {
  std::int64_t largest = 0;
  for (std::int64_t entries = 1; entries < 5000; ++entries) {
    task.kind.vocabulary = entries;
    const std::vector<Listed> all = all_in_order(task);
    if (std::none_of(all.begin(), all.end(),
                     [&](const Listed& each) { return each.design.parameters <= task.target; })) {
      break;
    }
    largest = entries;
  }
  return largest;
}

}  // namespace

TEST_CASE("a tolerance is a share of the target in whole parameters") {
  for (const std::int64_t target : {1LL, 100LL, 26'590LL, 1'234'567'890'123LL}) {
    for (std::int64_t hundredths = 0; hundredths < 100; ++hundredths) {
      DesignTask task;
      task.target = target;
      task.tolerance = static_cast<double>(hundredths) / 100.0;
      CHECK(task.reach() == hundredths * target / 100);
    }
  }
}

TEST_CASE("the search finds what nested loops and a sort find") {
  compare(small_task());
  DesignTask task = small_task();
  task.tolerance = 0.0;
  compare(task);
  task.tolerance = 0.9;
  compare(task);
  task.rows = 100'000;
  compare(task);
  task = small_task();
  task.counted = Counted::non_embedding;
  task.kind.tied = false;
  task.kind.gated = true;
  compare(task);
  task = small_task();
  task.kind.kv_heads = 2;
  task.kind.positions = Positions::learned;
  task.kind.context = 64;
  task.kind.architecture = Architecture::encoder_decoder;
  compare(task);
  task.kind.architecture = Architecture::encoder;
  task.target = 1;
  compare(task);
  task.target = 1'000'000'000;
  compare(task);
  // Equally far ones with other penalties compete for the last of few rows.
  task = small_task();
  task.tolerance = 0.0;
  for (const std::int64_t target : {20'001, 26'590, 31'111}) {
    for (std::size_t rows = 1; rows <= 8; ++rows) {
      task.target = target;
      task.rows = rows;
      compare(task);
    }
  }
}

TEST_CASE("threads change nothing") {
  DesignTask task = small_task();
  task.grid = grid_for({}, 1e8);
  task.kind.vocabulary = 32'000;
  task.target = 100'000'000;
  task.rows = 300;
  task.threads = 1;
  const DesignResult one = search_designs(task);
  CHECK(one.best.size() == 300);
  CHECK(one.within > 0);
  for (const int threads : {2, 3, 8}) {
    task.threads = threads;
    const DesignResult many = search_designs(task);
    CHECK(many.shapes == one.shapes);
    CHECK(many.within == one.within);
    CHECK(std::equal(one.best.begin(), one.best.end(), many.best.begin(), is_equal));
    CHECK(is_equal(*many.smallest, *one.smallest));
  }
}

TEST_CASE("the largest vocabulary for which a shape fits") {
  DesignTask task = small_task();
  task.grid = {{12, 20, 4}, {1, 2, 1}, Steps{1, 2, 1}, Steps{4, 6, 2}, Steps{16, 32, 8}};
  for (const bool tied : {true, false}) {
    task.kind.tied = tied;
    task.kind.vocabulary = 5000;
    const DesignResult result = search_designs(task);
    CHECK(result.smallest->parameters > task.target);
    CHECK(result.largest_vocabulary == largest_vocabulary(task));
    REQUIRE(result.with_largest_vocabulary);
    Shape fitting = shape_of(*result.with_largest_vocabulary, task.kind);
    fitting.vocabulary = result.largest_vocabulary;
    CHECK(count_parameters(fitting).total() == result.with_largest_vocabulary->parameters);
    CHECK(count_parameters(fitting).total() <= task.target);
  }
  task.target = 100;
  CHECK_FALSE(search_designs(task).with_largest_vocabulary);
}

TEST_CASE("ranges that are not given follow d_model") {
  Shape kind;
  kind.positions = Positions::rotary;
  const Grid grid = grid_for({"96:160:32", "", "", "", "3"}, 1e6);
  CHECK(rows_of(grid) == 3);
  for (const bool gated : {false, true}) {
    kind.gated = gated;
    bool usual = false;
    for_each_of_row(grid, kind, 1, [&](const Shape& shape) {
      CHECK(shape.d_model == 128);
      CHECK(shape.heads == 4);
      CHECK(shape.head_size == 32);
      CHECK(shape.d_ff >= (gated ? 128 : 256));
      CHECK(shape.d_ff <= (gated ? 640 : 768));
      usual = usual || shape.d_ff == default_d_ff(128, gated);
    });
    CHECK(usual);
  }
  const auto size_of_heads = [&](std::int64_t d_model) {
    std::int64_t size = 0;
    for_each_of_row(grid_for({std::to_string(d_model), "", "", "64", "1"}, 1e6), kind, 0,
                    [&](const Shape& shape) { size = shape.head_size; });
    return size;
  };
  CHECK(size_of_heads(28) == 14);  // 7 is odd, 4 not usual
  CHECK(size_of_heads(768) == 64);
  CHECK(size_of_heads(1600) == 100);
  CHECK(size_of_heads(8192) == 128);
  CHECK(size_of_heads(2 * 257) == 2);  // 514 = 2 x 257
  CHECK(size_of_heads(7) == 0);
}

TEST_CASE("of heads and their size the one that is not given divides d_model") {
  Shape kind;
  kind.positions = Positions::rotary;  // even sizes
  using Pairs = std::vector<std::pair<std::int64_t, std::int64_t>>;
  const auto found = [&](const char* heads, const char* head_size) {
    const Grid grid = grid_for({"48", heads, head_size, "64", "1"}, 1e6);
    Pairs pairs;
    for (std::int64_t row = 0; row < rows_of(grid); ++row) {
      for_each_of_row(grid, kind, row, [&](const Shape& shape) {
        pairs.emplace_back(shape.heads, shape.head_size);
      });
    }
    return pairs;
  };
  CHECK(found("1:17:1", "") == Pairs{{1, 48}, {2, 24}, {3, 16}, {4, 12}, {6, 8}, {8, 6}, {12, 4}});
  CHECK(found("", "5:60:1") == Pairs{{8, 6}, {6, 8}, {4, 12}, {3, 16}, {2, 24}, {1, 48}});
  CHECK(found("5:7:2", "2:6:2") == Pairs{{5, 2}, {5, 4}, {5, 6}, {7, 2}, {7, 4}, {7, 6}});
}

TEST_CASE("default ranges hold shapes near the target, and are of bearable size") {
  for (const double target : {3e3, 26'590.0, 1e6, 44e6, 1e9, 70e9, 1e12, 1e15}) {
    DesignTask task;
    task.grid = grid_for({}, target);
    task.kind.positions = Positions::rotary;
    task.kind.vocabulary = target < 44e6 ? 256 : 32'000;
    task.target = static_cast<std::int64_t>(target);
    const DesignResult result = search_designs(task);
    INFO(target);
    CHECK(result.shapes < 2'000'000);
    REQUIRE(!result.best.empty());
    if (target > 1e4) {
      CHECK(result.best.front().is_within);
      CHECK(result.best.front().penalty < (target > 1e13 ? 0.5 : 0.2));
    }
  }
}

TEST_CASE("grids that are too large are refused") {
  CHECK_THROWS_WITH(
      grid_for({"1:1000000:1", "1:65536:1", "1:65536:1", "1:10000000:1", "1:10000:1"}, 1e9),
      Catch::Matchers::StartsWith("--d-ff: 10000000 values in a grid of"));
  CHECK_THROWS_AS(grid_for({"1:1000000:1", "", "", "", "1:10000:1"}, 1e9), Error);
  CHECK_NOTHROW(grid_for({"1000", "1:1000:1", "1:1000:1", "1:1000:1", "1"}, 1e9));
}
