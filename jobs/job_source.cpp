#include "jobs/job_source.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <iostream>
#include <iterator>

#include "engine/error.hpp"
#include "engine/files.hpp"
#include "jobs/base.hpp"
#include "jobs/embedded.hpp"
#include "jobs/job.hpp"
#include "jobs/table_reader.hpp"
#include "jobs/toml_text.hpp"

namespace flopsieve::jobs {
namespace {

Document read_document(const JobOptions& options) {
  if (options.file.empty()) return parse_toml(embedded_forecast(), "embedded forecast.toml");
  if (options.file == "-") {
    const std::string text(std::istreambuf_iterator<char>(std::cin), {});
    return parse_toml(text, "stdin");
  }
  return parse_toml(engine::read_text(options.file, engine::ExitCode::bad_input), options.file);
}

}  // namespace

Document read_job(const JobOptions& options) {
  Document document = with_base(read_document(options));
  apply_options(options, document);
  return document;
}

void apply_options(const JobOptions& options, Document& document) {
  for (const std::string& assignment : options.set) {
    const std::size_t equals = assignment.find('=');
    if (equals == std::string::npos) {
      throw engine::Error(
          engine::ExitCode::bad_input,
          fmt::format("--set {}: write key=value, for example models.sd=1.5", assignment));
    }
    set_key(document, std::string_view(assignment).substr(0, equals),
            std::string_view(assignment).substr(equals + 1));
  }
  if (options.seed) set_key(document, "seed", std::to_string(*options.seed));
  if (options.trajectories) {
    set_key(document, "trajectories", std::to_string(*options.trajectories));
  }
}

engine::Plan read_plan(const JobOptions& options) {
  return read_plan(read_job(options));
}

engine::Plan read_plan(const Document& job) {
  TableReader root(job);
  if (root.has("backtest")) {
    root.fail_at("backtest", "a job with [backtest] is one run per origin; flopsieve run takes it");
  }
  return plan_from_job(job, calibration_for(job));
}

std::map<std::string, std::filesystem::path> named_files(const Document& job) {
  std::map<std::string, std::filesystem::path> files;
  for (const char* key : {"calibration", "sweep.csv"}) {
    const Value* name = find_key(job, key);
    if (name == nullptr || name->kind != ValueKind::string) continue;
    const std::filesystem::path folder = std::filesystem::path(*name->source).parent_path();
    files[key] = std::filesystem::absolute(folder / name->text).lexically_normal();
  }
  return files;
}

std::string job_with_files(Document job,
                           const std::map<std::string, std::filesystem::path>& files) {
  for (const auto& [key, path] : files) set_key(job, key, toml_string(path.string()));
  return toml_document(job);
}

std::string default_output(const JobOptions& options, const engine::Plan& plan) {
  engine::Plan without_pilot = plan;
  without_pilot.batch_trajectories = 0;
  return default_output(options, plan_identity(without_pilot));
}

std::string default_output(const JobOptions& options, const std::string& identity) {
  std::string stem = "forecast";
  if (options.file == "-") stem = "stdin";
  if (!options.file.empty() && options.file != "-") {
    stem = std::filesystem::path(options.file).stem().string();
  }
  if (options.set.empty() && !options.seed) return stem + ".h5";
  return fmt::format("{}-{}.h5", stem, identity.substr(0, 8));
}

}  // namespace flopsieve::jobs
