#include "jobs/sweep_ranks.hpp"

#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

#include "engine/error.hpp"
#include "engine/rank_share.hpp"
#include "engine/sweep_run.hpp"
#include "jobs/job_source.hpp"
#include "jobs/sweep_variants.hpp"

namespace flopsieve::jobs {
namespace {

using engine::Error;
using engine::ExitCode;
using Json = nlohmann::json;

std::string share_order(const Document& job, const engine::RunOptions& options) {
  return Json{{"job", job_with_files(job, named_files(job))},
              {"output", std::filesystem::absolute(options.output).string()},
              {"seal_seconds", options.seal_interval.count()},
              {"backend", std::string(engine::to_string(options.backend))},
              {"threads", options.rank_threads}}
      .dump();
}

}  // namespace

engine::SweepTally run_sweep_on_ranks(const engine::Variants& variants,
                                      const engine::SweepStudy& study, const Document& job,
                                      engine::RunOptions options) {
  engine::Ranks& ranks = *std::exchange(options.ranks, nullptr);
  const auto tell_user = std::exchange(options.on_progress, nullptr);
  options.shard = {0, static_cast<std::uint64_t>(ranks.self().count)};
  engine::RankShares shares(ranks, share_order(job, options), options.on_rank_signal);
  engine::Progress own;
  bool ended = false;
  const auto tell = [&] {
    engine::Progress all = own;
    engine::add_counts(all, shares.progress());
    all.ended = ended;
    if (tell_user) tell_user(all);
  };
  options.on_progress = [&](const engine::Progress& progress) {
    own = progress;
    tell();
  };
  try {
    engine::run_sweep(variants, study, options);
    shares.wait([&] {
      if (options.stop != nullptr && options.stop->load()) {
        throw Error(ExitCode::interrupted, "stopped");
      }
      tell();
    });
  } catch (const Error&) {
    ended = true;
    tell();
    shares.demand_none_failed();  // which has stopped the root
    throw;
  }
  ended = true;
  own.joining = options.compact;
  tell();
  if (!options.compact) return {};
  engine::MergeOptions merge;
  merge.output = options.output;
  merge.folders = {engine::parts_folder(options.output)};
  merge.stop = options.stop;
  merge.warn = options.warn;
  return engine::merge_sweep(study, merge);
}

void compute_sweep_share(const std::string& work, engine::Shard shard,
                         const std::atomic<bool>& stop,
                         const std::function<void(const engine::Progress&)>& tell) {
  const Json order = Json::parse(work);
  JobVariants variants(parse_toml(order.at("job").get<std::string>(), "sweep of the root"));
  variants.resolve();
  engine::RunOptions options;
  options.output = order.at("output").get<std::string>();
  options.shard = shard;
  options.seal_interval = std::chrono::duration<double>(order.at("seal_seconds").get<double>());
  options.backend = engine::parse_backend(order.at("backend").get<std::string>());
  const int threads = order.at("threads").get<int>();
  options.threads = threads > 0 ? threads : engine::default_threads();
  options.stop = &stop;
  options.on_progress = tell;
  engine::run_sweep(variants, sweep_study(variants, {}), options);
}

}  // namespace flopsieve::jobs
