// Bytes of tallies, positions and covers of a sweep, one by one.
#include <catch2/catch.hpp>
#include <cstdint>
#include <limits>
#include <set>
#include <span>
#include <stdexcept>
#include <vector>

#include "engine/batch.hpp"
#include "engine/sealed.hpp"
#include "engine/sweep_positions.hpp"
#include "engine/sweep_segment.hpp"
#include "engine/tally_bytes.hpp"
#include "engine/variant_fold.hpp"
#include "tests/engine/support/folder.hpp"
#include "tests/engine/support/plans.hpp"
#include "tests/engine/support/sweeps.hpp"

namespace flopsieve::engine {
namespace {

using testing::uneven_variant;

template <class T>
T through_bytes(const T& value) {
  TallyWriter writer;
  writer(value);
  TallyReader reader(writer.bytes());
  T back{};
  reader(back);
  CHECK(reader.done());
  return back;
}

std::vector<std::byte> as_bytes(const std::vector<unsigned int>& values) {
  std::vector<std::byte> bytes;
  for (const unsigned int value : values) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

SweepStudy study_of_size(std::uint64_t variants, std::uint64_t batches) {
  SweepStudy study;
  study.base = uneven_variant(0);
  study.base.trajectories = 4 * batches;
  study.variants = variants;
  return study;
}

SegmentPlace place(std::uint64_t variant, BatchRange batches,
                   SegmentKind kind = SegmentKind::batches) {
  SegmentPlace found;
  found.head = {variant, batches, kind, Method::reject};
  return found;
}

TEST_CASE("numbers, texts and lists come back from their bytes") {
  const std::uint64_t largest = std::numeric_limits<std::uint64_t>::max();
  for (const std::uint64_t value : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{127},
                                    std::uint64_t{128}, largest >> 1, largest}) {
    CHECK(through_bytes(value) == value);
  }
  CHECK(std::bit_cast<std::uint64_t>(through_bytes(-0.0)) == std::uint64_t{1} << 63);
  CHECK(std::isnan(through_bytes(std::numeric_limits<double>::quiet_NaN())));
  CHECK(through_bytes(0.1) == 0.1);
  CHECK(through_bytes(std::string("two\nlines")) == "two\nlines");
  for (const std::vector<std::uint64_t>& list :
       {std::vector<std::uint64_t>{}, {0}, {0, 0, 5}, {7, 0, 0}, {1, 2, 3}, {0, largest, 0}}) {
    CHECK(through_bytes(list) == list);
  }
  const std::vector<Histogram> lists{{}, {1}, {0, 0}, {0, 300, 0, 1}};
  CHECK(through_bytes(lists) == lists);
  // A long empty stretch takes few bytes.
  std::vector<std::uint64_t> sparse(100'000, 0);
  sparse.back() = 3;
  TallyWriter writer;
  writer(sparse);
  CHECK(writer.bytes().size() < 10);
  CHECK(through_bytes(sparse) == sparse);
}

TEST_CASE("bytes that hold no such values are refused, and take no memory") {
  std::vector<std::uint64_t> list;
  std::vector<Histogram> lists;
  std::string text;
  std::uint64_t number = 0;
  const auto refuse = [](const std::vector<unsigned int>& values, auto& into) {
    const auto bytes = as_bytes(values);
    TallyReader reader(bytes);
    CHECK_THROWS_AS(reader(into), std::out_of_range);
  };
  refuse({}, number);
  refuse({0x80}, number);
  refuse({0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x02}, number);
  refuse({0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00}, number);
  refuse({5, 'a', 'b'}, text);
  refuse({0xFF, 0xFF, 0xFF, 0xFF, 0x7F, 0}, list);  // 2^35 numbers, all of them 0
  refuse({3, 1, 3, 1}, list);                       // three zeros, and no room for another number
  refuse({2, 3, 0, 1, 0, 1, 0, 1}, list);           // more numbers than the list has
  refuse({0xFF, 0xFF, 0xFF, 0xFF, 0x7F}, lists);
}

TEST_CASE("a segment comes back, and refuses any other bytes") {
  const Plan plan = uneven_variant(2);
  OpenSegment open(2, plan, facts_of(plan), 1);
  Tally histograms(plan);
  std::vector<BatchRecord> records;
  for (std::uint64_t batch = 1; batch < 4; ++batch) {
    CHECK(open.takes(2, batch));
    BatchResult result = *run_batch(plan, batch);
    histograms.add(result.tally);
    records.push_back(record_of(batch, result.tally));
    open.add(std::move(result));
  }
  CHECK_FALSE(open.takes(2, 3));
  CHECK_FALSE(open.takes(2, 5));
  CHECK_FALSE(open.takes(3, 4));
  const SegmentHead head = open.head();
  const std::vector<std::byte> bytes = open.take();
  SegmentContents back = unpack_segment(bytes, head, uneven_variant(0), "part");
  CHECK(back.facts == facts_of(plan));
  CHECK(back.histograms.counts == histograms.counts);
  CHECK(back.histograms.cumulative == histograms.cumulative);
  CHECK(back.histograms.frontier_before == histograms.frontier_before);
  CHECK(back.histograms.statistics == histograms.statistics);
  REQUIRE(back.records.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(back.records[i].batch == i + 1);
    CHECK(differing_fields(plan, back.records[i], records[i]).empty());
  }
  const auto refused = [&](std::span<const std::byte> other, const SegmentHead& as) {
    CHECK_THROWS_AS(unpack_segment(other, as, uneven_variant(0), "part"), DamagedPart);
  };
  for (std::size_t length = 0; length < bytes.size(); length += 7) {
    refused(std::span(bytes).first(length), head);
  }
  std::vector<std::byte> longer = bytes;
  longer.push_back(std::byte{0});
  refused(longer, head);
  SegmentHead other = head;
  other.batches.count = 2;
  refused(bytes, other);
  other.batches.count = std::uint64_t{1} << 60;
  refused(bytes, other);
  refused(pack_status("ok"), {0, {0, 1, 1}, SegmentKind::status, Method::reject});
  // Of another job.
  Plan base = uneven_variant(0);
  base.outputs.thresholds.pop_back();
  base.outputs.cumulative_base.pop_back();
  CHECK_THROWS_AS(unpack_segment(bytes, head, base, "part"), DamagedPart);
}

TEST_CASE("shards share out all positions, each one once") {
  for (const std::uint64_t variants : {1U, 3U, 8U, 13U}) {
    for (const std::uint64_t batches : {1U, 5U, 6U}) {
      const SweepStudy study = study_of_size(variants, batches);
      for (const std::uint64_t shards : {1U, 2U, 3U, 4U, 7U, 50U}) {
        CAPTURE(variants, batches, shards);
        std::set<std::uint64_t> seen;
        for (std::uint64_t shard = 0; shard < shards; ++shard) {
          const LeftToDo left = left_to_do(study, SweepParts{}, {shard, shards});
          CHECK(left.own == left.positions.count());
          std::uint64_t before = 0;
          for (std::uint64_t i = 0; i < left.positions.count(); ++i) {
            const Position position = left.positions.at(i);
            const std::uint64_t flat = position.variant * batches + position.batch;
            const bool whole = variants >= 4 * shards;
            CHECK((whole ? position.variant : flat) % shards == shard);
            CHECK(owner_of(study, position, shards) == shard);
            CHECK((i == 0 || flat > before));
            CHECK(position.batch < batches);
            before = flat;
            CHECK(seen.insert(flat).second);
          }
        }
        CHECK(seen.size() == variants * batches);
      }
    }
  }
}

TEST_CASE("what is sealed is not done again, nor what follows an end") {
  const SweepStudy study = study_of_size(4, 10);
  SweepParts parts;
  parts.places = {place(0, {0, 10, 1}), place(1, {2, 3, 2}),
                  place(2, {0, 1, 1}, SegmentKind::status),
                  place(3, {4, 2, 1}, SegmentKind::last_batches)};
  const LeftToDo left = left_to_do(study, parts, {});
  std::vector<std::uint64_t> found;
  for (std::uint64_t i = 0; i < left.positions.count(); ++i) {
    const Position position = left.positions.at(i);
    found.push_back(position.variant * 10 + position.batch);
  }
  CHECK(found == std::vector<std::uint64_t>{10, 11, 13, 15, 17, 18, 19, 30, 31, 32, 33});
  CHECK(left.own == 40);
  CHECK(left.finished == 2);
}

TEST_CASE("of segments that overlap the longer one is used") {
  const std::vector<SegmentPlace> segments{place(0, {0, 4, 1}), place(0, {0, 5, 2}),
                                           place(0, {1, 1, 1}), place(0, {1, 1, 1}),
                                           place(0, {9, 1, 1})};
  const Cover found = cover(segments, 10);
  const std::uint32_t none = Cover::nobody;
  CHECK(found.owner == std::vector<std::uint32_t>{1, 2, 1, none, 1, none, 1, none, 1, 4});
  CHECK(found.end == 10);
  CHECK_FALSE(found.uses(0, segments[0]));
  CHECK(found.uses(2, segments[2]));
  CHECK_FALSE(found.uses(3, segments[3]));
}

}  // namespace
}  // namespace flopsieve::engine
