#include "jobs/submission_status.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "engine/error.hpp"
#include "engine/files.hpp"
#include "engine/runner.hpp"
#include "tests/engine/support/folder.hpp"
#include "tests/engine/support/sweeps.hpp"

namespace flopsieve::jobs {
namespace {

using engine::testing::ScratchFolder;

/// 10 batches in 4 shards: 0 and 1 have three, 2 and 3 have two.
Submission submission_in(const ScratchFolder& folder) {
  Submission submission;
  submission.directory = folder.path();
  submission.output = folder / "out.h5";
  submission.name = "flopsieve-out-12345678";
  submission.batches = 10;
  submission.shards = 4;
  return submission;
}

void leave_part(const Submission& submission, const std::string& name) {
  const std::filesystem::path parts = engine::parts_folder(submission.output);
  std::filesystem::create_directories(parts);
  engine::replace_file(parts / name, "");
}

std::vector<std::uint64_t> sealed(const SubmissionStanding& standing) {
  std::vector<std::uint64_t> counts;
  for (const ShardStanding& shard : standing.shards) counts.push_back(shard.sealed);
  return counts;
}

std::vector<TaskState> states(const SubmissionStanding& standing) {
  std::vector<TaskState> found;
  for (const ShardStanding& shard : standing.shards) found.push_back(shard.state);
  return found;
}

SlurmQueue silence(SlurmQueue::Answer answer) {
  SlurmQueue queue;
  queue.answer = answer;
  return queue;
}

}  // namespace

TEST_CASE("shards are written as sbatch reads them") {
  CHECK(ranges({}).empty());
  CHECK(ranges({3}) == "3");
  CHECK(ranges({0, 1, 2, 4, 7, 8}) == "0-2,4,7-8");
}

TEST_CASE("batches are sealed by the names of parts, of any split") {
  const ScratchFolder folder;
  const Submission submission = submission_in(folder);
  const auto look = [&] { return sealed(look_at(submission, {})); };
  CHECK(look() == std::vector<std::uint64_t>{0, 0, 0, 0});
  leave_part(submission, "part-0000000000-0000000008-0of4.h5");  // 0, 4, 8
  leave_part(submission, "part-0000000001-0000000001-1of4.h5");
  CHECK(look() == std::vector<std::uint64_t>{3, 1, 0, 0});
  leave_part(submission, "part-0000000001-0000000007-1of3.h5");  // 1, 4, 7
  CHECK(look() == std::vector<std::uint64_t>{3, 1, 0, 1});
  for (const char* name : {"part-0000000002-0000000002-2of4.h5.damaged", "part-2-2-2of0.h5",
                           "part-2-1-2of4.h5", "part-2-2-2of4.h5x", "part-x-2-2of4.h5",
                           "part-2-2.h5", "part-0000000010-0000000014-2of4.h5", "study.h5"}) {
    leave_part(submission, name);
  }
  CHECK(look() == std::vector<std::uint64_t>{3, 1, 0, 1});
  leave_part(submission, "part-0000000002-0000000022-2of4.h5");  // of a longer run
  CHECK(look() == std::vector<std::uint64_t>{3, 1, 2, 1});
}

TEST_CASE("of a sweep what need not be computed counts as sealed") {
  // 8 variants of 5 batches; the third cannot be computed, so its other batches are not wanted.
  const engine::testing::FakeVariants variants(8, [](std::uint64_t v) {
    if (v == 2) throw engine::Error(engine::ExitCode::budget, "no");
    return engine::testing::uneven_variant(v);
  });
  const ScratchFolder folder;
  Submission submission = submission_in(folder);
  submission.variants = 8;
  submission.batches = 40;
  const auto look = [&] { return sealed(look_at(submission, {})); };
  const auto run = [&](engine::Shard shard) {
    engine::RunOptions options;
    options.output = submission.output;
    options.shard = shard;
    options.backend = engine::Backend::serial;
    engine::SweepStudy study = variants.study();
    study.provenance.emplace_back("created", "2026-01-01T00:00:00Z");
    engine::run_sweep(variants, study, options);
  };
  SECTION("shared out by batches") {
    submission.identity = variants.identity();
    submission.shards = 4;
    CHECK(look() == std::vector<std::uint64_t>{0, 0, 0, 0});
    run({2, 4});  // begins variant 2, at its position 10
    CHECK(look() == std::vector<std::uint64_t>{1, 1, 10, 1});
    CHECK(look_at(submission, {}).shards[2].state == TaskState::done);
    run({0, 2});
    run({1, 2});
    CHECK(look() == std::vector<std::uint64_t>{10, 10, 10, 10});
  }
  SECTION("shared out by variants") {
    submission.identity = variants.identity();
    submission.shards = 2;
    run({1, 2});
    CHECK(look() == std::vector<std::uint64_t>{0, 20});
    run({0, 1});  // which joins them
    const SubmissionStanding standing = look_at(submission, {});
    CHECK(standing.foreign.empty());
    CHECK(sealed(standing) == std::vector<std::uint64_t>{20, 20});
    CHECK(standing.merge == TaskState::done);
  }
  SECTION("of another sweep") {
    submission.identity = "another";
    run({0, 4});
    const SubmissionStanding standing = look_at(submission, {});
    CHECK(sealed(standing) == std::vector<std::uint64_t>{0, 0, 0, 0});
    CHECK(standing.foreign.find("belongs to another sweep") != std::string::npos);
  }
}

TEST_CASE("what squeue prints is read by its names, and other words are passed over") {
  const ScratchFolder folder;
  const Submission submission = submission_in(folder);
  const std::string name = submission.name;
  const SlurmQueue queue =
      parse_queue("squeue: error: something | else\n\n" + name + "|12|0|PENDING|(Priority)\n" +
                      name + "|9|0|COMPLETING|n3\n" + name + "|12|2|RUNNING|n[1-2]\n" + name +
                      "x|12|3|RUNNING|n1\n" + name + "-merge|13|N/A|PENDING|(Dependency)\n" + name +
                      "|12|3\n" + name + "|12|N/A|PENDING|(None)\n",
                  submission);
  CHECK(queue.answer == SlurmQueue::Answer::given);
  REQUIRE(queue.shards.size() == 2);
  CHECK(queue.shards.at(0).job == "9_0");
  CHECK(queue.shards.at(0).runs);
  CHECK(queue.shards.at(2).detail == "n[1-2]");
  REQUIRE(queue.merge);
  CHECK(queue.merge->job == "13");
  CHECK_FALSE(queue.merge->runs);
}

TEST_CASE("a shard is lost only where Slurm says that it knows nothing of it") {
  const ScratchFolder folder;
  const Submission submission = submission_in(folder);
  leave_part(submission, "part-0000000000-0000000008-0of4.h5");
  const std::string name = submission.name;
  const std::string queue = name + "|12|1|RUNNING|n1\n" + name + "|12|2|PENDING|(Resources)\n" +
                            name + "|12|0|RUNNING|n2\n";
  const SubmissionStanding standing = look_at(submission, parse_queue(queue, submission));
  using enum TaskState;
  CHECK(states(standing) == std::vector<TaskState>{done, running, waiting, lost});
  CHECK(standing.merge == lost);
  CHECK(standing.repair() == "bash " + (folder / "submit.sh").string() + " 3");
  CHECK(standing.count(done) == 1);
  CHECK(standing.sealed() == 3);

  const SubmissionStanding new_one = look_at(submission, silence(SlurmQueue::Answer::given));
  CHECK(states(new_one) == std::vector<TaskState>{done, unfinished, unfinished, unfinished});
  engine::replace_file(submitted_file(folder.path()), "");
  const SubmissionStanding gone = look_at(submission, silence(SlurmQueue::Answer::given));
  CHECK(states(gone) == std::vector<TaskState>{done, lost, lost, lost});
  for (const SlurmQueue::Answer answer :
       {SlurmQueue::Answer::absent, SlurmQueue::Answer::refused}) {
    const SubmissionStanding unknown = look_at(submission, silence(answer));
    CHECK(states(unknown) == std::vector<TaskState>{done, unfinished, unfinished, unfinished});
    CHECK(unknown.merge == unfinished);
  }
}

TEST_CASE("the repair is what is missing, and the merge where that is all") {
  const ScratchFolder folder;
  const Submission submission = submission_in(folder);
  const std::string submit = "bash " + (folder / "submit.sh").string();
  const auto repair = [&](const std::string& queue) {
    return look_at(submission, parse_queue(queue, submission)).repair();
  };
  CHECK(repair("") == submit);
  leave_part(submission, "part-0000000000-0000000009-0of1.h5");
  CHECK(repair(submission.name + "-merge|13|N/A|PENDING|(Dependency)\n").empty());
  CHECK(repair(submission.name + "-merge|13|N/A|RUNNING|n1\n").empty());
  CHECK(repair("") == submit + " merge");
}

TEST_CASE("the standing as JSON says what the table says") {
  const ScratchFolder folder;
  const Submission submission = submission_in(folder);
  leave_part(submission, "part-0000000000-0000000008-0of4.h5");
  const SubmissionStanding standing =
      look_at(submission, parse_queue(submission.name + "|12|1|RUNNING|n1\n", submission));
  const auto json = nlohmann::json::parse(standing_json(standing));
  CHECK(json.at("counts").at("lost") == 2);
  CHECK(json.at("shards").at(1).at("task").at("job") == "12_1");
  CHECK(json.at("shards").at(3).at("task").is_null());
  CHECK(json.at("merge").at("state") == "lost");
  const std::string text = standing_text(standing);
  CHECK(text.find("1 done, 1 running, 2 lost of 4 shards; 3 of 10 batches are sealed") !=
        std::string::npos);
  CHECK(text.find("12_1 on n1") != std::string::npos);
  CHECK(text.find("repair with: " + standing.repair()) != std::string::npos);
}

}  // namespace flopsieve::jobs
