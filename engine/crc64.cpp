#include "engine/crc64.hpp"

#include <isa-l/crc64.h>

namespace flopsieve::engine {

std::uint64_t crc64(std::span<const std::byte> bytes) {
  return crc64_ecma_refl(0, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
}

}  // namespace flopsieve::engine
