#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "engine/error.hpp"
#include "engine/page_bytes.hpp"

namespace flopsieve::engine {

// Files by plain POSIX calls: every failure is an errno at the call where it happened, which HDF5
// and iostreams do not give. All failures are thrown as engine::Error whose message reads
// `path: cannot WHAT: REASON`.

/// The whole file as text. A failure is thrown with `code`: bad_input for what a user named,
/// storage for what the program wrote itself.
std::string read_text(const std::filesystem::path& path, ExitCode code);

/// An owned file descriptor, closed at the end of its life.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept;
  Descriptor& operator=(Descriptor&& other) noexcept;

  /// Negative if nothing is open.
  int number() const { return number_; }

 private:
  int number_ = -1;
};

/// A file that is open to be read in pieces; failures as of read_text().
class PieceReader {
 public:
  PieceReader(std::filesystem::path path, ExitCode code);

  /// How long the file is now.
  std::uint64_t size() const;

  /// Fills `bytes` with what stands from byte `first` on; returns how many there are, fewer at the
  /// end of the file only.
  std::size_t read(std::uint64_t first, std::span<std::byte> bytes) const;

 private:
  std::filesystem::path path_;
  ExitCode code_;
  Descriptor descriptor_;
};

/// The whole file as bytes; as read_text(). Past the system's cache where that is possible: for
/// large files that are read once.
PageBytes read_bytes(const std::filesystem::path& path, ExitCode code);

/// What a name that a user gave stands for; `other` is a device, a pipe or a socket.
enum class PathKind { nothing, file, folder, other };

/// Throws Error(bad_input) if that cannot be told: the name is too long, a folder is closed to us.
PathKind path_kind(const std::filesystem::path& path);

/// The file that a name stands for, which need not exist: symbolic links of the name itself are
/// followed. Throws Error(bad_input) if they lead round and round.
std::filesystem::path follow_links(const std::filesystem::path& path);

/// Throws Error(bad_input) if the name of a file is too long for its folder, or its path for the
/// system, with the longest ending that is ever put to it: `ending`, and that of a TemporaryFile.
void demand_short_name(const std::filesystem::path& path, std::string_view ending);

/// A new file that appears under its final name only when it is complete: whoever looks sees the
/// old file or the whole new one, after a crash too. The temporary stands in the same folder; its
/// name is unique per host, process and object, and it carries a shared flock() while it is in
/// use, by which remove_stale_temporaries() tells it from one left by a killed process.
/// All failures are Error(storage).
class TemporaryFile {
 public:
  /// Creates the empty temporary beside `final_path`. The folder must exist.
  explicit TemporaryFile(std::filesystem::path final_path);

  /// Removes the temporary if it was not committed.
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  /// Where it stands until commit(), for writers that open files by name (HDF5).
  const std::filesystem::path& path() const { return path_; }

  /// Appends all bytes. A full disk is reported here or at commit(). What begins on a page, in
  /// memory and in the file, is written past the system's cache where that is possible, which
  /// spares a copy.
  void write(std::span<const std::byte> bytes);

  /// write() at the end of what stands at path() by now, whoever has written it.
  void append(std::span<const std::byte> bytes);

  /// Has the system begin to write what path() holds by now, without waiting for it: the less is
  /// left for commit().
  void begin_commit();

  /// Makes the contents durable (fsync), renames, makes the name durable (fsync of the folder).
  void commit();

  /// commit(), unless there is a file of the final name: then that one stays, this one goes, and
  /// the answer is false. Of several processes at a time one succeeds.
  bool commit_new();

  /// Renames without waiting for a disk: whoever looks sees the old file or the whole new one, but
  /// a crash of the system may lose both.
  void commit_undurably();

 private:
  std::size_t write_some(std::span<const std::byte> bytes);
  void rename();

  std::filesystem::path final_path_;
  std::filesystem::path path_;
  Descriptor descriptor_;
  std::size_t written_ = 0;
  bool committed_ = false;
};

/// Replaces or creates `path` through a TemporaryFile, or the file that it links to; on an error
/// the old file is untouched.
void write_file_atomically(const std::filesystem::path& path, std::span<const std::byte> bytes);
void write_file_atomically(const std::filesystem::path& path, std::string_view text);

/// The same without waiting for a disk, for what is soon replaced again: commit_undurably().
void replace_file(const std::filesystem::path& path, std::string_view text);

/// Removes what killed processes left of TemporaryFiles in `folder` whose final names start with
/// `prefix`; those in use by a live process stay, on file systems where flock() works (elsewhere
/// all stay). Does nothing if the folder is missing. Returns how many were removed.
std::size_t remove_stale_temporaries(const std::filesystem::path& folder, std::string_view prefix);

enum class LockKind { shared, exclusive };

enum class LockState {
  held,        ///< granted; other processes see it
  busy,        ///< another process or object holds it in a way that excludes this one
  unsupported  ///< the file system has no locks; the caller warns and goes on
};

/// An advisory flock() on a file of its own, given up at the end of its life or of the process,
/// however that ends; so nothing has to be cleaned up after a kill. Never waits.
class FileLock {
 public:
  /// Creates the lock file if it is missing. Throws Error(storage) if it cannot be opened.
  FileLock(std::filesystem::path path, LockKind kind);

  LockState state() const { return state_; }

  /// Removes the lock file; for the holder of an exclusive lock when the run is over. The lock
  /// stays held, and a process that had opened the removed file does not mistake it for a lock.
  void remove_file();

 private:
  bool try_once(LockKind kind);

  std::filesystem::path path_;
  Descriptor descriptor_;
  LockState state_ = LockState::busy;
};

/// Bytes that an ordinary user may still write to the file system of `path`, which must exist.
/// Throws Error(storage).
std::uint64_t free_disk_space(const std::filesystem::path& path);

}  // namespace flopsieve::engine
