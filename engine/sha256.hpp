#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace flopsieve::engine {

/// The 32 bytes of a SHA-256 (FIPS 180-4), most significant byte first as the standard prints it.
using Sha256Digest = std::array<std::byte, 32>;

/// A running SHA-256 over bytes that arrive in pieces; how they are cut makes no difference.
/// Movable, not copyable. A moved-from object may only be destroyed or assigned to.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void update(std::span<const std::byte> bytes);
  void update(std::string_view text);

  /// The digest of everything up to now; update() may go on afterwards.
  Sha256Digest digest() const;

  /// digest() as 64 lower-case hexadecimal digits.
  std::string hex() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The digest as 64 lower-case hexadecimal digits.
std::string to_hex(const Sha256Digest& digest);

Sha256Digest sha256(std::span<const std::byte> bytes);
std::string sha256_hex(std::string_view text);

}  // namespace flopsieve::engine
