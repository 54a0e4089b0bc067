#include "engine/sweep_study.hpp"

#include <fmt/format.h>

#include <numeric>
#include <stdexcept>
#include <string_view>

#include "engine/error.hpp"
#include "engine/format.hpp"
#include "engine/part_check.hpp"
#include "engine/parts.hpp"
#include "engine/sealed.hpp"

namespace flopsieve::engine {
namespace {

namespace fs = std::filesystem;

constexpr char settings[] = "settings";

std::string plain(std::string_view key) {
  std::string name;
  for (const char c : key) {
    const bool kept = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '_' || c == '.';
    name.push_back(kept ? c : '_');
  }
  return name;
}

std::string root(const std::string& name) {
  return "/" + name;
}

SweptKey read_key(const H5File& file, const std::string& path, std::uint64_t variants) {
  SweptKey key;
  key.name = file.read_attribute_text(path, format::key);
  key.is_number = file.read_attribute<std::int32_t>(path, "is_number") != 0;
  if (key.is_number) {
    key.numbers = file.read<double>(path);
  } else {
    key.texts = file.read_strings(path);
  }
  if (key.numbers.size() + key.texts.size() != variants) {
    throw std::out_of_range(path + " has not a value for each variant");
  }
  return key;
}

/// The study of a sealed file; nothing if it is of something else.
std::optional<SweepStudy> read_sealed(const fs::path& path) {
  const H5File file = H5File::open_image(unseal(path), path.string());
  if (file.read_attribute_text("/", format::kind) != format::kind_sweep_study) return std::nullopt;
  const auto version = file.read_attribute<std::int32_t>("/", format::format_version);
  if (version != format::version) {
    throw Error(ExitCode::storage, fmt::format("{}: format version {}, this program reads {}",
                                               path.string(), version, format::version));
  }
  try {
    return read_checked(path, [&] { return read_sweep_study(file); });
  } catch (const UnreadablePlan& error) {
    throw DamagedPart(fmt::format("{}: damaged part: {}", path.string(), error.what()));
  }
}

[[noreturn]] void refuse(const fs::path& folder, const std::string& what) {
  throw Error(ExitCode::bad_input,
              fmt::format("{}: holds parts of {}; move the folder away, or choose another output "
                          "with -o",
                          folder.string(), what));
}

/// `found` is nothing for a run.
void demand_same(const fs::path& folder, const std::optional<SweepStudy>& found,
                 const SweepStudy& study) {
  if (!found) refuse(folder, "a run");
  if (found->identity != study.identity) refuse(folder, "another sweep");
  if (found->base.trajectories != study.base.trajectories) {
    refuse(folder, fmt::format("this sweep with {} trajectories a variant, not {}",
                               found->base.trajectories, study.base.trajectories));
  }
}

}  // namespace

SweepStudy study_of_sweep(const Variants& variants, std::string job, std::string sweep,
                          std::vector<std::pair<std::string, std::string>> provenance) {
  return {variants.base(),
          variants.identity(),
          variants.count(),
          variants.design(),
          variants.common_random_numbers(),
          variants.keys(),
          std::move(job),
          std::move(sweep),
          std::move(provenance)};
}

std::vector<std::string> setting_names(const std::vector<SweptKey>& keys,
                                       std::set<std::string> taken) {
  std::vector<std::string> names;
  for (const SweptKey& key : keys) {
    const std::string first = plain(key.name);
    std::string name = first;
    for (int number = 2; !taken.insert(name).second; ++number) {
      name = fmt::format("{}_{}", first, number);
    }
    names.push_back(name);
  }
  return names;
}

void write_sweep_study(H5File& file, const SweepStudy& study,
                       const std::vector<std::string>& names) {
  const Dimension variant{root(format::variant), study.variants};
  std::vector<std::uint64_t> indices(study.variants);
  std::iota(indices.begin(), indices.end(), std::uint64_t{0});
  file.write(variant.scale, indices, {{variant}, "1", "index of the variant"});
  for (std::size_t i = 0; i < names.size(); ++i) {
    const SweptKey& key = study.keys[i];
    const std::string path = root(names[i]);
    const DatasetInfo info{{variant}, "", "setting of " + key.name};
    if (key.is_number) {
      file.write(path, key.numbers, info);
    } else {
      file.write_strings(path, key.texts, info);
    }
    file.write_attribute(path, format::key, key.name);
    file.write_attribute(path, "is_number", std::int32_t{key.is_number ? 1 : 0});
  }
  file.write_attribute("/", format::format_version, std::int32_t{format::version});
  file.write_attribute("/", format::identity, study.identity);
  file.write_attribute("/", format::design, study.design);
  file.write_attribute("/", format::common_random_numbers,
                       std::int32_t{study.common_random_numbers ? 1 : 0});
  if (!names.empty()) file.write_attribute("/", settings, names);
  file.write_attribute("/", format::plan, plan_to_json(study.base));
  file.write_attribute("/", format::job, study.job);
  file.write_attribute("/", format::sweep, study.sweep);
  for (const auto& [name, value] : study.provenance) file.write_attribute("/", name, value);
}

SweepStudy read_sweep_study(const H5File& file) {
  const auto text = [&](const char* name) { return file.read_attribute_text("/", name); };
  SweepStudy study;
  study.base = plan_from_json(text(format::plan));
  study.identity = text(format::identity);
  study.variants = file.shape(root(format::variant)).at(0);
  study.design = text(format::design);
  study.common_random_numbers =
      file.read_attribute<std::int32_t>("/", format::common_random_numbers) != 0;
  if (file.has_attribute("/", settings)) {
    for (const std::string& name : file.read_attribute_texts("/", settings)) {
      study.keys.push_back(read_key(file, root(name), study.variants));
    }
  }
  study.job = text(format::job);
  study.sweep = text(format::sweep);
  if (file.has_attribute("/", format::command_line)) {
    study.provenance.emplace_back(format::command_line, text(format::command_line));
  }
  return study;
}

void agree_on_sweep(const fs::path& folder, const SweepStudy& study) {
  create_parts_folder(folder);
  const fs::path path = folder / format::study_file;
  while (true) {
    try {
      if (fs::exists(path)) {
        demand_same(folder, read_sealed(path), study);
        return;
      }
    } catch (const DamagedPart&) {
      set_aside(path, ".damaged");
    }
    H5File file = H5File::create_in_memory(format::study_file, {}, Hashing::none);
    file.write_attribute("/", format::kind, std::string_view(format::kind_sweep_study));
    write_sweep_study(file, study, setting_names(study.keys, {format::variant}));
    if (seal_new(path, file.take_image())) return;
  }
}

void demand_same_sweep(const fs::path& folder, const SweepStudy& study) {
  const fs::path path = folder / format::study_file;
  if (fs::exists(path)) demand_same(folder, read_sealed(path), study);
}

std::optional<SweepStudy> stored_sweep(const fs::path& folder) {
  const fs::path path = folder / format::study_file;
  if (!fs::exists(path)) return std::nullopt;
  return read_sealed(path);
}

bool is_sweep_folder(const fs::path& folder) {
  if (!part_paths(folder, format::sweep_part_ending).empty()) return true;
  try {
    return stored_sweep(folder).has_value();
  } catch (const Error&) {
    return false;  // whoever needs the folder reports it
  }
}

}  // namespace flopsieve::engine
