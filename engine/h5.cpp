#include "engine/h5.hpp"

#include <algorithm>
#include <bit>
#include <utility>

#include "engine/error.hpp"
#include "engine/h5_detail.hpp"

namespace flopsieve::engine {
namespace {

using namespace h5_detail;

static_assert(std::endian::native == std::endian::little,
              "the SHA-256 of a dataset is taken over its bytes in memory");

constexpr std::size_t kBlockBytes = std::size_t{1} << 20;

Handle open_attribute(const OpenFile& file, const std::string& object, const std::string& name) {
  const Handle owner = open_object(file, object);
  return own(file, H5Aopen(owner.get(), name.c_str(), H5P_DEFAULT), H5Aclose,
             "read the attribute " + name + " of " + object);
}

/// How many values an attribute has.
std::size_t size_of_attribute(const OpenFile& file, hid_t attribute, const std::string& name) {
  const std::string action = "read the attribute " + name;
  const Handle space = own(file, H5Aget_space(attribute), H5Sclose, action);
  const hssize_t size = H5Sget_simple_extent_npoints(space.get());
  check(file, size, action);
  return static_cast<std::size_t>(size);
}

H5Type require_numbers(const OpenFile& file, hid_t dataset, const std::string& path) {
  const std::optional<H5Type> type = number_type_of(file, dataset);
  if (!type) fail(file, "read " + path, "it holds none of the known number types");
  return *type;
}

std::uint64_t value_count(const DatasetInfo& info) {
  std::vector<std::uint64_t> lengths;
  for (const Dimension& dimension : info.dimensions) lengths.push_back(dimension.length);
  return product(lengths);
}

/// Pieces of whole rows, which fill the dataset.
void write_rows(const OpenFile& file, hid_t dataset, const std::string& path, H5Type type,
                const std::vector<std::span<const std::byte>>& pieces) {
  const std::vector<std::uint64_t> shape = shape_of(file, dataset, path);
  const std::uint64_t row_bytes = product(std::span(shape).subspan(1)) * number_size(type);
  std::uint64_t first = 0;
  for (const auto piece : pieces) {
    require(piece.size() % row_bytes == 0, path + " takes whole rows only");
    const std::uint64_t rows = piece.size() / row_bytes;
    if (rows > 0) {
      write_hyperslab(file, dataset, number_type(type), shape, first, rows, piece.data());
    }
    first += rows;
  }
}

/// For strings, which HDF5 converts: unasked it clears 2 MiB of buffers for every few names.
Handle text_transfer(const OpenFile& file) {
  constexpr std::size_t kBufferBytes = 4096;
  const std::string action = "choose a buffer";
  Handle list = own(file, H5Pcreate(H5P_DATASET_XFER), H5Pclose, action);
  check(file, H5Pset_buffer(list.get(), kBufferBytes, nullptr, nullptr), action);
  return list;
}

std::string hash_of(const std::vector<std::string>& texts) {
  Sha256 hash;
  for (const std::string& text : texts) {
    hash.update(std::string_view(text.c_str(), text.size() + 1));
  }
  return hash.hex();
}

}  // namespace

H5File::H5File(std::unique_ptr<State> state) : state_(std::move(state)) {}
H5File::~H5File() = default;
H5File::H5File(H5File&&) noexcept = default;
H5File& H5File::operator=(H5File&&) noexcept = default;

/// Every use passes here, because HDF5 has one switch per thread and a file may change threads.
H5File::State& H5File::state() const {
  silence();
  return *state_;
}

void H5File::write_attribute(const std::string& object, const std::string& name,
                             std::string_view text) {
  const State& file = state();
  put_text(file, open_object(file, object).get(), name, text);
}

void H5File::write_attribute(const std::string& object, const std::string& name,
                             const std::vector<std::string>& texts) {
  const State& file = state();
  const std::vector<const char*> pointers = c_strings(texts);
  const hsize_t count = pointers.size();
  const Handle type = text_type(file);
  const Handle space =
      own(file, H5Screate_simple(1, &count, nullptr), H5Sclose, "write the attribute " + name);
  put_attribute(file, open_object(file, object).get(), name, type.get(), space.get(),
                pointers.data());
}

void H5File::write_number_attribute(const std::string& object, const std::string& name, H5Type type,
                                    const void* values, std::size_t count, Rank rank) {
  const State& file = state();
  const hsize_t length = count;
  const hid_t shape =
      rank == Rank::scalar ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &length, nullptr);
  const Handle space = own(file, shape, H5Sclose, "write the attribute " + name);
  put_attribute(file, open_object(file, object).get(), name, number_type(type), space.get(),
                values);
}

bool H5File::has_attribute(const std::string& object, const std::string& name) const {
  const State& file = state();
  const htri_t found = H5Aexists(open_object(file, object).get(), name.c_str());
  check(file, found, "look up the attribute " + name + " of " + object);
  return found > 0;
}

std::string H5File::read_attribute_text(const std::string& object, const std::string& name) const {
  const std::vector<std::string> texts = read_attribute_texts(object, name);
  if (texts.size() != 1) fail(state(), "read the attribute " + name, "it is not a single text");
  return texts.front();
}

std::vector<std::string> H5File::read_attribute_texts(const std::string& object,
                                                      const std::string& name) const {
  const State& file = state();
  const std::string what = "the attribute " + name + " of " + object;
  const Handle attribute = open_attribute(file, object, name);
  const Handle stored = own(file, H5Aget_type(attribute.get()), H5Tclose, "read " + what);
  require_texts(file, stored.get(), what);
  std::vector<char*> pointers(size_of_attribute(file, attribute.get(), name));
  const Handle type = text_type(file);
  if (!pointers.empty()) {
    check(file, H5Aread(attribute.get(), type.get(), pointers.data()), "read " + what);
  }
  return take_strings(pointers);
}

std::size_t H5File::attribute_size(const std::string& object, const std::string& name) const {
  const State& file = state();
  return size_of_attribute(file, open_attribute(file, object, name).get(), name);
}

void H5File::read_number_attribute(const std::string& object, const std::string& name, H5Type type,
                                   void* values) const {
  const State& file = state();
  const std::string action = "read the attribute " + name + " of " + object;
  const Handle attribute = open_attribute(file, object, name);
  const Handle stored = own(file, H5Aget_type(attribute.get()), H5Tclose, action);
  if (H5Tequal(stored.get(), number_type(type)) <= 0) fail(file, action, "it has another type");
  if (size_of_attribute(file, attribute.get(), name) == 0) return;
  check(file, H5Aread(attribute.get(), number_type(type), values), action);
}

void H5File::write_pieces(const std::string& path, H5Type type,
                          const std::vector<std::span<const std::byte>>& pieces,
                          const DatasetInfo& info) {
  const State& file = state();
  std::uint64_t bytes = 0;
  for (const auto piece : pieces) bytes += piece.size();
  require(bytes == value_count(info) * number_size(type),
          path + " has another number of values than its dimensions say");
  const Layout layout = info.deflate > 0 ? Layout::chunked : Layout::contiguous;
  Handle dataset = create_dataset(file, path, number_type(type), info, layout, kDefaultChunkBytes);
  if (bytes > 0) write_rows(file, dataset.get(), path, type, pieces);
  if (file.hashing == Hashing::each_dataset) {
    Sha256 hash;
    for (const auto piece : pieces) hash.update(piece);
    put_text(file, dataset.get(), "sha256", hash.hex());
  }
  close_written(file, std::move(dataset));
}

void H5File::write_strings(const std::string& path, const std::vector<std::string>& values,
                           const DatasetInfo& info) {
  const State& file = state();
  require(values.size() == value_count(info),
          path + " has another number of values than its dimensions say");
  const std::vector<const char*> pointers = c_strings(values);
  const Handle type = text_type(file);
  Handle dataset = create_dataset(file, path, type.get(), info, Layout::contiguous, 0);
  if (!pointers.empty()) {
    const Handle transfer = text_transfer(file);
    check(file,
          H5Dwrite(dataset.get(), type.get(), H5S_ALL, H5S_ALL, transfer.get(), pointers.data()),
          "write");
  }
  if (file.hashing == Hashing::each_dataset) {
    put_text(file, dataset.get(), "sha256", hash_of(values));
  }
  close_written(file, std::move(dataset));
}

std::string H5File::repeat_scale(const std::string& path, const std::string& group) {
  const State& file = state();
  const std::string copy = group + path.substr(path.rfind('/'));
  if (object_exists(file, copy)) return copy;
  DatasetInfo info;
  info.dimensions = {{copy, shape(path).at(0)}};
  if (has_attribute(path, "units")) info.units = read_attribute_text(path, "units");
  if (has_attribute(path, "long_name")) info.long_name = read_attribute_text(path, "long_name");
  const std::optional<H5Type> numbers = number_type_of(file, open_dataset(file, path).get());
  if (!numbers) {
    write_strings(copy, read_strings(path), info);
    return copy;
  }
  std::vector<std::byte> values(info.dimensions[0].length * number_size(*numbers));
  read_numbers(path, *numbers, 0, info.dimensions[0].length, values.data());
  write_pieces(copy, *numbers, {values}, info);
  return copy;
}

bool H5File::exists(const std::string& path) const {
  return object_exists(state(), path);
}

std::vector<std::string> H5File::datasets() const {
  const State& file = state();
  std::vector<std::string> paths;
  const auto collect = [](hid_t, const char* name, const H5O_info_t* info, void* data) -> herr_t {
    if (info->type == H5O_TYPE_DATASET) {
      static_cast<std::vector<std::string>*>(data)->push_back("/" + std::string(name));
    }
    return 0;
  };
  check(file,
        H5Ovisit2(file.handle.get(), H5_INDEX_NAME, H5_ITER_INC, collect, &paths, H5O_INFO_BASIC),
        "list the datasets");
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::vector<std::uint64_t> H5File::shape(const std::string& path) const {
  const State& file = state();
  return shape_of(file, open_dataset(file, path).get(), path);
}

H5Type H5File::type(const std::string& path) const {
  const State& file = state();
  return require_numbers(file, open_dataset(file, path).get(), path);
}

std::uint64_t H5File::row_size(const std::string& path) const {
  const std::vector<std::uint64_t> lengths = shape(path);
  return product(std::span(lengths).subspan(1));
}

void H5File::read_numbers(const std::string& path, H5Type type, std::uint64_t first,
                          std::uint64_t count, void* values) const {
  const State& file = state();
  const Handle dataset = open_dataset(file, path);
  if (require_numbers(file, dataset.get(), path) != type) {
    fail(file, "read " + path, "it has another number type");
  }
  const std::vector<std::uint64_t> lengths = shape_of(file, dataset.get(), path);
  if (count == 0 || product(lengths) == 0) return;
  read_hyperslab(file, dataset.get(), number_type(type), lengths, first, count, values);
}

std::vector<std::string> H5File::read_strings(const std::string& path) const {
  const State& file = state();
  const Handle dataset = open_dataset(file, path);
  const Handle stored = own(file, H5Dget_type(dataset.get()), H5Tclose, "read " + path);
  require_texts(file, stored.get(), path);
  std::vector<char*> pointers(product(shape_of(file, dataset.get(), path)));
  const Handle type = text_type(file);
  if (!pointers.empty()) {
    const Handle transfer = text_transfer(file);
    check(file,
          H5Dread(dataset.get(), type.get(), H5S_ALL, H5S_ALL, transfer.get(), pointers.data()),
          "read " + path);
  }
  return take_strings(pointers);
}

std::string H5File::dataset_sha256(const std::string& path) const {
  const State& file = state();
  const Handle dataset = open_dataset(file, path);
  const std::optional<H5Type> numbers = number_type_of(file, dataset.get());
  if (!numbers) return hash_of(read_strings(path));
  const std::vector<std::uint64_t> lengths = shape_of(file, dataset.get(), path);
  const std::uint64_t row_bytes = product(std::span(lengths).subspan(1)) * number_size(*numbers);
  Sha256 hash;
  if (row_bytes == 0) return hash.hex();
  const std::uint64_t block = std::max<std::uint64_t>(1, kBlockBytes / row_bytes);
  std::vector<std::byte> bytes;
  for (std::uint64_t first = 0; first < lengths[0]; first += block) {
    const std::uint64_t count = std::min(block, lengths[0] - first);
    bytes.resize(count * row_bytes);
    read_hyperslab(file, dataset.get(), number_type(*numbers), lengths, first, count, bytes.data());
    hash.update(bytes);
  }
  return hash.hex();
}

}  // namespace flopsieve::engine
