#include "engine/sweep_file.hpp"

#include <fmt/format.h>

#include <set>
#include <string>
#include <vector>

#include "engine/error.hpp"
#include "engine/files.hpp"
#include "engine/format.hpp"
#include "engine/parameters.hpp"
#include "engine/result_seal.hpp"
#include "engine/result_tables.hpp"
#include "engine/sweep_join.hpp"
#include "engine/sweep_study.hpp"
#include "engine/sweep_tables.hpp"
#include "engine/tally_io.hpp"

namespace flopsieve::engine {
namespace {

namespace fs = std::filesystem;

constexpr char status_name[] = "status";
constexpr char method_name[] = "method";

/// The texts of a result, which are written at once.
struct VariantTexts {
  std::vector<std::string> status;
  std::vector<std::string> method;  ///< empty where nothing was sampled
};

void add(const JoinedVariant& variant, SweepTally& tally) {
  ++(variant.ok() ? tally.ok : tally.failed);
  tally.trajectories += variant.tally.trajectories;
  tally.complete += variant.tally.complete;
  for (const YearTally& year : variant.tally.years) {
    tally.candidates += year.candidates;
    tally.survivors += year.survivors;
  }
}

void write_texts(H5File& file, const VariantTexts& texts) {
  const Dimension variant = along("", format::variant, texts.status.size());
  file.write_strings(std::string("/") + status_name, texts.status,
                     {{variant}, "", "`ok`, or why there is no result"});
  file.write_strings(std::string("/") + method_name, texts.method,
                     {{variant}, "", "how candidates were sampled"});
}

void write_observed(H5File& file, const Plan& plan) {
  if (plan.outputs.observed.empty()) return;
  file.write("/counts_observed", plan.outputs.observed,
             {{along("", format::year, plan.year_count()),
               along("", format::threshold, plan.outputs.thresholds.size())},
              "1",
              "known models above the threshold in the year, reported instead of simulated ones; "
              "-1: simulated"});
}

void write_sweep_attributes(H5File& file, const SweepStudy& study, const SweepTally& tally) {
  write_common_attributes(file, study.base, format::kind_sweep);
  file.write_attribute("/", "variants", study.variants);
  file.write_attribute("/", "variants_ok", tally.ok);
  file.write_attribute("/", "trajectories", study.base.trajectories);
}

/// xarray makes what the attribute names coordinates: the settings.
void name_coordinates(H5File& file, const std::vector<std::string>& settings,
                      std::vector<std::string> results) {
  results.emplace_back(status_name);
  results.emplace_back(method_name);
  const std::string names = fmt::format("{}", fmt::join(settings, " "));
  for (const std::string& name : results) {
    file.write_attribute("/" + name, format::coordinates, names);
  }
}

/// Fills the file but for what says that it is complete.
SweepTally write_all(H5File& file, const SweepStudy& study, const SweepParts& parts,
                     const std::atomic<bool>* stop) {
  JoinedVariants variants(study, parts);
  const SweepMethods methods{variants.any_method([](Method m) { return m == Method::split; }),
                             variants.any_method(is_tilted)};
  const std::vector<std::string> scales = scales_of_sweep(study.base);
  std::set<std::string> taken(scales.begin(), scales.end());
  taken.insert({format::variant, status_name, method_name, "counts_observed"});
  JoinedVariant none;
  none.status.clear();
  for (const ResultTable& table : variant_tables(study, methods, none)) {
    taken.insert(name_in_sweep(table));
  }
  const std::vector<std::string> settings = setting_names(study.keys, std::move(taken));
  write_sweep_study(file, study, settings);
  write_scales(file, study.base, "", scales);
  SweepTables tables(file, study, methods);
  VariantTexts texts;
  SweepTally tally{study.variants};
  while (const std::optional<JoinedVariant> variant = variants.next()) {
    if (stop != nullptr && stop->load()) {
      throw Error(ExitCode::interrupted, "stopped while joining the parts");
    }
    tables.append(*variant);
    texts.status.push_back(variant->status);
    texts.method.emplace_back(variant->plan ? name(variant->plan->sampling.method) : "");
    add(*variant, tally);
  }
  tables.finish();
  write_texts(file, texts);
  write_observed(file, study.base);
  name_coordinates(file, settings, tables.names());
  write_sweep_attributes(file, study, tally);
  return tally;
}

}  // namespace

SweepTally write_sweep_file(const fs::path& path, const SweepStudy& study, const SweepParts& parts,
                            const std::atomic<bool>* stop) {
  TemporaryFile temporary(path);
  SweepTally tally;
  std::vector<ByteRange> large_arrays;
  {
    H5File file = H5File::create(temporary.path());
    tally = write_all(file, study, parts, stop);
    mark_complete(file);
    file.flush();
    large_arrays = file.plain_numbers(kLargeArray);
  }
  append_seal(temporary, large_arrays);
  temporary.commit();
  return tally;
}

}  // namespace flopsieve::engine
