#include "jobs/slurm_scripts.hpp"

#include <catch2/catch.hpp>
#include <stdexcept>

#include "tests/engine/support/folder.hpp"

namespace flopsieve::jobs {
namespace {

using engine::testing::error_of;

Submission small_submission() {
  Submission submission;
  submission.directory = "/scratch/runs/small-slurm";
  submission.program = "/usr/bin/flopsieve";
  submission.output = "/scratch/runs/small.h5";
  submission.name = "flopsieve-small-12345678";
  submission.identity = "abc";
  submission.trajectories = 100;
  submission.batches = 12;
  submission.shards = 4;
  return submission;
}

/// The line of a script that begins so, without that.
std::string line_after(const std::string& script, const std::string& beginning) {
  const std::size_t place = script.find("\n" + beginning);
  if (place == std::string::npos) return "none";
  const std::size_t first = place + 1 + beginning.size();
  return script.substr(first, script.find('\n', first) - first);
}

}  // namespace

TEST_CASE("words are filled in once, whatever their values are") {
  CHECK(filled_in("a __x__ b__y____x__", {{"x", "__y__"}, {"y", "2"}}) == "a __y__ b2__y__");
  CHECK(filled_in("no words: _a_ %", {}) == "no words: _a_ %");
  CHECK_THROWS_AS(filled_in("__unknown__", {{"x", "1"}}), std::out_of_range);
  CHECK_THROWS_AS(filled_in("__x", {{"y", "1"}}), std::out_of_range);
}

TEST_CASE("a task is told two minutes before its limit, of a short one a tenth of it") {
  CHECK(signal_lead("") == 120);
  CHECK(signal_lead("2:00:00") == 120);
  CHECK(signal_lead("20:00") == 120);
  CHECK(signal_lead("10") == 60);
  CHECK(signal_lead("10s") == 5);
}

TEST_CASE("names of jobs hold nothing that a shell or sbatch reads") {
  CHECK(job_name("two years; rm *", "ab12") == "flopsieve-two-years--rm---ab12");
  CHECK(is_job_name(job_name(std::string(500, 'x') + "\n", "ab12")));
  for (const char* name : {"", "-x", "a b", "a;b", "a\nb", "a'b", "$a", "a,b", "a|b"}) {
    CHECK_FALSE(is_job_name(name));
  }
}

TEST_CASE("paths stand in scripts as a shell reads them") {
  Submission submission = small_submission();
  submission.output = "/scratch/it's me/$(id).h5";
  const std::map<std::string, std::string> files = slurm_scripts(submission, {}, false);
  const std::string& array = files.at("shards.sbatch");
  CHECK(line_after(array, "output=") == R"('/scratch/it'\''s me/$(id).h5')");
  CHECK(line_after(array, "directory=") == "/scratch/runs/small-slurm");
  CHECK(line_after(array, "#SBATCH --array=") == "0-3");
  CHECK(array.find("--force") == std::string::npos);
  CHECK(slurm_scripts(submission, {}, true).at("shards.sbatch").find("--force") !=
        std::string::npos);
  submission.directory = "/scratch/a\nb";
  CHECK(error_of([&] { slurm_scripts(submission, {}, false); }).code() ==
        engine::ExitCode::bad_input);
}

TEST_CASE("times are written as sbatch reads them") {
  SlurmOptions options;
  const auto time = [&](const char* text) {
    options.time = text;
    demand_good_options(options);
    return line_after(slurm_scripts(small_submission(), options, false).at("merge.sbatch"),
                      "#SBATCH --time=");
  };
  CHECK(time("90") == "0-01:30:00");
  CHECK(time("3h30m") == "0-03:30:00");
  CHECK(time("1-12") == "1-12:00:00");
  CHECK(time("90000s") == "1-01:00:00");
  CHECK(time("") == "none");
}

TEST_CASE("options that mean something else to sbatch are refused") {
  const auto refused = [](auto change) {
    SlurmOptions options;
    change(options);
    return error_of([&] { demand_good_options(options); }).code() == engine::ExitCode::bad_input;
  };
  for (const char* value : {"a b", "-a", "a\nb", "a;b", "$a", "a\"b", "a#b", "\xc3\xbc"}) {
    CHECK(refused([&](SlurmOptions& options) { options.partition = value; }));
    CHECK(refused([&](SlurmOptions& options) { options.mail = value; }));
  }
  for (const char* value : {"G", "0", "-1", "4GB", "4 G", "1.5G", "4g", "99999999999999G"}) {
    CHECK(refused([&](SlurmOptions& options) { options.memory = value; }));
  }
  CHECK(refused([](SlurmOptions& options) { options.seal_every = ""; }));
  CHECK(refused([](SlurmOptions& options) { options.seal_every = "auto"; }));
  SlurmOptions good;
  good.partition = "short,long";
  good.account = "a_1.b-c";
  good.qos = "q@x:y/z=1+2";
  good.memory = "4G";
  good.mail = "me+x@example.org";
  CHECK_NOTHROW(demand_good_options(good));
}

}  // namespace flopsieve::jobs
