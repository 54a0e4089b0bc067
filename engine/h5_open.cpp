#include <utility>

#include "engine/h5_detail.hpp"

namespace flopsieve::engine {
namespace {

using namespace h5_detail;

/// In a file on disk, what is that large begins on a page: the system copies whole pages faster.
constexpr hsize_t kLargeObject = hsize_t{64} << 10;

constexpr std::size_t kMemoryIncrement = std::size_t{1} << 20;

Handle access_list(const OpenFile& file) {
  Handle list = own(file, H5Pcreate(H5P_FILE_ACCESS), H5Pclose, "open");
  check(file, H5Pset_fclose_degree(list.get(), H5F_CLOSE_STRONG), "open");
  check(file, H5Pset_file_locking(list.get(), false, true), "open");
  return list;
}

/// HDF5 asks here for `size` bytes of `image`, in which it builds a file. Null means that there
/// are none.
void* grow_image(std::size_t size, void* image) {
  try {
    PageBytes& bytes = *static_cast<PageBytes*>(image);
    bytes.resize(size);
    return bytes.data();
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

/// A file in memory lies in file.image, not in memory of HDF5's own, which it would give only a
/// copy of.
Handle memory_access_list(OpenFile& file) {
  Handle list = access_list(file);
  H5FD_file_image_callbacks_t callbacks{
      [](std::size_t size, H5FD_file_image_op_t, void* image) { return grow_image(size, image); },
      nullptr,
      [](void*, std::size_t size, H5FD_file_image_op_t, void* image) {
        return grow_image(size, image);
      },
      [](void*, H5FD_file_image_op_t, void*) -> herr_t { return 0; },
      [](void* image) { return image; },
      [](void*) -> herr_t { return 0; },
      &file.image};
  check(file, H5Pset_file_image_callbacks(list.get(), &callbacks), "open");
  check(file, H5Pset_fapl_core(list.get(), kMemoryIncrement, false), "open");
  return list;
}

Handle create_file(const OpenFile& file, const std::string& name, hid_t access) {
  constexpr unsigned int kTracked = H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED;
  const Handle creation = own(file, H5Pcreate(H5P_FILE_CREATE), H5Pclose, "create");
  check(file, H5Pset_link_creation_order(creation.get(), kTracked), "create");
  check(file, H5Pset_obj_track_times(creation.get(), false), "create");
  return own(file, H5Fcreate(name.c_str(), H5F_ACC_TRUNC, creation.get(), access), H5Fclose,
             "create");
}

/// HDF5 takes two files in memory with one name for the same file, so each has its own.
std::string memory_name(const OpenFile& file) {
  return "memory-" + std::to_string(reinterpret_cast<std::uintptr_t>(&file));
}

}  // namespace

H5File H5File::create(const std::filesystem::path& path) {
  silence();
  auto state = std::make_unique<State>(path.string());
  const Handle access = access_list(*state);
  check(*state, H5Pset_alignment(access.get(), kLargeObject, PageBytes::page), "create");
  state->handle = create_file(*state, state->name, access.get());
  return H5File(std::move(state));
}

H5File H5File::create_in_memory(const std::string& name, PageBytes memory, Hashing hashing) {
  silence();
  auto state = std::make_unique<State>(name);
  state->image = std::move(memory);
  state->image.resize(0);
  state->hashing = hashing;
  const Handle access = memory_access_list(*state);
  state->handle = create_file(*state, memory_name(*state), access.get());
  return H5File(std::move(state));
}

H5File H5File::open(const std::filesystem::path& path) {
  silence();
  auto state = std::make_unique<State>(path.string());
  const Handle access = access_list(*state);
  state->handle =
      own(*state, H5Fopen(path.c_str(), H5F_ACC_RDONLY, access.get()), H5Fclose, "open");
  return H5File(std::move(state));
}

H5File H5File::open_image(PageBytes image, const std::string& name) {
  silence();
  auto state = std::make_unique<State>(name);
  if (image.empty()) fail(*state, "open", "it is empty");
  state->image = std::move(image);
  constexpr unsigned int kInPlace = H5LT_FILE_IMAGE_DONT_COPY | H5LT_FILE_IMAGE_DONT_RELEASE;
  state->handle =
      own(*state, H5LTopen_file_image(state->image.data(), state->image.size(), kInPlace), H5Fclose,
          "open");
  return H5File(std::move(state));
}

void H5File::flush() {
  const State& file = state();
  check(file, H5Fflush(file.handle.get(), H5F_SCOPE_GLOBAL), "write");
}

PageBytes H5File::take_image() {
  flush();
  State& file = state();
  const ssize_t size = H5Fget_file_image(file.handle.get(), nullptr, 0);
  check(file, size, "copy");
  file.handle = Handle();
  require(static_cast<std::size_t>(size) <= file.image.size(),
          "only a file in memory has an image");
  file.image.resize(static_cast<std::size_t>(size));
  return std::move(file.image);
}

}  // namespace flopsieve::engine
