#include <algorithm>
#include <array>
#include <future>
#include <utility>

#include "engine/h5_detail.hpp"

namespace flopsieve::engine {

using namespace h5_detail;

namespace {

/// Pieces below this are hashed at once: a thread costs more.
constexpr std::size_t kWorthAThread = std::size_t{1} << 20;

/// Bytes of a chunk of the dataset, 0 if it has none or they are filtered.
std::size_t plain_chunk_bytes(const OpenFile& file, hid_t dataset, std::uint64_t row_bytes) {
  const std::string action = "read a layout";
  const Handle list = own(file, H5Dget_create_plist(dataset), H5Pclose, action);
  if (H5Pget_layout(list.get()) != H5D_CHUNKED || H5Pget_nfilters(list.get()) != 0) return 0;
  std::array<hsize_t, kMostDimensions> lengths{};
  check(file, H5Pget_chunk(list.get(), static_cast<int>(lengths.size()), lengths.data()), action);
  return lengths[0] * row_bytes;
}

}  // namespace

struct H5Appender::State {
  const OpenFile& file;
  std::string path;
  H5Type type;
  Dimension first;
  std::uint64_t row_bytes = 0;
  Handle dataset;
  std::size_t chunk_bytes = 0;   ///< 0: HDF5 forms the chunks, if there are any
  std::vector<std::byte> begun;  ///< of a chunk that is not full yet
  std::uint64_t chunks = 0;      ///< written
  std::uint64_t rows = 0;
  Sha256 hash;
  std::future<void> hashed;  ///< last member: it waits when destroyed

  void write(std::span<const std::byte> values, std::uint64_t count);
  void grow_to(std::uint64_t length);
  void write_chunk(const std::byte* values);
  void write_chunks(std::span<const std::byte> values);
};

void H5Appender::State::write(std::span<const std::byte> values, std::uint64_t count) {
  if (chunk_bytes != 0) {
    write_chunks(values);
  } else {
    write_hyperslab(file, dataset.get(), number_type(type), shape_of(file, dataset.get(), path),
                    rows, count, values.data());
  }
  rows += count;
}

void H5Appender::State::grow_to(std::uint64_t length) {
  std::vector<std::uint64_t> shape = shape_of(file, dataset.get(), path);
  shape[0] = length;
  const std::vector<hsize_t> extent(shape.begin(), shape.end());
  check(file, H5Dset_extent(dataset.get(), extent.data()), "write");
}

void H5Appender::State::write_chunk(const std::byte* values) {
  const std::array<hsize_t, kMostDimensions> offset{chunks * (chunk_bytes / row_bytes)};
  check(file, H5Dwrite_chunk(dataset.get(), H5P_DEFAULT, 0, offset.data(), chunk_bytes, values),
        "write");
  ++chunks;
}

/// Writes the chunks that become full, and keeps the rest.
void H5Appender::State::write_chunks(std::span<const std::byte> values) {
  if (!begun.empty()) {
    const auto more = values.first(std::min(values.size(), chunk_bytes - begun.size()));
    begun.insert(begun.end(), more.begin(), more.end());
    values = values.subspan(more.size());
    if (begun.size() < chunk_bytes) return;
    write_chunk(begun.data());
  }
  for (; values.size() >= chunk_bytes; values = values.subspan(chunk_bytes)) {
    write_chunk(values.data());
  }
  begun.assign(values.begin(), values.end());
}

H5Appender::H5Appender(H5File& file, std::string path, H5Type type, const DatasetInfo& info,
                       std::size_t chunk_bytes) {
  const OpenFile& open = file.state();
  const Layout layout = chunk_bytes == kNoChunks ? Layout::contiguous : Layout::chunked;
  Handle dataset = create_dataset(open, path, number_type(type), info, layout, chunk_bytes);
  std::uint64_t row_bytes = number_size(type);
  for (std::size_t index = 1; index < info.dimensions.size(); ++index) {
    row_bytes *= info.dimensions[index].length;
  }
  const std::size_t plain = plain_chunk_bytes(open, dataset.get(), row_bytes);
  state_ = std::make_unique<State>(State{open,
                                         std::move(path),
                                         type,
                                         info.dimensions[0],
                                         row_bytes,
                                         std::move(dataset),
                                         plain,
                                         {},
                                         0,
                                         0,
                                         Sha256(),
                                         {}});
}

H5Appender::~H5Appender() = default;
H5Appender::H5Appender(H5Appender&&) noexcept = default;
H5Appender& H5Appender::operator=(H5Appender&&) noexcept = default;

std::uint64_t H5Appender::rows() const {
  return state_->rows;
}

void H5Appender::append(std::span<const std::byte> values) {
  begin_append(values);
  end_append();
}

void H5Appender::end_append() {
  if (state_->hashed.valid()) state_->hashed.get();
}

void H5Appender::begin_append(std::span<const std::byte> values) {
  silence();
  if (values.empty()) return;
  State& state = *state_;
  require(state.row_bytes != 0 && values.size() % state.row_bytes == 0,
          state.path + " takes whole rows only");
  const std::uint64_t count = values.size() / state.row_bytes;
  if (state.first.length == kGrowing) {
    state.grow_to(state.rows + count);
  } else {
    require(count <= state.first.length - state.rows, state.path + " was given too many rows");
  }
  if (state.file.hashing == Hashing::each_dataset) {
    const auto policy = values.size() < kWorthAThread ? std::launch::deferred : std::launch::async;
    state.hashed = std::async(policy, [&state, values] { state.hash.update(values); });
  }
  try {
    state.write(values, count);
  } catch (...) {
    end_append();  // the caller may give up the values now
    throw;
  }
}

void H5Appender::finish() {
  silence();
  end_append();
  State& state = *state_;
  const bool growing = state.first.length == kGrowing;
  require(growing || state.rows == state.first.length || state.row_bytes == 0,
          state.path + " was given too few rows");
  if (!state.begun.empty()) {
    state.begun.resize(state.chunk_bytes);
    state.write_chunk(state.begun.data());
  }
  if (growing && state.first.scale != state.path) {
    stretch_scale(state.file, state.first.scale, state.rows);
  }
  if (state.file.hashing == Hashing::each_dataset) {
    put_text(state.file, state.dataset.get(), "sha256", state.hash.hex());
  }
  close_written(state.file, std::move(state.dataset));
}

}  // namespace flopsieve::engine
