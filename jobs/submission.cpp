#include "jobs/submission.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/error.hpp"
#include "engine/files.hpp"
#include "jobs/slurm_scripts.hpp"
#include "jobs/sweep.hpp"

namespace flopsieve::jobs {
namespace {

namespace fs = std::filesystem;
using engine::Error;
using engine::ExitCode;
using Json = nlohmann::ordered_json;

constexpr const char* kind = "flopsieve submission";
constexpr int version = 1;
constexpr const char* json_name = "submission.json";

std::string submission_json(const Submission& submission) {
  const Json json = {{"kind", kind},
                     {"version", version},
                     {"program", submission.program.string()},
                     {"output", submission.output.string()},
                     {"title", submission.title},
                     {"name", submission.name},
                     {"identity", submission.identity},
                     {"variants", submission.variants},
                     {"trajectories", submission.trajectories},
                     {"batches", submission.batches},
                     {"shards", submission.shards}};
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Submission parse_submission(const std::string& text) {
  const Json json = Json::parse(text);
  if (json.at("kind") != kind) throw std::invalid_argument("it is of another kind");
  if (json.at("version") != version) throw std::invalid_argument("it is of another version");
  Submission submission;
  submission.program = json.at("program").get<std::string>();
  submission.output = json.at("output").get<std::string>();
  json.at("title").get_to(submission.title);
  json.at("name").get_to(submission.name);
  json.at("identity").get_to(submission.identity);
  json.at("variants").get_to(submission.variants);
  json.at("trajectories").get_to(submission.trajectories);
  json.at("batches").get_to(submission.batches);
  json.at("shards").get_to(submission.shards);
  const std::uint64_t most = 1'000'000 * std::max<std::uint64_t>(submission.variants, 1);
  const bool possible = submission.shards >= 1 && submission.shards <= submission.batches &&
                        submission.variants <= most_variants && submission.batches <= most;
  if (!possible || !is_job_name(submission.name)) {
    throw std::invalid_argument("its numbers or names cannot be");
  }
  return submission;
}

}  // namespace

std::map<std::string, std::string> submission_files(const Submission& submission,
                                                    const SlurmOptions& options, bool force) {
  std::map<std::string, std::string> files = slurm_scripts(submission, options, force);
  files[json_name] = submission_json(submission);
  return files;
}

bool is_submission(const fs::path& directory) {
  return engine::path_kind(directory / json_name) == engine::PathKind::file;
}

Submission read_submission(const fs::path& directory) {
  if (engine::path_kind(directory) != engine::PathKind::folder || !is_submission(directory)) {
    throw Error(ExitCode::bad_input,
                fmt::format("{}: no folder that flopsieve submit has written", directory.string()));
  }
  const fs::path path = directory / json_name;
  try {
    Submission submission = parse_submission(engine::read_text(path, ExitCode::bad_input));
    submission.directory = fs::absolute(directory).lexically_normal();
    if (!submission.directory.has_filename()) {
      submission.directory = submission.directory.parent_path();  // of "DIR/"
    }
    return submission;
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    throw Error(ExitCode::bad_input, fmt::format("{}: flopsieve submit has not written it so: {}",
                                                 path.string(), error.what()));
  }
}

fs::path submitted_file(const fs::path& directory) {
  return directory / "submitted.txt";
}

}  // namespace flopsieve::jobs
