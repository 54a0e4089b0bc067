#include "engine/files.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <system_error>
#include <utility>

namespace flopsieve::engine {
namespace {

constexpr std::string_view kTemporarySuffix = ".flopsieve.tmp";

[[noreturn]] void fail(ExitCode code, const std::filesystem::path& path, const std::string& action,
                       int error_number) {
  throw Error(code, path.string() + ": cannot " + action + ": " +
                        std::generic_category().message(error_number));
}

int open_file(const std::filesystem::path& path, int flags) {
  int number = -1;
  do {
    number = ::open(path.c_str(), flags | O_CLOEXEC, 0666);
  } while (number < 0 && errno == EINTR);
  return number;
}

int lock_now(int descriptor, int operation) {
  int result = 0;
  do {
    result = ::flock(descriptor, operation | LOCK_NB);
  } while (result != 0 && errno == EINTR);
  return result;
}

void synchronise_folder(const std::filesystem::path& folder) {
  const Descriptor descriptor(open_file(folder, O_RDONLY | O_DIRECTORY));
  if (descriptor.number() < 0) fail(ExitCode::storage, folder, "open", errno);
  // Some network file systems refuse to synchronise a folder; their renames are durable at once.
  if (::fsync(descriptor.number()) != 0 && errno != EINVAL && errno != ENOTSUP) {
    fail(ExitCode::storage, folder, "synchronise", errno);
  }
}

std::filesystem::path folder_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

std::string host_name() {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  return host.data();
}

std::string process_name() {
  return host_name() + "-" + std::to_string(::getpid());
}

/// Whether the descriptor's file is the one that now stands at `path`.
bool still_named(int descriptor, const std::filesystem::path& path) {
  struct stat by_descriptor {};
  struct stat by_name {};
  return ::fstat(descriptor, &by_descriptor) == 0 && ::stat(path.c_str(), &by_name) == 0 &&
         by_descriptor.st_dev == by_name.st_dev && by_descriptor.st_ino == by_name.st_ino;
}

/// Whether reads and writes of whole pages go past the system's cache from now on. Not all file
/// systems can.
bool set_direct(int descriptor, bool direct) {
  const int flags = ::fcntl(descriptor, F_GETFL);
  return flags >= 0 &&
         ::fcntl(descriptor, F_SETFL, direct ? flags | O_DIRECT : flags & ~O_DIRECT) == 0;
}

/// Until all bytes are there, or at the end of the file. How many there are.
std::size_t read_into(int descriptor, std::span<std::byte> bytes, const std::filesystem::path& path,
                      ExitCode code) {
  std::size_t done = 0;
  bool direct = set_direct(descriptor, true);
  while (done < bytes.size()) {
    const ssize_t count = ::read(descriptor, bytes.data() + done, bytes.size() - done);
    if (count == 0) break;
    if (count > 0) {
      done += static_cast<std::size_t>(count);
    } else if (errno == EINVAL && direct) {
      direct = !set_direct(descriptor, false);  // the file system wants larger blocks, or it ended
      if (direct) fail(code, path, "read", EINVAL);
    } else if (errno != EINTR) {
      fail(code, path, "read", errno);
    }
  }
  return done;
}

}  // namespace

PathKind path_kind(const std::filesystem::path& path) {
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(path, error);
  switch (status.type()) {
    case std::filesystem::file_type::not_found:
      return PathKind::nothing;
    case std::filesystem::file_type::regular:
      return PathKind::file;
    case std::filesystem::file_type::directory:
      return PathKind::folder;
    case std::filesystem::file_type::none:
      fail(ExitCode::bad_input, path, "look it up", error.value());
    default:
      return PathKind::other;
  }
}

std::filesystem::path follow_links(const std::filesystem::path& path) {
  constexpr int most_links = 40;  // as the system follows
  std::filesystem::path followed = path;
  for (int links = 0; links < most_links; ++links) {
    std::error_code error;
    const std::filesystem::path target = std::filesystem::read_symlink(followed, error);
    if (error) return followed;  // no link
    followed = target.is_absolute() ? target : followed.parent_path() / target;
  }
  fail(ExitCode::bad_input, path, "follow the link", ELOOP);
}

void demand_short_name(const std::filesystem::path& path, std::string_view ending) {
  constexpr std::string_view number = ".-4194304-0";  // of the largest process number of Linux
  const std::size_t longest =
      ending.size() + number.size() + host_name().size() + kTemporarySuffix.size();
  const long most = ::pathconf(folder_of(path).c_str(), _PC_NAME_MAX);
  const std::size_t name = path.filename().native().size();
  if (most > 0 && name + longest > static_cast<std::size_t>(most)) {
    throw Error(ExitCode::bad_input, path.string() + ": the name is too long: it has " +
                                         std::to_string(name) + " bytes, " +
                                         std::to_string(most - static_cast<long>(longest)) +
                                         " may be (the folder takes " + std::to_string(most) +
                                         ", and the names of files beside it are longer)");
  }
  if (path.native().size() + longest >= PATH_MAX)
    fail(ExitCode::bad_input, path, "write", ENAMETOOLONG);
}

std::string read_text(const std::filesystem::path& path, ExitCode code) {
  const Descriptor descriptor(open_file(path, O_RDONLY));
  if (descriptor.number() < 0) fail(code, path, "read", errno);
  std::string contents;
  std::array<char, std::size_t{1} << 16> block{};
  while (true) {
    const ssize_t count = ::read(descriptor.number(), block.data(), block.size());
    if (count == 0) return contents;
    if (count > 0) {
      contents.append(block.data(), static_cast<std::size_t>(count));
    } else if (errno != EINTR) {
      fail(code, path, "read", errno);
    }
  }
}

PieceReader::PieceReader(std::filesystem::path path, ExitCode code)
    : path_(std::move(path)), code_(code), descriptor_(open_file(path_, O_RDONLY)) {
  if (descriptor_.number() < 0) fail(code_, path_, "read", errno);
}

std::uint64_t PieceReader::size() const {
  struct stat status {};
  if (::fstat(descriptor_.number(), &status) != 0) fail(code_, path_, "read", errno);
  return static_cast<std::uint64_t>(status.st_size);
}

std::size_t PieceReader::read(std::uint64_t first, std::span<std::byte> bytes) const {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t count = ::pread(descriptor_.number(), bytes.data() + done, bytes.size() - done,
                                  static_cast<off_t>(first + done));
    if (count == 0) break;
    if (count > 0) {
      done += static_cast<std::size_t>(count);
    } else if (errno != EINTR) {
      fail(code_, path_, "read", errno);
    }
  }
  return done;
}

PageBytes read_bytes(const std::filesystem::path& path, ExitCode code) {
  const Descriptor descriptor(open_file(path, O_RDONLY));
  struct stat status {};
  if (descriptor.number() < 0 || ::fstat(descriptor.number(), &status) != 0) {
    fail(code, path, "read", errno);
  }
  // Direct reads are of whole pages, the last one too.
  const auto size = static_cast<std::size_t>(status.st_size);
  PageBytes bytes((size / PageBytes::page + 1) * PageBytes::page);
  bytes.resize(read_into(descriptor.number(), bytes, path, code));
  return bytes;
}

Descriptor::~Descriptor() {
  if (number_ >= 0) ::close(number_);
}

Descriptor::Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(number_, other.number_);
  return *this;
}

TemporaryFile::TemporaryFile(std::filesystem::path final_path)
    : final_path_(std::move(final_path)) {
  const std::string stem = final_path_.string() + "." + process_name() + "-";
  for (unsigned int attempt = 0; descriptor_.number() < 0; ++attempt) {
    path_ = stem + std::to_string(attempt) + std::string(kTemporarySuffix);
    Descriptor candidate(open_file(path_, O_RDWR | O_CREAT | O_EXCL));
    if (candidate.number() < 0 && errno == EEXIST) continue;
    if (candidate.number() < 0) fail(ExitCode::storage, final_path_, "write", errno);
    // Shared, because HDF5 readers of the renamed file take shared locks of their own. If a
    // cleaner took the still empty file for a stale one, another name is tried.
    const bool refused = lock_now(candidate.number(), LOCK_SH) != 0 && errno == EWOULDBLOCK;
    if (!refused && still_named(candidate.number(), path_)) descriptor_ = std::move(candidate);
  }
}

TemporaryFile::~TemporaryFile() {
  if (!committed_) ::unlink(path_.c_str());
}

void TemporaryFile::write(std::span<const std::byte> bytes) {
  const auto aligned = reinterpret_cast<std::uintptr_t>(bytes.data()) % PageBytes::page == 0;
  const std::size_t pages = bytes.size() / PageBytes::page * PageBytes::page;
  if (aligned && pages > 0 && written_ % PageBytes::page == 0 &&
      set_direct(descriptor_.number(), true)) {
    const std::size_t done = write_some(bytes.first(pages));
    set_direct(descriptor_.number(), false);
    bytes = bytes.subspan(done);
  }
  if (write_some(bytes) != bytes.size()) fail(ExitCode::storage, final_path_, "write", EINVAL);
}

/// Less than all only if the file system refuses the alignment.
std::size_t TemporaryFile::write_some(std::span<const std::byte> bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t count = ::write(descriptor_.number(), bytes.data() + done, bytes.size() - done);
    if (count > 0) {
      done += static_cast<std::size_t>(count);
    } else if (count < 0 && errno == EINVAL) {
      break;
    } else if (count == 0 || errno != EINTR) {
      fail(ExitCode::storage, final_path_, "write", count == 0 ? EIO : errno);
    }
  }
  written_ += done;
  return done;
}

void TemporaryFile::append(std::span<const std::byte> bytes) {
  const off_t end = ::lseek(descriptor_.number(), 0, SEEK_END);
  if (end < 0) fail(ExitCode::storage, final_path_, "write", errno);
  written_ = static_cast<std::size_t>(end);
  write(bytes);
}

void TemporaryFile::begin_commit() {
  // A hint only: what it leaves undone or fails at, commit() does or reports.
  ::sync_file_range(descriptor_.number(), 0, 0, SYNC_FILE_RANGE_WRITE);
}

void TemporaryFile::rename() {
  if (::rename(path_.c_str(), final_path_.c_str()) != 0) {
    fail(ExitCode::storage, final_path_, "rename the new file to this name", errno);
  }
  committed_ = true;
}

void TemporaryFile::commit() {
  if (::fsync(descriptor_.number()) != 0) fail(ExitCode::storage, final_path_, "write", errno);
  rename();
  synchronise_folder(folder_of(final_path_));
}

bool TemporaryFile::commit_new() {
  if (::fsync(descriptor_.number()) != 0) fail(ExitCode::storage, final_path_, "write", errno);
  if (::link(path_.c_str(), final_path_.c_str()) != 0) {
    if (errno == EEXIST) return false;
    // Without hard links two processes at the same moment may both succeed; the later one stays.
    if (errno != EPERM && errno != ENOTSUP && errno != ENOSYS && errno != EMLINK) {
      fail(ExitCode::storage, final_path_, "name the new file so", errno);
    }
    if (::access(final_path_.c_str(), F_OK) == 0) return false;
    commit();
    return true;
  }
  synchronise_folder(folder_of(final_path_));
  return true;
}

void TemporaryFile::commit_undurably() {
  rename();
}

void write_file_atomically(const std::filesystem::path& path, std::span<const std::byte> bytes) {
  TemporaryFile file(follow_links(path));
  file.write(bytes);
  file.commit();
}

void write_file_atomically(const std::filesystem::path& path, std::string_view text) {
  write_file_atomically(path, std::as_bytes(std::span(text)));
}

void replace_file(const std::filesystem::path& path, std::string_view text) {
  TemporaryFile file(path);
  file.write(std::as_bytes(std::span(text)));
  file.commit_undurably();
}

std::size_t remove_stale_temporaries(const std::filesystem::path& folder, std::string_view prefix) {
  std::size_t removed = 0;
  std::error_code error;
  std::filesystem::directory_iterator entries(folder, error);
  if (error == std::errc::no_such_file_or_directory) return 0;
  for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error)) {
    const std::string name = entries->path().filename().string();
    if (!name.starts_with(prefix) || !name.ends_with(kTemporarySuffix)) continue;
    const Descriptor descriptor(open_file(entries->path(), O_RDWR));
    if (descriptor.number() < 0 || lock_now(descriptor.number(), LOCK_EX) != 0) continue;
    if (::unlink(entries->path().c_str()) == 0) ++removed;
  }
  if (error) fail(ExitCode::storage, folder, "list", error.value());
  return removed;
}

FileLock::FileLock(std::filesystem::path path, LockKind kind) : path_(std::move(path)) {
  while (!try_once(kind)) {
  }
}

/// False if the file was removed by its former holder between opening and locking.
bool FileLock::try_once(LockKind kind) {
  descriptor_ = Descriptor(open_file(path_, O_RDWR | O_CREAT));
  if (descriptor_.number() < 0) fail(ExitCode::storage, path_, "open the lock file", errno);
  const int operation = kind == LockKind::shared ? LOCK_SH : LOCK_EX;
  if (lock_now(descriptor_.number(), operation) == 0) {
    state_ = LockState::held;
    return still_named(descriptor_.number(), path_);
  }
  state_ = errno == EWOULDBLOCK ? LockState::busy : LockState::unsupported;
  return true;
}

void FileLock::remove_file() {
  if (::unlink(path_.c_str()) != 0 && errno != ENOENT) {
    fail(ExitCode::storage, path_, "remove the lock file", errno);
  }
}

std::uint64_t free_disk_space(const std::filesystem::path& path) {
  std::error_code error;
  const std::filesystem::space_info space = std::filesystem::space(path, error);
  if (error) fail(ExitCode::storage, path, "read the free space", error.value());
  return space.available;
}

}  // namespace flopsieve::engine
