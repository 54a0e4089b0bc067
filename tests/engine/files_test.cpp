#include "engine/files.hpp"
#include "tests/engine/support/folder.hpp"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <memory>
#include <vector>

namespace flopsieve::engine {
namespace {

namespace fs = std::filesystem;

using Folder = testing::ScratchFolder;

/// Lets write() fail like a full disk does: short at the limit, then an error.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before_) == 0);
    handler_ = ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{bytes, before_.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    ::signal(SIGXFSZ, handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int) = nullptr;
};

std::string slurp(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// What a child process that takes the lock sees.
LockState state_in_child(const fs::path& path, LockKind kind) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(static_cast<int>(FileLock(path, kind).state()));
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  return static_cast<LockState>(WEXITSTATUS(status));
}

TEST_CASE("a file is written to where a link leads, whether that is there or not") {
  const Folder folder;
  fs::create_directory(folder / "away");
  fs::create_symlink("away/target", folder / "second");
  fs::create_symlink(fs::absolute(folder / "second"), folder / "first");
  CHECK(follow_links(folder / "first") == fs::absolute(folder / "away/target"));
  CHECK(follow_links(folder / "none") == folder / "none");
  for (const char* text : {"one", "two"}) {
    write_file_atomically(folder / "first", std::string_view(text));
    CHECK(fs::is_symlink(folder / "first"));
    CHECK_FALSE(fs::is_symlink(folder / "away/target"));
    CHECK(read_text(folder / "away/target", ExitCode::storage) == text);
  }
  fs::create_symlink("round", folder / "round");
  CHECK_THROWS_WITH(follow_links(folder / "round"), Catch::Contains("cannot follow the link"));
}

TEST_CASE("a name is too long if a temporary file of it and its ending cannot be made") {
  const Folder folder;
  const auto fits = [&](std::size_t length, std::string_view ending) {
    try {
      demand_short_name(folder / std::string(length, 'n'), ending);
      return true;
    } catch (const Error& error) {
      CHECK(error.code() == ExitCode::bad_input);
      return false;
    }
  };
  std::size_t most = 1;
  while (fits(most + 1, "")) ++most;
  CHECK(most < 255);
  CHECK(fits(most - 4, ".txt"));
  CHECK_FALSE(fits(most - 3, ".txt"));
  write_file_atomically(folder / std::string(most, 'n'), std::string_view("text"));
  CHECK_THROWS(demand_short_name(folder / fs::path(std::string(4096, '/')) / "n", ""));
}

TEST_CASE("pages and rests of pages are written and read, wherever they begin") {
  const Folder folder;
  for (const std::size_t size : {0U, 1U, 4095U, 4096U, 4097U, 3 * 4096U + 100, 1U << 20}) {
    PageBytes bytes(size);
    for (std::size_t i = 0; i < size; ++i) bytes.data()[i] = static_cast<std::byte>(i % 251);
    for (const std::size_t before : {0U, 4096U, 48U}) {
      INFO(before << " bytes, then " << size);
      const std::vector<std::byte> head(before, std::byte{7});
      TemporaryFile file(folder / "pages");
      file.write(head);
      file.write(bytes);
      file.write(head);
      file.begin_commit();
      file.commit();
      std::vector<std::byte> expected = head;
      expected.insert(expected.end(), bytes.begin(), bytes.end());
      expected.insert(expected.end(), head.begin(), head.end());
      REQUIRE(std::ranges::equal(read_bytes(folder / "pages", ExitCode::storage), expected));
    }
  }
}

TEST_CASE("an atomic write creates, replaces and leaves nothing else") {
  const Folder folder;
  write_file_atomically(folder / "a.json", std::string_view("one"));
  CHECK(slurp(folder / "a.json") == "one");
  const std::string long_text(300'000, 'x');
  write_file_atomically(folder / "a.json", long_text);
  CHECK(slurp(folder / "a.json") == long_text);
  CHECK(read_text(folder / "a.json", ExitCode::storage) == long_text);
  CHECK(read_bytes(folder / "a.json", ExitCode::storage).size() == long_text.size());
  CHECK(folder.size() == 1);
}

TEST_CASE("a file named without a folder is written to the current one") {
  const Folder folder;
  const fs::path before = fs::current_path();
  fs::current_path(folder.path());
  write_file_atomically("here", std::string_view("text"));
  fs::current_path(before);
  CHECK(slurp(folder / "here") == "text");
}

TEST_CASE("a write that fails half-way leaves the old file and no temporary") {
  const Folder folder;
  write_file_atomically(folder / "part", std::string_view("old"));
  const std::string large(100'000, 'x');
  std::string message;
  {
    const FileSizeLimit limit(65'536);
    try {
      write_file_atomically(folder / "part", large);
    } catch (const Error& error) {
      message = error.what();
      CHECK(error.code() == ExitCode::storage);
    }
  }
  CHECK(message == (folder / "part").string() + ": cannot write: File too large");
  CHECK(slurp(folder / "part") == "old");
  CHECK(folder.size() == 1);
}

TEST_CASE("a missing folder and a missing file are errors that name the path") {
  const Folder folder;
  CHECK_THROWS_WITH(write_file_atomically(folder / "none/part", std::string_view("x")),
                    (folder / "none/part").string() + ": cannot write: No such file or directory");
  try {
    read_text(folder / "none", ExitCode::bad_input);
    FAIL("read a missing file");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::bad_input);
    CHECK(error.what() == (folder / "none").string() + ": cannot read: No such file or directory");
  }
  CHECK_THROWS_AS(read_bytes(folder.path(), ExitCode::storage), Error);
}

TEST_CASE("only temporaries of dead processes are stale") {
  const Folder folder;
  const pid_t child = ::fork();
  if (child == 0) {
    const TemporaryFile left(folder / "part-1");
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  const TemporaryFile live(folder / "part-2");
  std::ofstream(folder / "part-3.tmp") << "somebody else's";
  REQUIRE(folder.size() == 3);

  CHECK(remove_stale_temporaries(folder.path(), "other-") == 0);
  CHECK(remove_stale_temporaries(folder.path(), "part-") == 1);
  CHECK(folder.size() == 2);
  CHECK(fs::exists(live.path()));
  CHECK(remove_stale_temporaries(folder / "none", "part-") == 0);
}

TEST_CASE("two temporaries of one final name do not meet") {
  const Folder folder;
  TemporaryFile first(folder / "part");
  TemporaryFile second(folder / "part");
  CHECK(first.path() != second.path());
  second.commit();
  first.commit();
  CHECK(folder.size() == 1);
}

TEST_CASE("a lock excludes other processes as its kind says, and ends with its holder") {
  const Folder folder;
  const fs::path path = folder / "run.lock";
  {
    const FileLock shared(path, LockKind::shared);
    REQUIRE(shared.state() == LockState::held);
    CHECK(state_in_child(path, LockKind::shared) == LockState::held);
    CHECK(state_in_child(path, LockKind::exclusive) == LockState::busy);
  }
  {
    const FileLock exclusive(path, LockKind::exclusive);
    REQUIRE(exclusive.state() == LockState::held);
    CHECK(state_in_child(path, LockKind::shared) == LockState::busy);
    CHECK(FileLock(path, LockKind::exclusive).state() == LockState::busy);
  }
  CHECK(state_in_child(path, LockKind::exclusive) == LockState::held);
}

TEST_CASE("a lock file may be removed by its holder") {
  const Folder folder;
  const fs::path path = folder / "run.lock";
  FileLock lock(path, LockKind::exclusive);
  lock.remove_file();
  CHECK_FALSE(fs::exists(path));
  CHECK(FileLock(path, LockKind::exclusive).state() == LockState::held);
  CHECK_THROWS_AS(FileLock(folder / "none/run.lock", LockKind::shared), Error);
}

TEST_CASE("free space is that of the file system") {
  const Folder folder;
  CHECK(free_disk_space(folder.path()) > 0);
  CHECK_THROWS_AS(free_disk_space(folder / "none"), Error);
}

}  // namespace
}  // namespace flopsieve::engine
