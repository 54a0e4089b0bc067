#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <set>
#include <string>
#include <system_error>
#include <vector>

#include "engine/error.hpp"
#include "engine/h5.hpp"
#include "engine/merge.hpp"
#include "engine/result_file.hpp"
#include "jobs/disk.hpp"
#include "jobs/finish_run.hpp"

namespace flopsieve::jobs {
namespace {

namespace fs = std::filesystem;
using engine::Error;
using engine::ExitCode;
using engine::H5File;

struct Differences {
  std::size_t datasets = 0;  ///< of both files together
  std::vector<std::string> names;
};

/// Whether the bytes of a dataset, as they are now, are the same in both files.
bool same(const H5File& a, const H5File& b, const std::string& dataset) {
  return a.exists(dataset) && b.exists(dataset) && a.shape(dataset) == b.shape(dataset) &&
         a.dataset_sha256(dataset) == b.dataset_sha256(dataset);
}

Differences compare_files(const fs::path& one, const fs::path& other) {
  const H5File a = H5File::open(one);
  const H5File b = H5File::open(other);
  std::set<std::string> datasets;
  for (const H5File* file : {&a, &b}) {
    for (const std::string& name : file->datasets()) datasets.insert(name);
  }
  Differences found{datasets.size(), {}};
  std::copy_if(datasets.begin(), datasets.end(), std::back_inserter(found.names),
               [&](const std::string& name) { return !same(a, b, name); });
  return found;
}

/// Where the second run goes; beside the first if the command does not say.
fs::path output_of(const RunCommand& command) {
  if (!command.output.empty()) return run_output(command.output);
  const fs::path output = run_output(command.from + ".rerun");
  const fs::path folder = folder_of(output);
  if (access(folder.c_str(), W_OK) == 0) return output;
  throw Error(ExitCode::storage,
              fmt::format("{}: cannot be written to: {}; -o names another place for the second run",
                          folder.string(), std::generic_category().message(errno)));
}

}  // namespace

int rerun(const RunCommand& command, Console& console) {
  engine::demand_result_file(command.from);
  const engine::Study stored = engine::read_result_file(command.from).study;
  if (!stored.plan.sampling.filtered.empty()) {
    throw Error(ExitCode::bad_input,
                fmt::format("{}: class \"joint\": it was filtered from another result file, and "
                            "can only be filtered from that again",
                            command.from));
  }
  const fs::path output = output_of(command);
  RunDetails details;
  details.plan_is_complete = true;
  finish_run(command, console, stored.plan, output, details);
  const Differences found = compare_files(command.from, output);
  if (!found.names.empty()) {
    throw Error(ExitCode::storage,
                fmt::format("{}: not what this program computes: {} of {} datasets differ from {}: "
                            "{}",
                            command.from, found.names.size(), found.datasets, output.string(),
                            fmt::join(found.names, ", ")));
  }
  if (command.output.empty()) fs::remove(output);
  print_result(fmt::format("{}: equal: {} datasets\n", command.from, found.datasets));
  return static_cast<int>(ExitCode::done);
}

}  // namespace flopsieve::jobs
