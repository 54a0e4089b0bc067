#include "engine/sha256.hpp"

#include <catch2/catch.hpp>
#include <string>

namespace flopsieve::engine {
namespace {

// The messages and digests are NIST's examples for SHA-256 (FIPS 180-4 example values:
// one block, two blocks, and the million-letter message).
TEST_CASE("SHA-256 gives NIST's example values") {
  CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(sha256_hex(std::string(1'000'000, 'a')) ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

// NIST CAVP, SHA256ShortMsg.rsp, Len = 0.
TEST_CASE("SHA-256 of nothing") {
  CHECK(sha256_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST_CASE("the pieces in which bytes arrive make no difference, and a digest may be looked at") {
  const std::string message(1000, 'q');
  Sha256 hash;
  for (const char letter : message) {
    hash.update(std::string_view(&letter, 1));
    static_cast<void>(hash.hex());
  }
  CHECK(hash.hex() == sha256_hex(message));
  CHECK(hash.hex() == to_hex(sha256(std::as_bytes(std::span(message)))));
  hash.update(message);
  CHECK(hash.hex() == sha256_hex(message + message));
}

}  // namespace
}  // namespace flopsieve::engine
