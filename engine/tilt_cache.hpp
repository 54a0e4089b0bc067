#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "engine/tilt.hpp"

/// The tables of tilted sizes that a thread has asked for. They decide no result.
namespace flopsieve::engine {

/// Tables of a law with the same further terms, by the strength of the total.
class TiltTables {
 public:
  TiltTables(std::shared_ptr<const TiltBase> base, std::vector<TiltTerm> terms)
      : base_(std::move(base)), terms_(std::move(terms)) {}

  const std::shared_ptr<const TiltTable>& at(double strength) {
    std::shared_ptr<const TiltTable>& place = tables_[strength];
    if (!place) place = std::make_shared<TiltTable>(base_, strength, terms_);
    return place;
  }

  /// Tables that nothing else holds.
  void forget_unused() {
    std::erase_if(tables_, [](const auto& each) { return each.second.use_count() == 1; });
  }
  bool is_empty() const { return tables_.empty(); }

  std::size_t bytes() const {
    std::size_t sum = sizeof(TiltTables) + 2 * terms_.size() * sizeof(TiltTerm);
    for (const auto& [strength, table] : tables_) sum += table->bytes();
    return sum;
  }

 private:
  std::shared_ptr<const TiltBase> base_;
  std::vector<TiltTerm> terms_;
  std::map<double, std::shared_ptr<const TiltTable>> tables_;
};

/// A law with the tables that were asked for.
class TiltFamily {
 public:
  explicit TiltFamily(std::shared_ptr<const TiltBase> base) : base_(std::move(base)) {}

  const TiltBase& base() const { return *base_; }

  TiltTables& with(const std::vector<TiltTerm>& terms) {
    std::vector<double> key;
    for (const TiltTerm& each : terms) {
      key.insert(key.end(), {static_cast<double>(each.sum), each.from, each.below, each.strength});
    }
    const auto place = tables_.find(key);
    if (place != tables_.end()) return place->second;
    return tables_.emplace(std::move(key), TiltTables(base_, terms)).first->second;
  }

  /// Of its tables, those that nothing else holds.
  void forget_unused() {
    for (auto& [key, tables] : tables_) tables.forget_unused();
    std::erase_if(tables_, [](const auto& each) { return each.second.is_empty(); });
  }
  bool is_in_use() const { return base_.use_count() > 1; }

  /// Bytes of the base and of all tables.
  std::size_t bytes() const {
    std::size_t sum = base_->bytes();
    for (const auto& [key, tables] : tables_) sum += tables.bytes();
    return sum;
  }

 private:
  std::shared_ptr<const TiltBase> base_;
  std::map<std::vector<double>, TiltTables> tables_;
};

/// Laws of a thread, by all that decides on them.
class TiltCache {
 public:
  using Key = std::vector<double>;

  template <class Make>
  TiltFamily& get(const Key& key, const Make& make) {
    auto place = families_.find(key);
    if (place == families_.end()) place = families_.emplace(key, TiltFamily(make())).first;
    return place->second;
  }

  /// Forgets what is not in use if it has become too large: first tables, then laws. What is in use
  /// stays, since it would be made a second time; it may grow to twice its size before the next
  /// look.
  void bound() {
    if (++calls_ % calls_between != 0 || bytes() <= limit_) return;
    for (auto& [key, family] : families_) family.forget_unused();
    if (bytes() > most_bytes) {
      std::erase_if(families_, [](const auto& each) { return !each.second.is_in_use(); });
    }
    limit_ = std::max(most_bytes, 2 * bytes());
  }

 private:
  std::size_t bytes() const {
    std::size_t sum = 0;
    for (const auto& [key, family] : families_) sum += family.bytes();
    return sum;
  }

  static constexpr std::size_t most_bytes = std::size_t{256} << 20;
  static constexpr std::size_t calls_between = 256;
  std::size_t limit_ = most_bytes;
  std::map<Key, TiltFamily> families_;
  std::size_t calls_ = 0;
};

}  // namespace flopsieve::engine
