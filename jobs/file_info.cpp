#include "jobs/file_info.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "engine/error.hpp"
#include "engine/format.hpp"
#include "engine/h5.hpp"
#include "engine/result_file.hpp"
#include "engine/result_open.hpp"
#include "engine/sweep_result.hpp"
#include "jobs/estimates_json.hpp"
#include "jobs/text_table.hpp"

namespace flopsieve::jobs {
namespace {

using engine::Error;
using engine::H5File;
using engine::H5Type;

enum class AttributeKind { text, int32, uint64 };

struct KnownAttribute {
  const char* name;
  AttributeKind kind;
  const char* words;
};

/// FORMAT.md, "Attributes of the root", but for `plan` and `job`.
constexpr KnownAttribute known_attributes[] = {
    {"title", AttributeKind::text, "title"},
    {"kind", AttributeKind::text, "kind of file"},
    {"source", AttributeKind::text, "made by"},
    {"Conventions", AttributeKind::text, "conventions"},
    {"format_version", AttributeKind::int32, "version of the format"},
    {"sampling_version", AttributeKind::int32, "version of the sampling"},
    {"identity", AttributeKind::text, "identity of the plan"},
    {"seed", AttributeKind::uint64, "seed"},
    {"trajectories", AttributeKind::uint64, "trajectories started"},
    {"complete_trajectories", AttributeKind::uint64, "complete trajectories"},
    {"stopped_early", AttributeKind::int32, "stopped by its precision"},
    {"design", AttributeKind::text, "design of the sweep"},
    {"variants", AttributeKind::uint64, "variants"},
    {"variants_ok", AttributeKind::uint64, "variants with a result"},
    {"common_random_numbers", AttributeKind::int32, "common random numbers"},
    {"result_class", AttributeKind::text, "class of the result"},
    {"sampling_method", AttributeKind::text, "method of sampling"},
    {"sampling_reason", AttributeKind::text, "why that method"},
    {"calibration", AttributeKind::text, "calibration"},
    {"calibration_sha256", AttributeKind::text, "SHA-256 of the calibration"},
    {"program_version", AttributeKind::text, "version of flopsieve"},
    {"git_hash", AttributeKind::text, "git hash of its sources"},
    {"created", AttributeKind::text, "created (UTC)"},
    {"host", AttributeKind::text, "on the machine"},
    {"command_line", AttributeKind::text, "by the command"},
    {"instruction_set", AttributeKind::text, "instruction set"},
    {"ranks", AttributeKind::text, "MPI ranks"},
    {"complete", AttributeKind::int32, "written to its end"},
    {"metadata_sha256", AttributeKind::text, "SHA-256 of attributes and texts"}};

const char* words_of(const std::string& name) {
  for (const KnownAttribute& known : known_attributes) {
    if (name == known.name) return known.words;
  }
  return "";
}

std::string attribute_text(const H5File& file, const KnownAttribute& known) {
  switch (known.kind) {
    case AttributeKind::int32:
      return std::to_string(file.read_attribute<std::int32_t>("/", known.name));
    case AttributeKind::uint64:
      return std::to_string(file.read_attribute<std::uint64_t>("/", known.name));
    case AttributeKind::text:
      break;
  }
  return file.read_attribute_text("/", known.name);
}

/// Name and bytes of the type of a dataset's numbers; nothing for strings.
std::optional<std::pair<const char*, std::uint64_t>> number_type(const H5File& file,
                                                                 const std::string& path) {
  try {
    switch (file.type(path)) {
      case H5Type::uint8:
        return {{"uint8", 1}};
      case H5Type::uint32:
        return {{"uint32", 4}};
      case H5Type::uint64:
        return {{"uint64", 8}};
      case H5Type::int32:
        return {{"int32", 4}};
      case H5Type::int64:
        return {{"int64", 8}};
      case H5Type::float32:
        return {{"float32", 4}};
      case H5Type::float64:
        return {{"float64", 8}};
    }
  } catch (const Error&) {
    // Not of numbers.
  }
  return std::nullopt;
}

DatasetInfoLine dataset_line(const H5File& file, const std::string& path, Verify verify) {
  DatasetInfoLine line;
  line.path = path;
  line.shape = file.shape(path);
  const auto type = number_type(file, path);
  line.type = type ? type->first : "string";
  if (type) {
    line.bytes = type->second;
    for (const std::uint64_t length : line.shape) *line.bytes *= length;
  }
  if (file.has_attribute(path, "sha256")) line.sha256 = file.read_attribute_text(path, "sha256");
  if (verify == Verify::no || line.sha256.empty()) return line;
  try {
    line.intact = file.dataset_sha256(path) == line.sha256;
  } catch (const Error&) {
    line.intact = false;  // it cannot even be unpacked
  }
  return line;
}

std::string shape_text(const std::vector<std::uint64_t>& shape) {
  return fmt::format("{}", fmt::join(shape, " x "));
}

std::string intact_text(const DatasetInfoLine& line) {
  if (!line.intact) return line.sha256.empty() ? "-" : line.sha256.substr(0, 16);
  return *line.intact ? "as written" : "DAMAGED";
}

}  // namespace

std::vector<std::string> FileInfo::damaged() const {
  std::vector<std::string> names;
  for (const DatasetInfoLine& line : datasets) {
    if (!line.intact.value_or(true)) names.push_back(line.path);
  }
  return names;
}

FileInfo read_info(const std::filesystem::path& path, Verify verify) {
  const H5File file = engine::is_sweep_result(path)
                          ? engine::open_result_of(path, engine::format::kind_sweep)
                          : engine::open_result_file(path);
  FileInfo info;
  info.file = path.string();
  info.bytes = std::filesystem::file_size(path);
  for (const KnownAttribute& known : known_attributes) {
    if (!file.has_attribute("/", known.name)) continue;
    info.attributes.push_back(
        {known.name, attribute_text(file, known), known.kind != AttributeKind::text});
  }
  info.job = file.read_attribute_text("/", engine::format::job);
  info.plan = file.read_attribute_text("/", engine::format::plan);
  info.verified = verify == Verify::yes;
  for (const std::string& dataset : file.datasets()) {
    info.datasets.push_back(dataset_line(file, dataset, verify));
  }
  return info;
}

std::string info_text(const FileInfo& info) {
  std::string text = fmt::format("{}: {} bytes\n\n", info.file, grouped(info.bytes));
  for (const Attribute& each : info.attributes) {
    text += fmt::format("  {:<37}{}\n", words_of(each.name), each.value);
  }
  text += fmt::format("  {:<37}{} bytes of TOML (--job prints it)\n", "job", info.job.size());
  text += fmt::format("  {:<37}{} bytes of JSON (--plan prints it)\n\n", "plan", info.plan.size());
  TextTable table(
      {"dataset", "type", "shape", "bytes", info.verified ? "checksum" : "SHA-256 begins"});
  for (const DatasetInfoLine& line : info.datasets) {
    table.add({line.path, line.type, shape_text(line.shape),
               line.bytes ? grouped(*line.bytes) : "-", intact_text(line)});
  }
  text += table.text();
  if (info.verified && info.damaged().empty()) {
    text += "\nAll datasets, attributes and texts are as they were written.\n";
  }
  return text;
}

std::string info_json(const FileInfo& info) {
  Json json = {{"file", info.file}, {"bytes", info.bytes}, {"attributes", Json::object()}};
  for (const Attribute& each : info.attributes) {
    json["attributes"][each.name] =
        each.is_number ? Json(std::stoull(each.value)) : Json(each.value);
  }
  json["job"] = info.job;
  json["datasets"] = Json::array();
  for (const DatasetInfoLine& line : info.datasets) {
    json["datasets"].push_back({{"path", line.path},
                                {"type", line.type},
                                {"shape", line.shape},
                                {"bytes", line.bytes ? Json(*line.bytes) : Json()},
                                {"sha256", line.sha256.empty() ? Json() : Json(line.sha256)},
                                {"intact", line.intact ? Json(*line.intact) : Json()}});
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace flopsieve::jobs
