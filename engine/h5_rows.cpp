#include <utility>

#include "engine/h5_detail.hpp"

namespace flopsieve::engine {

using namespace h5_detail;

struct H5Appender::State {
  const OpenFile& file;
  std::string path;
  H5Type type;
  Dimension first;
  std::uint64_t row_bytes = 0;
  Handle dataset;
  std::uint64_t rows = 0;
  Sha256 hash;
};

H5Appender::H5Appender(H5File& file, std::string path, H5Type type, const DatasetInfo& info,
                       std::size_t chunk_bytes) {
  const OpenFile& open = file.state();
  Handle dataset =
      create_dataset(open, path, number_type(type), info, Layout::chunked, chunk_bytes);
  std::uint64_t row_bytes = number_size(type);
  for (std::size_t index = 1; index < info.dimensions.size(); ++index) {
    row_bytes *= info.dimensions[index].length;
  }
  state_ = std::make_unique<State>(State{open, std::move(path), type, info.dimensions[0], row_bytes,
                                         std::move(dataset), 0, Sha256()});
}

H5Appender::~H5Appender() = default;
H5Appender::H5Appender(H5Appender&&) noexcept = default;
H5Appender& H5Appender::operator=(H5Appender&&) noexcept = default;

std::uint64_t H5Appender::rows() const {
  return state_->rows;
}

void H5Appender::append(std::span<const std::byte> values) {
  silence();
  if (values.empty()) return;
  State& state = *state_;
  require(state.row_bytes != 0 && values.size() % state.row_bytes == 0,
          state.path + " takes whole rows only");
  const std::uint64_t count = values.size() / state.row_bytes;
  std::vector<std::uint64_t> shape = shape_of(state.file, state.dataset.get(), state.path);
  if (state.first.length == kGrowing) {
    shape[0] = state.rows + count;
    const std::vector<hsize_t> extent(shape.begin(), shape.end());
    check(state.file, H5Dset_extent(state.dataset.get(), extent.data()), "write");
  }
  require(count <= shape[0] - state.rows, state.path + " was given too many rows");
  write_hyperslab(state.file, state.dataset.get(), number_type(state.type), shape, state.rows,
                  count, values.data());
  state.hash.update(values);
  state.rows += count;
}

void H5Appender::finish() {
  silence();
  State& state = *state_;
  const bool growing = state.first.length == kGrowing;
  require(growing || state.rows == state.first.length || state.row_bytes == 0,
          state.path + " was given too few rows");
  if (growing && state.first.scale != state.path) {
    stretch_scale(state.file, state.first.scale, state.rows);
  }
  put_text(state.file, state.dataset.get(), "sha256", state.hash.hex());
  state.dataset = Handle();
}

}  // namespace flopsieve::engine
