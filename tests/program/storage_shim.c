// A preloaded library that ends or fails a program at a chosen storage call, for the tests in
// storage_calls_test.py. Calls are counted that change something in one folder: creating, writing,
// synchronising, renaming, removing. Everything comes from the environment:
//   SHIM_FOLDER  absolute path of the folder, subfolders included
//   SHIM_AT      which call, counted from 1; none: calls are only counted
//   SHIM_NAME    set: only calls of this name are counted
//   SHIM_DO      what happens there:
//     kill       SIGKILL before the call
//     torn       SIGKILL after half of a write; before any other call
//     enospc     this call and all later ones that need space fail with ENOSPC
//     eio        this one call fails with EIO
//   SHIM_FREE    set: every file system says that it has a terabyte left
//   SHIM_LOG     a file outside the folder that gets a line for each call, `NUMBER NAME PATH`
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { page = 4096 };

// What a call is to do: go ahead, fail with errno set, or write this many bytes and die.
enum verdict { go_on, fail, tear };

static atomic_long calls;

static int is_action(const char* action) {
  const char* wanted = getenv("SHIM_DO");
  return wanted != NULL && strcmp(wanted, action) == 0;
}

static int below_folder(const char* path) {
  const char* folder = getenv("SHIM_FOLDER");
  if (folder == NULL) return 0;
  const size_t length = strlen(folder);
  return strncmp(path, folder, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

// Makes a path absolute; it need not exist.
static void absolute(int folder, const char* path, char* out) {
  char start[PATH_MAX] = "";
  if (path[0] != '/') {
    char link[64];
    ssize_t count = -1;
    if (folder != AT_FDCWD) {
      snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
      count = readlink(link, start, sizeof start - 1);
      start[count < 0 ? 0 : count] = '\0';
    } else if (getcwd(start, sizeof start) == NULL) {
      start[0] = '\0';
    }
  }
  snprintf(out, PATH_MAX, "%.2000s/%.2000s", start, path);
}

static void write_log(long number, const char* name, const char* path) {
  const char* log = getenv("SHIM_LOG");
  if (log == NULL) return;
  char line[PATH_MAX + 64];
  const int length = snprintf(line, sizeof line, "%ld %s %s\n", number, name, path);
  const long descriptor =
      syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (descriptor < 0) abort();
  if (syscall(SYS_write, descriptor, line, (size_t)length) != length) abort();
  syscall(SYS_close, descriptor);
}

static void die(void) {
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

// Counts a call and says what becomes of it.
static enum verdict judge(const char* name, const char* path, int takes_space, int is_write) {
  const char* only = getenv("SHIM_NAME");
  if (!below_folder(path) || (only != NULL && strcmp(only, name) != 0)) return go_on;
  const long number = atomic_fetch_add(&calls, 1) + 1;
  write_log(number, name, path);
  const char* at = getenv("SHIM_AT");
  const long chosen = at == NULL ? 0 : atol(at);
  if (chosen <= 0 || number < chosen) return go_on;
  if (is_action("enospc")) {
    errno = ENOSPC;
    return takes_space ? fail : go_on;
  }
  if (number > chosen) return go_on;
  if (is_action("eio")) {
    errno = EIO;
    return fail;
  }
  if (is_action("torn") && is_write) return tear;
  die();
  return go_on;
}

static enum verdict judge_descriptor(const char* name, int descriptor, int takes_space,
                                     int is_write) {
  char link[64];
  char path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  const ssize_t count = readlink(link, path, sizeof path - 1);
  if (count < 0) return go_on;
  path[count] = '\0';
  return judge(name, path, takes_space, is_write);
}

static enum verdict judge_path(const char* name, int folder, const char* path, int takes_space) {
  char whole[PATH_MAX];
  absolute(folder, path, whole);
  return judge(name, whole, takes_space, 0);
}

// Half of the bytes; whole pages, as writes past the cache demand.
static size_t half(size_t bytes) {
  return bytes < 2 * page ? bytes / 2 : bytes / 2 / page * page;
}

#define NEXT(function) \
  __typeof__(&function) next = (__typeof__(&function))dlsym(RTLD_NEXT, #function)

ssize_t write(int descriptor, const void* bytes, size_t count) {
  NEXT(write);
  const enum verdict verdict = judge_descriptor("write", descriptor, 1, 1);
  if (verdict == fail) return -1;
  if (verdict == tear) {
    next(descriptor, bytes, half(count));
    die();
  }
  return next(descriptor, bytes, count);
}

#define POSITIONED_WRITE(name, offset_type)                                           \
  ssize_t name(int descriptor, const void* bytes, size_t count, offset_type offset) { \
    NEXT(name);                                                                       \
    const enum verdict verdict = judge_descriptor("pwrite", descriptor, 1, 1);        \
    if (verdict == fail) return -1;                                                   \
    if (verdict == tear) {                                                            \
      next(descriptor, bytes, half(count), offset);                                   \
      die();                                                                          \
    }                                                                                 \
    return next(descriptor, bytes, count, offset);                                    \
  }
POSITIONED_WRITE(pwrite, off_t)
POSITIONED_WRITE(pwrite64, off64_t)

ssize_t writev(int descriptor, const struct iovec* pieces, int count) {
  NEXT(writev);
  return judge_descriptor("writev", descriptor, 1, 0) == fail ? -1
                                                              : next(descriptor, pieces, count);
}

// A call that names what it changes, or fails.
#define JUDGED(type, name, parameters, arguments, verdict) \
  type name parameters {                                   \
    NEXT(name);                                            \
    return (verdict) == fail ? -1 : next arguments;        \
  }

JUDGED(ssize_t, pwritev, (int descriptor, const struct iovec* pieces, int count, off_t offset),
       (descriptor, pieces, count, offset), judge_descriptor("pwritev", descriptor, 1, 0))
JUDGED(int, fsync, (int descriptor), (descriptor), judge_descriptor("fsync", descriptor, 1, 0))
JUDGED(int, fdatasync, (int descriptor), (descriptor),
       judge_descriptor("fdatasync", descriptor, 1, 0))
JUDGED(int, ftruncate, (int descriptor, off_t length), (descriptor, length),
       judge_descriptor("ftruncate", descriptor, 1, 0))
JUDGED(int, ftruncate64, (int descriptor, off64_t length), (descriptor, length),
       judge_descriptor("ftruncate", descriptor, 1, 0))
JUDGED(int, rename, (const char* from, const char* to), (from, to),
       judge_path("rename", AT_FDCWD, to, 0))
JUDGED(int, renameat, (int from_folder, const char* from, int to_folder, const char* to),
       (from_folder, from, to_folder, to), judge_path("rename", to_folder, to, 0))
JUDGED(int, renameat2,
       (int from_folder, const char* from, int to_folder, const char* to, unsigned int flags),
       (from_folder, from, to_folder, to, flags), judge_path("rename", to_folder, to, 0))
JUDGED(int, link, (const char* from, const char* to), (from, to),
       judge_path("link", AT_FDCWD, to, 1))
JUDGED(int, unlink, (const char* path), (path), judge_path("unlink", AT_FDCWD, path, 0))
JUDGED(int, unlinkat, (int folder, const char* path, int flags), (folder, path, flags),
       judge_path("unlink", folder, path, 0))
JUDGED(int, remove, (const char* path), (path), judge_path("unlink", AT_FDCWD, path, 0))
JUDGED(int, rmdir, (const char* path), (path), judge_path("rmdir", AT_FDCWD, path, 0))
JUDGED(int, mkdir, (const char* path, mode_t mode), (path, mode),
       judge_path("mkdir", AT_FDCWD, path, 1))

int statvfs(const char* path, struct statvfs* out) {
  NEXT(statvfs);
  const int result = next(path, out);
  if (result == 0 && getenv("SHIM_FREE") != NULL) out->f_bavail = (1ULL << 40) / out->f_frsize;
  return result;
}

// Opening counts where it may create a file.
static enum verdict judge_open(int folder, const char* path, int flags) {
  return (flags & O_CREAT) != 0 ? judge_path("create", folder, path, 1) : go_on;
}

static mode_t mode_of(int flags, va_list rest) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
}

#define OPEN(name)                                            \
  int name(const char* path, int flags, ...) {                \
    NEXT(name);                                               \
    va_list rest;                                             \
    va_start(rest, flags);                                    \
    const mode_t mode = mode_of(flags, rest);                 \
    va_end(rest);                                             \
    if (judge_open(AT_FDCWD, path, flags) == fail) return -1; \
    return next(path, flags, mode);                           \
  }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                        \
  int name(int folder, const char* path, int flags, ...) {  \
    NEXT(name);                                             \
    va_list rest;                                           \
    va_start(rest, flags);                                  \
    const mode_t mode = mode_of(flags, rest);               \
    va_end(rest);                                           \
    if (judge_open(folder, path, flags) == fail) return -1; \
    return next(folder, path, flags, mode);                 \
  }
OPENAT(openat)
OPENAT(openat64)
