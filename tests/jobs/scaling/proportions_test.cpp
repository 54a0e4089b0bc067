#include "jobs/scaling/proportions.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "jobs/scaling/shape_options.hpp"

using namespace flopsieve::jobs;

namespace {

double penalty(const Shape& shape) {
  return width_penalty(shape.d_model, shape.heads, shape.head_size, shape.d_ff, shape.gated) +
         depth_penalty(shape.d_model, shape.decoder_layers);
}

}  // namespace

TEST_CASE("well-known shapes have no penalty but for their depth") {
  for (const char* name : {"gpt2", "gpt2-medium", "gpt2-large", "gpt2-xl", "gpt3-175b",
                           "chinchilla-70b", "gopher-280b", "pytorch-default"}) {
    ShapeOptions options;
    options.preset = name;
    const Shape shape = shape_of(options);
    INFO(name);
    CHECK(width_penalty(shape.d_model, shape.heads, shape.head_size, shape.d_ff, false) == 0.0);
    CHECK(penalty(shape) < 0.3);
  }
}

TEST_CASE("every doubling away from what is usual costs 1") {
  CHECK(width_penalty(1024, 16, 64, 4096, false) == 0.0);
  CHECK(width_penalty(1024, 16, 64, 8192, false) == Approx(1.0));
  CHECK(width_penalty(1024, 16, 64, 1024, false) == Approx(2.0));
  CHECK(width_penalty(1024, 32, 32, 4096, false) == Approx(1.0));
  CHECK(width_penalty(1024, 4, 256, 4096, false) == Approx(1.0));
  CHECK(width_penalty(1024, 8, 64, 4096, false) == Approx(1.0));
  CHECK(width_penalty(1024, 32, 64, 4096, false) == Approx(1.0));
  CHECK(depth_penalty(1024, 1) == Approx(1.0));
  CHECK(depth_penalty(1024, 2) == 0.0);
  CHECK(depth_penalty(6400, 5) == Approx(1.0));  // wider than 640 per layer
  CHECK(depth_penalty(128, 12) == Approx(1.0));
  CHECK(depth_penalty(24, 2) == 0.0);
}

TEST_CASE("gated layers and narrow models have proportions of their own") {
  CHECK(default_d_ff(768, false) == 3072);
  CHECK(default_d_ff(768, true) == 2048);
  CHECK(default_d_ff(64, true) == 172);  // 170.67 to the nearest multiple of 4
  CHECK(width_penalty(768, 12, 64, 2048, true) == 0.0);
  CHECK(width_penalty(768, 12, 64, 4096, true) == Approx(1.0));
  CHECK(width_penalty(64, 4, 16, 256, false) == 0.0);
  CHECK(width_penalty(64, 2, 32, 256, false) == 0.0);
  CHECK(width_penalty(64, 1, 64, 256, false) == Approx(1.0));
  CHECK(width_penalty(64, 8, 8, 256, false) == Approx(1.0));
}

TEST_CASE("depth by Levine et al. 2020: what their abstract says of two sizes") {
  // A width of 30,000 is best for 1e12 parameters, 12 L d^2; GPT-3 (96 x 12288) is too deep.
  const double layers = usual_layers(30'000).to;
  CHECK(12.0 * layers * 30'000.0 * 30'000.0 == Approx(1e12).epsilon(0.05));
  CHECK(usual_layers(12'288).to < 96.0);
  CHECK(depth_penalty(12'288, 96) > 0.0);
}

TEST_CASE("depth by Kaplan et al. 2020: a factor of 40 in d_model / layers") {
  CHECK(depth_penalty(4288, 6) == Approx(std::log2(4288.0 / 640.0 / 6.0)));
  CHECK(usual_layers(4288).to / usual_layers(4288).from < 40.0);
  CHECK(usual_layers(320).to == Approx((std::log(320.0) - 5.039) / 0.0555));
  for (const std::int64_t width : {1, 8, 30, 100, 700, 5000, 1'000'000}) {
    CHECK(usual_layers(width).from <= usual_layers(width).to);
    CHECK(usual_layers(width).from >= 2.0);
  }
}
