#include "jobs/base.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "engine/error.hpp"
#include "engine/files.hpp"
#include "jobs/embedded.hpp"
#include "jobs/table_reader.hpp"

namespace flopsieve::jobs {
namespace {

constexpr std::size_t most_bases = 8;

/// The text of a key; empty if it is absent or no string, which the job's reader reports.
std::string text_of(const Value& table, std::string_view key) {
  const Entry* entry = find_entry(table, key);
  return entry != nullptr && entry->value.kind == ValueKind::string ? entry->value.text : "";
}

/// What a constraint is called unless it has a name: as its statistic.
std::string called(const Value& constraint) {
  const std::string name = text_of(constraint, "name");
  return name.empty() ? text_of(constraint, "statistic") : name;
}

/// Whether a constraint of a job only removes the one of its base.
bool drops(const Value& constraint) {
  if (constraint.kind != ValueKind::table || find_entry(constraint, "drop") == nullptr) {
    return false;
  }
  TableReader reader(constraint, "constraint");
  if (!reader.boolean("drop")) reader.fail_at("drop", "drop can only be true");
  reader.optional_string("name");
  reader.optional_string("statistic");
  reader.finish();
  return true;
}

/// The constraints of a base while those of a job are laid over them.
class Constraints {
 public:
  explicit Constraints(Value& base) : base_(base), state_(base.elements.size(), State::untouched) {}

  void lay(const Value& constraint);

  /// Puts the result into the base.
  void finish() {
    std::vector<Value> result;
    for (std::size_t i = 0; i < state_.size(); ++i) {
      if (state_[i] != State::dropped) result.push_back(std::move(base_.elements[i]));
    }
    std::move(added_.begin(), added_.end(), std::back_inserter(result));
    base_.elements = std::move(result);
  }

 private:
  enum class State { untouched, changed, dropped };
  static constexpr std::size_t nothing = static_cast<std::size_t>(-1);

  std::size_t find(const Value& constraint) const;

  Value& base_;
  std::vector<State> state_;
  std::vector<Value> added_;
};

/// The constraint of the base, not yet touched, that this one stands for.
std::size_t Constraints::find(const Value& constraint) const {
  const std::string name = called(constraint);
  if (name.empty()) return nothing;
  std::size_t found = nothing;
  for (std::size_t i = 0; i < state_.size(); ++i) {
    if (state_[i] != State::untouched) continue;
    const Value& candidate = base_.elements[i];
    if (called(candidate) == name) return i;
    if (find_entry(constraint, "name") != nullptr || text_of(candidate, "statistic") != name) {
      continue;
    }
    if (found != nothing) {
      TableReader(constraint, "constraint")
          .fail_at("statistic", fmt::format("several constraints of the base job have the statistic"
                                            " {}; write the name of the one that is meant, or a "
                                            "new name",
                                            name));
    }
    found = i;
  }
  return found;
}

void lay_table(Value& base, const Value& over);

void Constraints::lay(const Value& constraint) {
  const bool drop = drops(constraint);
  const std::size_t index = find(constraint);
  if (index != nothing) {
    state_[index] = drop ? State::dropped : State::changed;
    if (!drop) lay_table(base_.elements[index], constraint);
  } else if (drop) {
    TableReader(constraint, "constraint")
        .fail_at("drop",
                 fmt::format("the base job has no constraint \"{}\" to drop", called(constraint)));
  } else {
    added_.push_back(constraint);
  }
}

void lay_table(Value& base, const Value& over) {
  base.source = over.source;
  base.line = over.line;
  for (const Entry& entry : over.entries) {
    const auto below = std::find_if(base.entries.begin(), base.entries.end(),
                                    [&](const Entry& each) { return each.key == entry.key; });
    if (below == base.entries.end()) {
      base.entries.push_back(entry);
    } else if (entry.value.kind == ValueKind::table && !entry.value.is_inline &&
               below->value.kind == ValueKind::table) {
      below->line = entry.line;
      lay_table(below->value, entry.value);
    } else {
      *below = entry;
    }
  }
}

/// The [[constraint]] of a job laid over those of its base, if it has any.
Value laid_constraints(const Document& base, const Value& over) {
  Value result;
  result.kind = ValueKind::array;
  const Entry* below = find_entry(base.root, "constraint");
  if (below != nullptr && below->value.kind == ValueKind::array) result = below->value;
  result.source = over.source;
  result.line = over.line;
  Constraints constraints(result);
  for (const Value& constraint : over.elements) constraints.lay(constraint);
  constraints.finish();
  return result;
}

Document read_base(const TableReader& job, const std::string& name) {
  if (name == "forecast") return parse_toml(embedded_forecast(), "embedded forecast.toml");
  // An absolute name stays as it is.
  const std::filesystem::path path = std::filesystem::path(*job.raw().source).parent_path() / name;
  std::string text;
  try {
    text = engine::read_text(path, engine::ExitCode::bad_input);
  } catch (const engine::Error& error) {
    job.fail_at("base", fmt::format("base: {}", error.what()));
  }
  return parse_toml(text, path.string());
}

bool same_file(const Document& a, const Document& b) {
  std::error_code ignored;  // stdin and the embedded forecast are no files
  return std::filesystem::equivalent(*a.root.source, *b.root.source, ignored);
}

/// The base that the last job of the chain names.
Document next_base(const std::vector<Document>& chain) {
  TableReader job(chain.back().root, "");
  const std::string name = job.label("base", "");
  Document base = read_base(job, name);
  for (const Document& above : chain) {
    if (same_file(above, base)) {
      job.fail_at("base",
                  fmt::format("the base jobs lead in a circle, back to {}", *above.root.source));
    }
  }
  if (chain.size() > most_bases) {
    job.fail_at("base", fmt::format("more than {} jobs are based on one another", most_bases));
  }
  return base;
}

}  // namespace

void lay_over(Document& base, const Document& job) {
  const Entry* constraints = find_entry(job.root, "constraint");
  if (constraints == nullptr || constraints->value.kind != ValueKind::array) {
    lay_table(base.root, job.root);
    return;
  }
  Document above = job;
  for (Entry& entry : above.root.entries) {
    if (entry.key == "constraint") entry.value = laid_constraints(base, constraints->value);
  }
  lay_table(base.root, above.root);
}

Document with_base(Document job) {
  std::vector<Document> chain{std::move(job)};
  while (find_entry(chain.back().root, "base") != nullptr) chain.push_back(next_base(chain));
  Document result = std::move(chain.back());
  for (std::size_t i = chain.size() - 1; i-- > 0;) {
    std::erase_if(chain[i].root.entries, [](const Entry& entry) { return entry.key == "base"; });
    lay_over(result, chain[i]);
  }
  return result;
}

}  // namespace flopsieve::jobs
