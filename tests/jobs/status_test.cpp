#include "jobs/status.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "engine/files.hpp"
#include "jobs/console.hpp"
#include "tests/engine/support/folder.hpp"
#include "tests/engine/support/plans.hpp"

namespace flopsieve::jobs {
namespace {

using engine::Progress;
using engine::testing::ScratchFolder;

Progress progress_of(std::uint64_t total, std::uint64_t sealed, std::uint64_t done) {
  Progress progress;
  progress.batches_total = total;
  progress.batches_sealed = sealed;
  progress.batches_done = done;
  return progress;
}

Status status_of(const std::filesystem::path& path) {
  return parse_status(engine::read_text(path, engine::ExitCode::storage), path.string());
}

}  // namespace

TEST_CASE("the time left is at the pace of this process") {
  CHECK_FALSE(seconds_left(progress_of(100, 0, 0), 5.0));
  CHECK_FALSE(seconds_left(progress_of(100, 60, 0), 5.0));
  CHECK(seconds_left(progress_of(100, 0, 25), 10.0) == 30.0);
  // 60 of 100 were there before: 20 took 10 s, and 20 are left.
  CHECK(seconds_left(progress_of(100, 60, 20), 10.0) == 10.0);
  CHECK(seconds_left(progress_of(100, 60, 40), 10.0) == 0.0);
  Progress joining = progress_of(100, 60, 40);
  joining.joining = true;
  CHECK_FALSE(seconds_left(joining, 10.0));
}

TEST_CASE("a status is read as it was written") {
  Status status;
  status.state = RunState::stopped;
  status.message = "a \"message\"\nof two lines";
  status.exit_code = 75;
  status.title = "title";
  status.identity = "abc";
  status.resume = "flopsieve run 'a b.toml'";
  status.process = this_process();
  status.started = "2026-01-02T03:04:05Z";
  status.updated = "2026-01-02T03:05:05Z";
  status.shard = {2, 5};
  status.progress = progress_of(1'000'000, 20, 30);
  status.progress.trajectories = 1ULL << 40;
  status.progress.complete = 7;
  status.progress.candidates = 90;
  status.progress.survivors = 8;
  status.trajectories_total = 12;
  status.elapsed_seconds = 45.0;
  status.eta_seconds = GENERATE(std::optional<double>(), std::optional<double>(2.5));
  status.may_stop_early = true;
  status.counts = {{"per_year", 1}};
  const std::string text = status_text(status);
  const Status read = parse_status(text, "name");
  CHECK(status_text(read) == text);
  CHECK(read.eta_seconds == status.eta_seconds);
  CHECK(read.progress.trajectories == 1ULL << 40);
  CHECK(read.shard.index == 2);
  CHECK(read.candidates_per_second() == 2.0);
  for (const std::string& cut : {text.substr(0, text.size() / 2), std::string("{}")}) {
    CHECK_THROWS_AS(parse_status(cut, "name"), engine::Error);
  }
}

TEST_CASE("a process is alive until it ends, and is not mistaken for a later one") {
  const ProcessName own = this_process();
  CHECK(is_alive(own) == true);
  ProcessName other = own;
  other.start += 1;
  CHECK(is_alive(other) == false);
  other = own;
  other.host += "x";
  CHECK_FALSE(is_alive(other));
  const pid_t child = fork();
  if (child == 0) _exit(0);
  siginfo_t info{};
  REQUIRE(waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT) == 0);
  CHECK(is_alive({own.host, child, 0}) == false);  // dead, but its parent has not asked yet
  REQUIRE(waitpid(child, nullptr, 0) == child);
  CHECK(is_alive({own.host, child, 0}) == false);
}

TEST_CASE("status files of an output are those of its own name") {
  const ScratchFolder folder;
  for (const char* name :
       {"a.h5", "a.h5.status.json", "a.h5.status-0of2.json", "a.h5.status-1of2.json",
        "aa.h5.status.json", "a.h5.status.json.tmp", "a.h5.statusless.json", "a.h5.status"}) {
    engine::replace_file(folder / name, "x");
  }
  const std::vector<std::filesystem::path> found = status_paths(folder / "a.h5");
  CHECK(found == std::vector<std::filesystem::path>{folder / "a.h5.status-0of2.json",
                                                    folder / "a.h5.status-1of2.json",
                                                    folder / "a.h5.status.json"});
  CHECK(status_path("a.h5", {0, 1}) == "a.h5.status.json");
  CHECK(status_path("a.h5", {3, 4}) == "a.h5.status-3of4.json");
}

TEST_CASE("a writer says nothing before the first update, and is rare after it") {
  const ScratchFolder folder;
  const engine::Plan plan = engine::testing::plain_plan({2024});
  std::vector<std::string> warnings;
  StatusWriter writer(folder / "a.h5", {0, 1}, plan, "id", "again",
                      [&](const std::string& warning) { warnings.push_back(warning); });
  writer.end(RunState::failed, "no lock", 2);
  CHECK(folder.size() == 0);
  const std::filesystem::path path = folder / "a.h5.status.json";
  writer.update(progress_of(10, 0, 0));
  writer.update(progress_of(10, 0, 1));
  CHECK(status_of(path).progress.batches_done == 0);  // not a second has passed
  Progress ended = progress_of(10, 0, 7);
  ended.ended = true;
  writer.update(ended);
  CHECK(status_of(path).progress.batches_done == 7);
  Progress joining = progress_of(10, 0, 10);
  joining.joining = true;
  writer.update(joining);
  CHECK(status_of(path).state == RunState::joining);
  CHECK(status_of(path).progress.batches_done == 10);
  writer.end(RunState::stopped, "stopped", 75);
  CHECK(status_of(path).exit_code == 75);
  CHECK(folder.size() == 1);
  remove_status_files(folder / "a.h5");
  CHECK(folder.size() == 0);
  CHECK(warnings.empty());
}

TEST_CASE("a status that cannot be written is one warning") {
  const engine::Plan plan = engine::testing::plain_plan({2024});
  std::vector<std::string> warnings;
  StatusWriter writer("/nowhere/a.h5", {0, 1}, plan, "id", "again",
                      [&](const std::string& warning) { warnings.push_back(warning); });
  writer.update(progress_of(10, 0, 0));
  writer.end(RunState::stopped, "stopped", 75);
  REQUIRE(warnings.size() == 1);
  CHECK(warnings.front().find("goes on without its status") != std::string::npos);
}

}  // namespace flopsieve::jobs
