#include "engine/join.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <set>
#include <stdexcept>
#include <utility>

#include "engine/batch.hpp"
#include "engine/sealed.hpp"

namespace flopsieve::engine {
namespace {

/// Parts that are read and verified while another is written.
constexpr std::uint32_t most_read_ahead = 3;
constexpr std::size_t most_loaded_bytes = std::size_t{256} << 20;
constexpr std::size_t most_named = 8;
constexpr std::uint32_t nobody = std::numeric_limits<std::uint32_t>::max();

std::string missing_text(const std::vector<std::uint64_t>& batches, std::uint64_t all) {
  if (batches.size() == 1) {
    return fmt::format("batch {} is missing among the parts", batches.front());
  }
  const auto end =
      batches.begin() + static_cast<std::ptrdiff_t>(std::min(batches.size(), most_named));
  return fmt::format("{} of {} batches are missing among the parts: {}{}", batches.size(), all,
                     fmt::join(batches.begin(), end, ", "), end == batches.end() ? "" : ", ...");
}

std::size_t bytes_of(const Columns& columns) {
  return 8 * (columns.trajectory.size() + columns.attempt.size() + columns.statistics.size() +
              columns.row_size.size() + columns.location.size() + columns.scale.size()) +
         4 * (columns.counts.size() + columns.z.size());
}

/// Calls visit(batch - first, part) for every batch of every part that is wanted.
template <class Visit>
void for_each_batch(const std::vector<Part>& parts, std::uint64_t first, std::uint64_t end,
                    const Visit& visit) {
  for (std::uint32_t p = 0; p < parts.size(); ++p) {
    for (std::size_t i = 0; i < parts[p].batches.count; ++i) {
      const std::uint64_t batch = parts[p].batches.at(i);
      if (batch >= first && batch < end) visit(batch - first, p);
    }
  }
}

/// Leaves out parts that other parts make superfluous, small ones first.
std::vector<Part> cover(std::vector<Part> parts, std::uint64_t first, std::uint64_t end) {
  std::vector<std::uint32_t> holders(end - first, 0);
  for_each_batch(parts, first, end, [&](std::uint64_t at, std::uint32_t) { ++holders[at]; });
  std::stable_sort(parts.begin(), parts.end(),
                   [](const Part& a, const Part& b) { return a.batches.count < b.batches.count; });
  std::erase_if(parts, [&](const Part& part) {
    std::vector<std::uint64_t> wanted;
    for (std::size_t i = 0; i < part.batches.count; ++i) {
      const std::uint64_t batch = part.batches.at(i);
      if (batch >= first && batch < end) wanted.push_back(batch - first);
    }
    const bool needed = std::any_of(wanted.begin(), wanted.end(),
                                    [&](std::uint64_t at) { return holders[at] == 1; });
    if (needed) return false;
    for (const std::uint64_t at : wanted) --holders[at];
    return true;
  });
  std::sort(parts.begin(), parts.end(),
            [](const Part& a, const Part& b) { return a.batches.first < b.batches.first; });
  return parts;
}

/// Brings the parts into the order in which they are needed.
void sort_by_need(Joining& joining) {
  std::vector<std::uint32_t> order;  // parts by the first batch that they give
  std::vector<std::uint32_t> place(joining.parts.size(), nobody);
  for (const std::uint32_t part : joining.owner) {
    if (place[part] != nobody) continue;
    place[part] = static_cast<std::uint32_t>(order.size());
    order.push_back(part);
  }
  std::vector<Part> parts;
  for (const std::uint32_t part : order) parts.push_back(std::move(joining.parts[part]));
  joining.parts = std::move(parts);
  for (std::uint32_t& part : joining.owner) part = place[part];
}

/// Whether a batch is the same in two parts.
bool equal_batches(const Plan& plan, IndexedPart& a, std::size_t i, IndexedPart& b, std::size_t j) {
  if (!equal_records(plan, a.contents.batches[i], b.contents.batches[j])) return false;
  const auto row = [](const IndexedPart& part, std::size_t batch, auto& values) {
    const std::size_t rows = part.rows.back();
    const std::size_t width = rows == 0 ? 0 : values.size() / rows;
    const std::size_t first = part.rows[batch] * width;
    return std::span(values).subspan(first, part.rows[batch + 1] * width - first);
  };
  const auto equal_rows = [&](auto member) {
    return std::ranges::equal(row(a, i, a.contents.columns.*member),
                              row(b, j, b.contents.columns.*member));
  };
  if (!equal_rows(&Columns::trajectory) || !equal_rows(&Columns::attempt) ||
      !equal_rows(&Columns::counts) || !equal_rows(&Columns::statistics)) {
    return false;
  }
  const std::size_t sets = std::min(a.sets[i + 1] - a.sets[i], b.sets[j + 1] - b.sets[j]);
  const auto equal_sets = [&](auto member) {
    return std::ranges::equal(std::span(a.contents.columns.*member).subspan(a.sets[i], sets),
                              std::span(b.contents.columns.*member).subspan(b.sets[j], sets));
  };
  const std::size_t sizes = std::min(a.sizes[i + 1] - a.sizes[i], b.sizes[j + 1] - b.sizes[j]);
  return equal_sets(&Columns::row_size) && equal_sets(&Columns::location) &&
         equal_sets(&Columns::scale) &&
         std::ranges::equal(std::span(a.contents.columns.z).subspan(a.sizes[i], sizes),
                            std::span(b.contents.columns.z).subspan(b.sizes[j], sizes));
}

void demand_equal_parts(const Plan& plan, const Part& one, const Part& other) {
  IndexedPart a(read_part(one.path, plan), plan.year_count());
  IndexedPart b(read_part(other.path, plan), plan.year_count());
  for (std::size_t i = 0; i < one.batches.count; ++i) {
    const std::optional<std::size_t> j = other.batches.index_of(one.batches.at(i));
    if (!j || equal_batches(plan, a, i, b, *j)) continue;
    throw Error(ExitCode::storage,
                fmt::format("{} and {}: batch {} is not the same in both; move the wrong one away",
                            one.path.string(), other.path.string(), one.batches.at(i)));
  }
}

}  // namespace

MissingBatches::MissingBatches(std::vector<std::uint64_t> batches, std::uint64_t all)
    : Error(ExitCode::storage, missing_text(batches, all)), batches_(std::move(batches)) {}

void demand_equal_duplicates(const Plan& plan, const std::vector<Part>& parts, std::uint64_t first,
                             std::uint64_t end) {
  std::vector<std::uint32_t> holder(end - first, nobody);
  std::set<std::pair<std::uint32_t, std::uint32_t>> pairs;
  for_each_batch(parts, first, end, [&](std::uint64_t at, std::uint32_t part) {
    if (holder[at] == nobody) {
      holder[at] = part;
    } else {
      pairs.emplace(holder[at], part);
    }
  });
  for (const auto& [one, other] : pairs) demand_equal_parts(plan, parts[one], parts[other]);
}

std::uint64_t Joining::complete() const {
  std::uint64_t sum = 0;
  for (std::uint32_t p = 0; p < parts.size(); ++p) {
    for (std::size_t i = 0; i < parts[p].batches.count; ++i) {
      const std::uint64_t batch = parts[p].batches.at(i);
      if (batch >= first && batch < end() && owner[batch - first] == p) sum += parts[p].complete[i];
    }
  }
  return sum;
}

Joining arrange(const Plan& plan, std::vector<Part> parts, std::uint64_t first, std::uint64_t end) {
  demand_equal_duplicates(plan, parts, first, end);
  Joining joining{cover(std::move(parts), first, end), first, {}, {}};
  joining.owner.assign(end - first, nobody);
  std::vector<std::uint64_t>& surplus = joining.surplus;
  for (std::uint32_t p = 0; p < joining.parts.size(); ++p) {
    const Part& part = joining.parts[p];
    for (std::size_t i = 0; i < part.batches.count; ++i) {
      const std::uint64_t batch = part.batches.at(i);
      const bool taken = batch < first || batch >= end || joining.owner[batch - first] != nobody;
      if (taken) {
        surplus.push_back(batch);
      } else {
        joining.owner[batch - first] = p;
      }
    }
  }
  std::vector<std::uint64_t> missing;
  for (std::uint64_t batch = first; batch < end; ++batch) {
    if (joining.owner[batch - first] == nobody) missing.push_back(batch);
  }
  if (!missing.empty()) throw MissingBatches(std::move(missing), end);
  sort_by_need(joining);
  return joining;
}

IndexedPart::IndexedPart(PartContents read, std::size_t years) : contents(std::move(read)) {
  const Columns& columns = contents.columns;
  bytes = bytes_of(columns);
  const bool has_rows = !columns.trajectory.empty();
  for (const BatchRecord& record : contents.batches) {
    const auto complete = static_cast<std::size_t>(record.tally.complete);
    const std::size_t first_set = sets.back();
    // The first rows of a part keep their sizes, all of them or up to the number that is wanted.
    const std::size_t end_set = std::min(first_set + complete * years, columns.row_size.size());
    rows.push_back(rows.back() + (has_rows ? complete : 0));
    sets.push_back(end_set);
    sizes.push_back(std::accumulate(
        columns.row_size.begin() + static_cast<std::ptrdiff_t>(first_set),
        columns.row_size.begin() + static_cast<std::ptrdiff_t>(end_set), sizes.back()));
  }
}

JoinedBatches::JoinedBatches(const Joining& joining, const Plan& plan)
    : joining_(joining),
      plan_(plan),
      histograms_(plan),
      next_(joining.first),
      counted_(joining.parts.size(), false) {}

/// The first batch that a part gives, from `from` on; end() if there is none.
std::uint64_t JoinedBatches::next_of(std::uint32_t part, std::uint64_t from) const {
  const BatchRange& range = joining_.parts[part].batches;
  std::size_t i = 0;
  if (from > range.first) i = static_cast<std::size_t>((from - range.first - 1) / range.step + 1);
  for (; i < range.count && range.at(i) < joining_.end(); ++i) {
    if (range.at(i) >= joining_.first && joining_.owner[range.at(i) - joining_.first] == part) {
      return range.at(i);
    }
  }
  return joining_.end();
}

/// The bytes of a part; begins to read those that come next. Parts are needed for the first time in
/// their order.
PageBytes JoinedBatches::image(std::uint32_t part) {
  if (part < taken_) return unseal(joining_.parts[part].path);  // for a second time
  for (; begun_ < joining_.parts.size() && begun_ <= part + most_read_ahead; ++begun_) {
    images_.push_back(std::async(std::launch::async, unseal, joining_.parts[begun_].path));
  }
  PageBytes bytes = images_.front().get();
  images_.pop_front();
  ++taken_;
  return bytes;
}

void JoinedBatches::make_room(std::size_t bytes) {
  std::size_t held = bytes;
  for (const auto& [part, loaded] : loaded_) held += loaded.part.bytes;
  while (held > most_loaded_bytes && !loaded_.empty()) {
    const auto last = std::max_element(loaded_.begin(), loaded_.end(), [](auto& a, auto& b) {
      return a.second.needed_next < b.second.needed_next;
    });
    held -= last->second.part.bytes;
    loaded_.erase(last);
  }
}

JoinedBatches::Loaded& JoinedBatches::load(std::uint32_t part) {
  const auto found = loaded_.find(part);
  if (found != loaded_.end()) return found->second;
  IndexedPart read(read_part(image(part), joining_.parts[part].path, plan_), plan_.year_count());
  if (!counted_[part]) histograms_.add(read.contents.histograms);
  counted_[part] = true;
  read.contents.histograms = Tally();  // a megabyte, and a part of each shard is held
  make_room(read.bytes);
  return loaded_.emplace(part, Loaded{std::move(read), 0}).first->second;
}

std::optional<Piece> JoinedBatches::next() {
  std::erase_if(loaded_,
                [&](const auto& each) { return each.second.needed_next >= joining_.end(); });
  if (next_ >= joining_.end()) return std::nullopt;
  const std::uint32_t part = joining_.owner[next_ - joining_.first];
  const BatchRange& range = joining_.parts[part].batches;
  Loaded& loaded = load(part);
  const auto first = static_cast<std::size_t>((next_ - range.first) / range.step);
  std::size_t last = first + 1;
  ++next_;
  while (last < range.count && range.at(last) == next_ && next_ < joining_.end() &&
         joining_.owner[next_ - joining_.first] == part) {
    ++last;
    ++next_;
  }
  loaded.needed_next = next_of(part, next_);
  IndexedPart& read = loaded.part;
  return Piece{read.contents,
               first,
               last - first,
               read.rows[first],
               read.rows[last] - read.rows[first],
               read.sets[first],
               read.sets[last] - read.sets[first],
               read.sizes[first]};
}

std::optional<Tally> JoinedBatches::histograms(const std::atomic<bool>* stop) {
  for (const std::uint64_t batch : joining_.surplus) {
    const std::optional<BatchResult> result = run_batch(plan_, batch, {4096, stop});
    if (!result) return std::nullopt;
    subtract_histograms(histograms_, result->tally);
  }
  return std::move(histograms_);
}

void subtract_histograms(Tally& tally, const Tally& part) {
  const auto subtract = [](std::vector<Histogram>& from, const std::vector<Histogram>& what) {
    for (std::size_t i = 0; i < what.size(); ++i) {
      for (std::size_t bin = 0; bin < what[i].size(); ++bin) {
        if (what[i][bin] == 0) continue;
        if (bin >= from[i].size() || from[i][bin] < what[i][bin]) {
          throw std::invalid_argument("histograms that are not in the sum cannot be subtracted");
        }
        from[i][bin] -= what[i][bin];
      }
      while (!from[i].empty() && from[i].back() == 0) from[i].pop_back();
    }
  };
  subtract(tally.counts, part.counts);
  subtract(tally.cumulative, part.cumulative);
  subtract(tally.frontier_before, part.frontier_before);
  subtract(tally.frontier_including, part.frontier_including);
  subtract(tally.statistics, part.statistics);
}

}  // namespace flopsieve::engine
