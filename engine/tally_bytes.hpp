#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/tally.hpp"

/// Tallies as bytes of a file, for the functions of tally_fields.hpp (FORMAT.md, "Parts of a
/// sweep"). Most of their numbers are small or zero, so they take few bytes:
///   whole number   seven bits to a byte, lowest first; the eighth says that more follow (LEB128)
///   real number    0 for the bits of +0.0; else 1 and the eight bytes, little-endian
///   text           its length and its bytes
///   whole numbers  how many, how many of them are not zero, and of each of these how many zeros
///                  stand before it since the last one, and itself
///   other lists    how many, and each
namespace flopsieve::engine {

/// Puts values one behind the other.
class TallyWriter {
 public:
  template <class... T>
  void operator()(const T&... values) {
    (put(values), ...);
  }

  void append(std::span<const std::byte> bytes);

  const std::vector<std::byte>& bytes() const { return bytes_; }

 private:
  void put(std::uint64_t value);
  void put(double value);
  void put(const std::string& text);
  void put(const std::vector<std::uint64_t>& values);
  void put(const std::vector<double>& values);
  void put(const std::vector<Histogram>& list);
  void put(const SplitTally& split);
  void put(const TiltTally& tilt);

  std::vector<std::byte> bytes_;
};

/// Takes them off again, in the same order and of the same types. Throws std::out_of_range where
/// they are not there, before it takes memory for them.
class TallyReader {
 public:
  explicit TallyReader(std::span<const std::byte> bytes) : left_(bytes) {}

  template <class... T>
  void operator()(T&... values) {
    (get(values), ...);
  }

  /// Whether all was taken.
  bool done() const { return left_.empty(); }

 private:
  void get(std::uint64_t& value);
  void get(double& value);
  void get(std::string& text);
  void get(std::vector<std::uint64_t>& values);
  void get(std::vector<double>& values);
  void get(std::vector<Histogram>& list);
  void get(SplitTally& split);
  void get(TiltTally& tilt);

  std::span<const std::byte> take(std::uint64_t count);
  /// Of a list whose items take a byte each at least.
  std::uint64_t length();

  std::span<const std::byte> left_;
};

}  // namespace flopsieve::engine
