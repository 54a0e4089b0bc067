#include "engine/run_lock.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <system_error>

#include "engine/error.hpp"
#include "engine/parts.hpp"

namespace flopsieve::engine {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view folder_ending = ".parts";

/// After a failure before any batch was sealed; what else stands among the parts stays, and with it
/// the lock.
void leave_no_trace(const fs::path& output, FileLock& lock) {
  std::error_code ignored;
  fs::remove(parts_folder(output), ignored);  // only if it is empty
  if (lock.state() != LockState::held || fs::exists(parts_folder(output), ignored)) return;
  try {
    lock.remove_file();
  } catch (const Error&) {
    return;  // the failure itself is what there is to say
  }
}

}  // namespace

fs::path folder_of(const fs::path& output) {
  return output.has_parent_path() ? output.parent_path() : fs::path(".");
}

FileLock lock_output(const fs::path& output, LockKind kind) {
  fs::path path = output;
  path += ".lock";
  FileLock lock(path, kind);
  if (lock.state() == LockState::busy) {
    throw Error(ExitCode::bad_input,
                fmt::format("{}: another flopsieve is writing this output; wait for it or choose "
                            "another output with -o",
                            output.string()));
  }
  return lock;
}

void write_locked(const RunOptions& options, const std::function<void(FileLock&)>& write) {
  FileLock lock = lock_output(options.output,
                              options.shard.count == 1 ? LockKind::exclusive : LockKind::shared);
  if (lock.state() == LockState::unsupported && options.warn) {
    options.warn(
        fmt::format("{}: this file system has no locks; make sure that no other process "
                    "writes the same output",
                    options.output.string()));
  }
  try {
    write(lock);
  } catch (...) {
    if (options.shard.count == 1) leave_no_trace(options.output, lock);
    throw;
  }
}

std::optional<FileLock> lock_own_shard(const RunOptions& options) {
  const Shard shard = options.shard;
  if (shard.count == 1) return std::nullopt;
  FileLock lock = lock_shard(parts_folder(options.output), shard);
  if (lock.state() == LockState::busy) {
    throw Error(ExitCode::bad_input,
                fmt::format("{}: another flopsieve computes shard {}/{} of this output",
                            options.output.string(), shard.index, shard.count));
  }
  return lock;
}

std::vector<FileLock> lock_outputs(const fs::path& output, const std::vector<fs::path>& folders) {
  std::vector<FileLock> locks;
  locks.push_back(lock_output(output, LockKind::exclusive));
  std::vector<fs::path> locked{fs::weakly_canonical(fs::absolute(output))};
  for (const fs::path& folder : folders) {
    std::string name = fs::weakly_canonical(fs::absolute(folder)).string();
    if (!name.ends_with(folder_ending)) continue;
    name.resize(name.size() - folder_ending.size());
    if (std::find(locked.begin(), locked.end(), name) != locked.end()) continue;
    locks.push_back(lock_output(name, LockKind::exclusive));
    locked.emplace_back(name);
  }
  return locks;
}

}  // namespace flopsieve::engine
