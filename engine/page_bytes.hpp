#pragma once

#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <span>

namespace flopsieve::engine {

/// Bytes that begin on a page, for files (direct transfers demand that). New bytes hold anything:
/// what is read or built here is written once only. Movable; a moved-from object is empty.
class PageBytes {
 public:
  static constexpr std::size_t page = 4096;
  static constexpr std::size_t huge_page = std::size_t{2} << 20;

  PageBytes() = default;
  explicit PageBytes(std::size_t size) { resize(size); }
  explicit PageBytes(std::span<const std::byte> bytes) : PageBytes(bytes.size()) {
    std::ranges::copy(bytes, data());
  }

  std::byte* data() { return bytes_.get(); }
  const std::byte* data() const { return bytes_.get(); }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::byte* begin() { return data(); }
  std::byte* end() { return data() + size_; }
  const std::byte* begin() const { return data(); }
  const std::byte* end() const { return data() + size_; }

  /// Keeps the first bytes, and the memory.
  void resize(std::size_t size) {
    if (size > capacity_) reserve(std::max(size, 2 * capacity_));
    size_ = size;
  }

  void reserve(std::size_t size) {
    if (size <= capacity_) return;
    const std::size_t unit = size < huge_page ? page : huge_page;
    const std::size_t capacity = (size + unit - 1) / unit * unit;
    std::unique_ptr<std::byte, Free> bytes(
        static_cast<std::byte*>(std::aligned_alloc(unit, capacity)));
    if (!bytes) throw std::bad_alloc();
    // A hint: one page fault for 2 MiB instead of 512, where the system can.
    if (unit == huge_page) ::madvise(bytes.get(), capacity, MADV_HUGEPAGE);
    std::copy_n(bytes_.get(), size_, bytes.get());
    bytes_ = std::move(bytes);
    capacity_ = capacity;
  }

  PageBytes(PageBytes&& other) noexcept { swap(other); }
  PageBytes& operator=(PageBytes&& other) noexcept {
    PageBytes taken(std::move(other));
    swap(taken);
    return *this;
  }
  ~PageBytes() = default;

 private:
  struct Free {
    void operator()(std::byte* bytes) const { std::free(bytes); }
  };

  void swap(PageBytes& other) noexcept {
    std::swap(bytes_, other.bytes_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }

  std::unique_ptr<std::byte, Free> bytes_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace flopsieve::engine
