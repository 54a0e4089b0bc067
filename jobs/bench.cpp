#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <memory>
#include <thread>
#include <utility>

#include "engine/error.hpp"
#include "engine/files.hpp"
#include "jobs/bench_clock.hpp"
#include "jobs/bench_kernels.hpp"
#include "jobs/bench_report.hpp"
#include "jobs/bench_runs.hpp"
#include "jobs/commands.hpp"
#include "jobs/console.hpp"
#include "kernels/target.hpp"

// flopsieve bench: a list of things to measure, each with the bare kernel that bounds it; then all
// of them in turns.

namespace flopsieve::jobs {
namespace {

namespace fs = std::filesystem;
using engine::Backend;
using kernels::Target;

constexpr const char* disk = "write_and_fsync";

/// A measurement and the figure it fills. `demand`: items of the limit per item.
struct Entry {
  BenchFigure figure = {};
  double demand = 1.0;
  Measurement measurement = {};
};

/// A folder of its own for files, removed at the end.
class ScratchFolder {
 public:
  ScratchFolder() : path_(fs::temp_directory_path() / fmt::format("flopsieve-bench.{}", getpid())) {
    fs::create_directories(path_);
  }
  ~ScratchFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

std::function<void()> on_target(Target target) {
  return [target] { kernels::force_target(target); };
}

/// One kernel on `threads` threads at a time, each on data of its own.
Entry kernel_entry(const KernelCase& kernel, Target target, int threads) {
  Entry entry{.figure = {.name = kernel.name,
                         .target = std::string(name(target)),
                         .threads = threads,
                         .unit = kernel.unit,
                         .limit = kernel.limit},
              .demand = kernel.demand,
              .measurement = {on_target(target), {}}};
  std::vector<std::function<void()>> calls;
  for (int i = 0; i < threads; ++i) calls.push_back(kernel.make());
  if (threads == 1) {
    entry.measurement.work = [call = calls[0], items = kernel.items] {
      constexpr int times = 16;
      for (int i = 0; i < times; ++i) call();
      return times * items;
    };
    return entry;
  }
  entry.measurement.work = [calls, items = kernel.items] {
    constexpr int times = 4096;  // milliseconds, so that starting threads costs little
    std::vector<std::jthread> workers;
    for (const auto& call : calls) {
      workers.emplace_back([&call] {
        for (int i = 0; i < times; ++i) call();
      });
    }
    workers.clear();  // waits
    return times * items * static_cast<double>(calls.size());
  };
  return entry;
}

Entry job_entry(const std::shared_ptr<const Workload>& workload, Target target, Backend backend,
                int threads) {
  return {.figure = {.name = "job/" + workload->name,
                     .target = std::string(name(target)),
                     .backend = std::string(to_string(backend)),
                     .threads = threads,
                     .unit = workload->unit,
                     .limit = workload->limit},
          .demand = workload->demand(),
          .measurement = {on_target(target), [=] {
                            const auto batches = 4 * static_cast<std::uint64_t>(threads);
                            return items_of(*workload, run_batches(workload->plan, backend, threads,
                                                                   threads == 1 ? 1 : batches));
                          }}};
}

/// The parts of the workload's candidates, on `threads` threads at a time.
Entry parts_entry(const std::shared_ptr<const Workload>& workload, Target target, int threads) {
  std::vector<std::shared_ptr<Parts>> parts;
  for (int i = 0; i < threads; ++i) parts.push_back(std::make_shared<Parts>(*workload->parts));
  return {
      .figure = {.name = workload->limit,
                 .target = std::string(name(target)),
                 .threads = threads,
                 .unit = workload->unit},
      .measurement = {on_target(target), [workload, parts] {
                        std::vector<std::jthread> others;
                        for (std::size_t i = 1; i < parts.size(); ++i) {
                          others.emplace_back([&parts, i] { parts[i]->run(); });
                        }
                        parts[0]->run();
                        others.clear();  // waits
                        return static_cast<double>(workload->parts->drawn.size() * parts.size());
                      }}};
}

bool begins_with_one(std::string_view name, const std::vector<std::string>& beginnings) {
  return std::any_of(beginnings.begin(), beginnings.end(),
                     [&](const std::string& beginning) { return name.starts_with(beginning); });
}

/// Whether nothing but kernels is asked for: jobs take seconds to prepare.
bool only_kernels(const std::vector<std::string>& only) {
  return !only.empty() && std::all_of(only.begin(), only.end(), [](const std::string& beginning) {
    const auto& all = kernel_cases();
    return std::any_of(all.begin(), all.end(), [&](const KernelCase& kernel) {
      return kernel.name.starts_with(beginning);
    });
  });
}

class List {
 public:
  List(const BenchCommand& command, fs::path folder)
      : quick_(command.quick),
        only_kernels_(only_kernels(command.only)),
        folder_(std::move(folder)),
        active_(kernels::active_target()) {
    const int most = command.threads > 0 ? command.threads : engine::default_threads();
    for (int threads = 1; threads < most; threads *= 2) threads_.push_back(threads);
    threads_.push_back(most);
  }

  std::vector<Entry> entries() {
    add_kernels();
    if (only_kernels_) return std::move(entries_);
    for (Workload& each : workloads(quick_ ? BenchLength::quick : BenchLength::full)) {
      add_job(std::make_shared<const Workload>(std::move(each)));
    }
    add_files();
    return std::move(entries_);
  }

 private:
  void add_kernels() {
    for (const KernelCase& kernel : kernel_cases()) {
      for (const Target target : kernels::supported_targets()) {
        entries_.push_back(kernel_entry(kernel, target, 1));
      }
      const bool bounds_others = kernel.limit.empty() || kernel.name.starts_with("draw_and_sum/");
      for (const int threads : threads_) {
        if (bounds_others && threads > 1)
          entries_.push_back(kernel_entry(kernel, active_, threads));
      }
    }
  }

  void add_job(const std::shared_ptr<const Workload>& workload) {
    for (const int threads : threads_) {
      if (workload->parts && threads > 1) {
        entries_.push_back(parts_entry(workload, active_, threads));
      }
    }
    for (const Target target : kernels::supported_targets()) {
      if (target != active_ && quick_) continue;
      if (workload->parts) entries_.push_back(parts_entry(workload, target, 1));
      entries_.push_back(job_entry(workload, target, Backend::serial, 1));
    }
    for (const Backend backend : {Backend::tbb, Backend::openmp}) {
      for (const int threads : threads_) {
        if (quick_ && (threads != threads_.back() || backend == Backend::openmp)) continue;
        entries_.push_back(job_entry(workload, active_, backend, threads));
      }
    }
  }

  /// The published job with all sizes kept, into sealed parts and the result file.
  void add_files() {
    auto plan = std::make_shared<engine::Plan>(workloads(BenchLength::quick).back().plan);
    plan->outputs.keep = engine::Keep::samples;
    plan->outputs.keep_samples = engine::address_limit;
    plan->trajectories = quick_ ? 512 : 4096;
    const auto bytes = static_cast<std::size_t>(run_to_file(*plan, threads_.back(), folder_));
    BenchFigure figure{.name = disk,
                       .target = std::string(name(active_)),
                       .threads = threads_.back(),
                       .unit = "bytes"};
    entries_.push_back({.figure = figure, .measurement = {on_target(active_), [=, this] {
                                                            return write_bytes(bytes, folder_);
                                                          }}});
    figure.name = "job/published_to_file";
    figure.backend = "tbb";
    figure.limit = disk;
    entries_.push_back(
        {.figure = figure,
         .measurement = {on_target(active_), [plan, folder = folder_, threads = threads_.back()] {
                           return run_to_file(*plan, threads, folder);
                         }}});
  }

  bool quick_;
  bool only_kernels_;
  fs::path folder_;
  Target active_;
  std::vector<int> threads_;  ///< 1, 2, 4, ... and the largest
  std::vector<Entry> entries_;
};

/// Whether `limit` is the figure that bounds `figure`: on the same target and as many threads.
bool bounds(const BenchFigure& limit, const BenchFigure& figure) {
  return limit.name == figure.limit && limit.target == figure.target &&
         limit.threads == figure.threads;
}

/// Those whose names begin with one of `only`, and their limits; all if it is empty.
std::vector<Entry> selected(std::vector<Entry> all, const std::vector<std::string>& only) {
  if (only.empty()) return all;
  const auto asked_for = [&](const Entry& entry) {
    return begins_with_one(entry.figure.name, only);
  };
  std::vector<Entry> chosen;
  std::copy_if(all.begin(), all.end(), std::back_inserter(chosen), [&](const Entry& entry) {
    return asked_for(entry) || std::any_of(all.begin(), all.end(), [&](const Entry& other) {
             return asked_for(other) && bounds(entry.figure, other.figure);
           });
  });
  if (chosen.empty()) {
    throw engine::Error(engine::ExitCode::bad_input,
                        "no figure has a name that begins with " +
                            fmt::format("\"{}\"", fmt::join(only, "\" or \"")) +
                            "; flopsieve bench --quick prints all names");
  }
  return chosen;
}

/// Fills the rates, then each figure's limit.
std::vector<BenchFigure> figures_of(std::vector<Entry>& entries, const std::vector<Rate>& rates) {
  for (std::size_t i = 0; i < entries.size(); ++i) entries[i].figure.rate = rates[i];
  std::vector<BenchFigure> figures;
  for (Entry& entry : entries) {
    BenchFigure& figure = entry.figure;
    for (const Entry& other : entries) {
      if (!bounds(other.figure, figure)) continue;
      figure.limit_rate = other.figure.rate.median / entry.demand;
    }
    figures.push_back(figure);
  }
  return figures;
}

/// While the bare fused kernel runs on each target.
std::vector<BenchClock> clocks() {
  const auto& all = kernel_cases();
  const auto fused = std::find_if(all.begin(), all.end(), [](const KernelCase& kernel) {
    return kernel.name == bare_fused_kernel;
  });
  const auto call = fused->make();
  std::vector<BenchClock> result;
  for (const Target target : kernels::supported_targets()) {
    kernels::force_target(target);
    result.push_back({std::string(name(target)), measure_clock(call)});
  }
  return result;
}

}  // namespace

int bench(const BenchCommand& command) {
  const bool to_file = !command.json.empty() && command.json != "-";
  if (to_file) demand_output_place(command.json);
  const Target active = kernels::active_target();
  const ScratchFolder folder;
  std::fputs("flopsieve bench: preparing\n", stderr);
  List list(command, folder.path());
  std::vector<Entry> entries = selected(list.entries(), command.only);
  std::vector<Measurement> measurements;
  for (const Entry& entry : entries) measurements.push_back(entry.measurement);
  BenchReport report{this_machine(), clocks(), command.quick, {}};
  const std::vector<Rate> rates =
      measure(measurements, command.quick ? 0.02 : 0.2, [](int done, int rounds) {
        std::fputs(fmt::format("flopsieve bench: round {} of {} done\n", done, rounds).c_str(),
                   stderr);
      });
  kernels::force_target(active);
  report.figures = figures_of(entries, rates);
  if (to_file) engine::write_file_atomically(command.json, bench_json(report));
  print_result(command.json == "-" ? bench_json(report) : bench_text(report));
  return 0;
}

}  // namespace flopsieve::jobs
