#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "engine/error.hpp"

/// Values as bytes for another process of the same program; neither a file format nor portable.
namespace flopsieve::engine {

using Message = std::vector<std::byte>;

/// Puts values one behind the other: numbers, texts, lists of these, lists of lists.
class Packer {
 public:
  template <class... T>
  void operator()(const T&... values) {
    (put(values), ...);
  }

  Message take() { return std::move(bytes_); }

 private:
  template <class T>
  requires std::is_trivially_copyable_v<T>
  void put(const T& value) { append(std::as_bytes(std::span(&value, 1))); }
  void put(const std::string& text) {
    put(std::uint64_t{text.size()});
    append(std::as_bytes(std::span(text)));
  }
  template <class T>
  void put(const std::vector<T>& list) {
    put(std::uint64_t{list.size()});
    if constexpr (std::is_trivially_copyable_v<T>) {
      append(std::as_bytes(std::span(list)));
    } else {
      for (const T& each : list) put(each);
    }
  }
  void append(std::span<const std::byte> bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }

  Message bytes_;
};

/// Takes them off again, in the same order and of the same types. Throws Error(bug) where the bytes
/// are too few.
class Unpacker {
 public:
  explicit Unpacker(std::span<const std::byte> bytes) : left_(bytes) {}

  template <class... T>
  void operator()(T&... values) {
    (get(values), ...);
  }

  /// Whether all was taken.
  bool done() const { return left_.empty(); }

 private:
  template <class T>
  requires std::is_trivially_copyable_v<T>
  void get(T& value) { copy(&value, sizeof value); }
  void get(std::string& text) {
    text.resize(length(1));
    copy(text.data(), text.size());
  }
  template <class T>
  void get(std::vector<T>& list) {
    if constexpr (std::is_trivially_copyable_v<T>) {
      list.resize(length(sizeof(T)));
      copy(list.data(), list.size() * sizeof(T));
    } else {
      list.resize(length(sizeof(std::uint64_t)));
      for (T& each : list) get(each);
    }
  }
  /// Of a list whose items take at least `least` bytes each: a false one allocates nothing.
  std::size_t length(std::size_t least) {
    std::uint64_t count = 0;
    get(count);
    if (count > left_.size() / least) fail();
    return count;
  }
  void copy(void* into, std::size_t bytes) {
    if (bytes > left_.size()) fail();
    if (bytes > 0) std::memcpy(into, left_.data(), bytes);
    left_ = left_.subspan(bytes);
  }
  [[noreturn]] static void fail() {
    throw Error(ExitCode::bug, "a message between ranks is too short");
  }

  std::span<const std::byte> left_;
};

}  // namespace flopsieve::engine
