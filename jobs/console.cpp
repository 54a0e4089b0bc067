#include "jobs/console.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>

#include "engine/error.hpp"
#include "jobs/text_table.hpp"

namespace flopsieve::jobs {
namespace {

std::unique_ptr<std::FILE, int (*)(std::FILE*)> open_log(const std::string& path) {
  if (path.empty()) return {nullptr, &std::fclose};
  std::FILE* file = std::fopen(path.c_str(), "a");
  if (file == nullptr) {
    throw engine::Error(engine::ExitCode::bad_input,
                        fmt::format("{}: cannot open the log: {}", path, std::strerror(errno)));
  }
  return {file, &std::fclose};
}

}  // namespace

Console::Console(const Options& options)
    : quiet_(options.quiet),
      terminal_(isatty(STDERR_FILENO) == 1),
      log_name_(options.log_file),
      log_(open_log(options.log_file)) {}

void Console::write_line(const std::string& line, bool shown) {
  if (shown) {
    end_progress();
    std::fputs((line + "\n").c_str(), stderr);
  }
  if (log_) log(line);
}

void Console::log(const std::string& line) {
  const bool written = std::fputs((line + "\n").c_str(), log_.get()) >= 0;
  if (written && std::fflush(log_.get()) == 0) return;
  const std::string reason = std::strerror(errno);
  log_.reset();
  warn(fmt::format("{}: cannot write the log: {}; it ends here, the run goes on", log_name_,
                   reason));
}

void Console::note(const std::string& message) {
  write_line(message, !quiet_);
}

void Console::warn(const std::string& message) {
  write_line("warning: " + message, true);
}

void Console::progress(const engine::Progress& progress) {
  const Clock::time_point now = Clock::now();
  const bool begins = progress.batches_done == 0 && !progress.joining;
  if (!start_ || begins) {
    start_ = now;
    last_ = now;
  }
  const auto interval = terminal_ ? std::chrono::milliseconds(100) : std::chrono::seconds(10);
  const bool last = progress.batches_sealed + progress.batches_done == progress.batches_total;
  if (now - last_ < interval && !(last && terminal_)) return;
  last_ = now;
  const double seconds = std::chrono::duration<double>(now - *start_).count();
  const std::string line = progress_line(progress, seconds);
  if (!terminal_) {
    write_line(line, !quiet_);
  } else if (!quiet_) {
    std::fputs(("\r\033[K" + line).c_str(), stderr);
    std::fflush(stderr);
    line_open_ = true;
  }
}

void Console::end_progress() {
  if (line_open_) std::fputs("\n", stderr);
  line_open_ = false;
}

void print_result(const std::string& text) {
  const bool whole = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if (whole && std::fflush(stdout) == 0) return;
  throw engine::Error(engine::ExitCode::storage,
                      fmt::format("cannot write the results to stdout: {}", std::strerror(errno)));
}

std::string bar(double fraction) {
  constexpr int width = 20;
  const int full = static_cast<int>(fraction * width);
  return fmt::format("[{:=<{}}{: <{}}]", "", full, "", width - full);
}

double share_done(const engine::Progress& p) {
  if (p.batches_total == 0) return 1.0;
  return static_cast<double>(p.batches_sealed + p.batches_done) /
         static_cast<double>(p.batches_total);
}

std::optional<double> seconds_left(const engine::Progress& p, double seconds) {
  if (p.batches_done == 0 || p.joining) return std::nullopt;
  const auto left = static_cast<double>(p.batches_total - p.batches_sealed - p.batches_done);
  return left / static_cast<double>(p.batches_done) * seconds;
}

std::string progress_line(const engine::Progress& p, double seconds) {
  const double fraction = share_done(p);
  const std::optional<double> left = seconds_left(p, seconds);
  const auto candidates = static_cast<double>(p.candidates);
  return fmt::format(
      "{} {:3.0f} %  {} candidates, {:.3g} million/s  acceptance {:.3g}  {} elapsed, {}",
      bar(fraction), 100.0 * fraction, grouped(p.candidates),
      seconds > 0.0 ? candidates / seconds * 1e-6 : 0.0,
      candidates > 0.0 ? static_cast<double>(p.survivors) / candidates : 0.0, duration(seconds),
      p.joining ? "joining the parts"
      : left    ? duration(*left) + " left"
                : "time left not known");
}

std::string duration(double seconds) {
  const long long whole = std::llround(std::min(seconds, 1e15));
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
}

}  // namespace flopsieve::jobs
