#include "jobs/slurm_scripts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "engine/error.hpp"
#include "jobs/clock.hpp"
#include "jobs/embedded.hpp"
#include "jobs/shell.hpp"
#include "jobs/time_limit.hpp"

namespace flopsieve::jobs {
namespace {

namespace fs = std::filesystem;
using engine::Error;
using engine::ExitCode;

constexpr std::string_view letters_and_digits =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

bool consists_of(std::string_view text, std::string_view others) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return letters_and_digits.find(c) != std::string_view::npos ||
           others.find(c) != std::string_view::npos;
  });
}

/// sbatch has a quoting of its own in #SBATCH lines; what needs none is all that names need.
void demand_plain(const char* option, const std::string& value) {
  constexpr const char* others = "_.,:@+/=-";
  if (value.empty() || (consists_of(value, others) && value.front() != '-')) return;
  throw Error(ExitCode::bad_input,
              fmt::format("{} \"{}\": must be letters, digits and {} and not begin with -", option,
                          value, others));
}

void demand_memory(const std::string& value) {
  if (value.empty()) return;
  const std::size_t digits = value.find_first_not_of("0123456789");
  const std::string unit = digits == std::string::npos ? "" : value.substr(digits);
  const bool good = digits != 0 && value.size() <= 12 && value.front() != '0' &&
                    (unit.empty() || unit == "K" || unit == "M" || unit == "G" || unit == "T");
  if (good) return;
  throw Error(ExitCode::bad_input,
              fmt::format("--mem {}: must be a number of megabytes, or with a unit K, M, G or T, "
                          "for example 4G",
                          value));
}

/// A path for a shell.
std::string quoted(const fs::path& path) {
  const std::string text = path.string();
  if (std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < ' ' || c == 127; })) {
    throw Error(ExitCode::bad_input,
                fmt::format("{}: a path with a control character cannot stand in a script", text));
  }
  return shell_command({text});
}

/// As sbatch reads times, D-HH:MM:SS.
std::string slurm_time(double seconds) {
  const auto all = static_cast<std::uint64_t>(std::ceil(seconds));
  return fmt::format("{}-{:02}:{:02}:{:02}", all / 86400, all / 3600 % 24, all / 60 % 60, all % 60);
}

std::string option_lines(const SlurmOptions& options) {
  std::string lines;
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) lines += fmt::format("#SBATCH --{}={}\n", name, value);
  };
  add("time", options.time.empty() ? "" : slurm_time(parse_time(options.time).value()));
  add("partition", options.partition);
  add("account", options.account);
  add("qos", options.qos);
  add("mem", options.memory);
  add("mail-user", options.mail);
  return lines;
}

/// The lines of options, and what mail is sent for.
std::string with_mail(const SlurmOptions& options, const char* types) {
  std::string lines = option_lines(options);
  if (!options.mail.empty()) lines += fmt::format("#SBATCH --mail-type={}\n", types);
  if (!lines.empty()) lines.pop_back();  // the file has the last line's end
  return lines;
}

}  // namespace

void demand_good_options(const SlurmOptions& options) {
  demand_plain("--partition", options.partition);
  demand_plain("--account", options.account);
  demand_plain("--qos", options.qos);
  demand_plain("--mail", options.mail);
  demand_memory(options.memory);
  if (!options.time.empty()) demand_time("--time", options.time);
  demand_time("--seal-every", options.seal_every);
}

bool is_job_name(std::string_view name) {
  constexpr std::size_t longest = 200;
  return !name.empty() && name.size() <= longest && name.front() != '-' && consists_of(name, "_.-");
}

std::string job_name(std::string_view text, std::string_view ending) {
  constexpr std::size_t most = 40;
  std::string name = fmt::format("flopsieve-{}-{}", text.substr(0, most), ending);
  for (char& c : name) {
    if (!consists_of({&c, 1}, "_.-")) c = '-';
  }
  return name;
}

int signal_lead(const std::string& time) {
  constexpr double usual = 120.0;
  constexpr double least = 5.0;
  const double limit = time.empty() ? 0.0 : parse_time(time).value();
  // A tenth of a short limit: with 120 s a task of two minutes would be told at its start.
  return static_cast<int>(limit > 0.0 ? std::clamp(limit / 10.0, least, usual) : usual);
}

std::string filled_in(std::string_view text, const std::map<std::string, std::string>& words) {
  constexpr std::string_view mark = "__";
  std::string filled;
  while (true) {
    const std::size_t begin = text.find(mark);
    if (begin == std::string_view::npos) return filled.append(text);
    const std::size_t end = text.find(mark, begin + mark.size());
    filled += text.substr(0, begin);
    const std::string word(text.substr(begin + mark.size(), end - begin - mark.size()));
    filled += words.at(word);
    text.remove_prefix(end + mark.size());
  }
}

std::map<std::string, std::string> slurm_scripts(const Submission& submission,
                                                 const SlurmOptions& options, bool force) {
  std::map<std::string, std::string> words{
      {"name", submission.name},
      {"program", quoted(submission.program)},
      {"directory", quoted(submission.directory)},
      {"output", quoted(submission.output)},
      {"output_text", submission.output.string()},
      {"shards", std::to_string(submission.shards)},
      {"last", std::to_string(submission.shards - 1)},
      {"limit", options.limit > 0 ? fmt::format("%{}", options.limit) : ""},
      {"cpus", std::to_string(options.cpus)},
      {"lead", std::to_string(signal_lead(options.time))},
      {"seal_every", shell_command({options.seal_every})},
      {"force", force ? " --force" : ""},
      {"title", engine::one_line(submission.title.empty() ? submission.name : submission.title)},
      {"version", std::string(program_version())},
      {"created", utc_now().substr(0, 10)},
      {"options", with_mail(options, "FAIL")}};
  std::map<std::string, std::string> files;
  files["shards.sbatch"] = filled_in(embedded_shards_sbatch(), words);
  files["submit.sh"] = filled_in(embedded_submit_sh(), words);
  files["README.md"] = filled_in(embedded_submission_readme(), words);
  words["options"] = with_mail(options, "END,FAIL");
  files["merge.sbatch"] = filled_in(embedded_merge_sbatch(), words);
  return files;
}

}  // namespace flopsieve::jobs
