#include "engine/sweep_segment.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

#include "engine/error.hpp"
#include "engine/part_check.hpp"
#include "engine/sweep.hpp"
#include "engine/tally_fields.hpp"

namespace flopsieve::engine {
namespace {

template <class Archive, class Facts>
void pass_facts(Archive& archive, Facts& facts) {
  archive(facts.plan_identity, facts.attempts, facts.precision.absolute, facts.precision.relative,
          facts.cumulative_base);
}

void demand(bool condition, const char* what) {
  if (!condition) throw std::out_of_range(what);
}

bool same_lengths(const YearTally& a, const YearTally& b) {
  return a.killed.size() == b.killed.size() && a.without.size() == b.without.size() &&
         a.joint.size() == b.joint.size();
}

BatchRecord read_record(TallyReader& reader, const BatchRecord& empty) {
  BatchRecord record = empty;
  Tally& tally = record.tally;
  pass_tally(reader, tally);
  for (std::size_t y = 0; y < tally.years.size(); ++y) {
    demand(same_lengths(tally.years[y], empty.tally.years[y]), "a batch has other rejectors");
  }
  demand(tally.sums.size() == empty.tally.sums.size() &&
             tally.square_sums.size() == empty.tally.square_sums.size(),
         "a batch has other statistics");
  demand(tally.counts.empty() && tally.cumulative.empty() && tally.frontier_before.empty() &&
             tally.frontier_including.empty() && tally.statistics.empty(),
         "a batch has histograms of its own");
  return record;
}

Tally read_histograms(TallyReader& reader, const Plan& plan) {
  const Tally empty(plan);
  Tally tally(plan);
  pass_histograms(reader, tally);
  demand(tally.counts.size() == empty.counts.size() &&
             tally.cumulative.size() == empty.cumulative.size() &&
             tally.frontier_before.size() == empty.frontier_before.size() &&
             tally.frontier_including.size() == empty.frontier_including.size() &&
             tally.statistics.size() == empty.statistics.size(),
         "histograms are missing");
  return tally;
}

}  // namespace

VariantFacts facts_of(const Plan& plan) {
  return {plan_identity(plan), plan.sampling.method, plan.attempts, plan.precision,
          plan.outputs.cumulative_base};
}

Plan plan_for_tallies(const Plan& base, const VariantFacts& facts) {
  Plan plan = base;
  plan.sampling.method = facts.method;
  plan.attempts = facts.attempts;
  plan.precision = facts.precision;
  plan.outputs.cumulative_base = facts.cumulative_base;
  return plan;
}

void demand_same_axes(const Plan& base, const Plan& plan, std::uint64_t variant) {
  const Outputs& ours = base.outputs;
  const Outputs& its = plan.outputs;
  const auto demand_same = [&](bool same, const char* what) {
    if (same) return;
    throw Error(ExitCode::bug,
                fmt::format("variant {} has other {} than the base of the sweep", variant, what));
  };
  demand_same(plan.years == base.years, "years");
  demand_same(plan.trajectories == base.trajectories, "trajectories");
  demand_same(plan.batch_trajectories == base.batch_trajectories, "batch_trajectories");
  demand_same(its.thresholds == ours.thresholds, "thresholds");
  demand_same(its.quantiles == ours.quantiles, "quantiles");
  demand_same(its.statistics == ours.statistics, "statistics");
  demand_same(its.frontier.widths == ours.frontier.widths, "frontier widths");
  demand_same(its.observed == ours.observed, "observed counts");
  demand_same(its.cumulative_base.size() == ours.cumulative_base.size(), "known counts");
  demand_same(its.keep == Keep::summary && ours.keep == Keep::summary, "outputs.keep");
  demand_same(rejector_names(plan) == rejector_names(base), "constraints");
}

bool is_no_result(const Error& error) {
  return error.code() == ExitCode::bad_input || error.code() == ExitCode::infeasible ||
         error.code() == ExitCode::budget;
}

OpenSegment::OpenSegment(std::uint64_t variant, const Plan& plan, VariantFacts facts,
                         std::uint64_t step)
    : head_{variant, {0, 0, step}, SegmentKind::batches, facts.method},
      facts_(std::move(facts)),
      histograms_(plan) {}

bool OpenSegment::takes(std::uint64_t variant, std::uint64_t batch) const {
  return variant == head_.variant &&
         (head_.batches.count == 0 || batch == head_.batches.last() + head_.batches.step);
}

void OpenSegment::add(BatchResult result) {
  if (head_.batches.count == 0) head_.batches.first = result.batch;
  ++head_.batches.count;
  histograms_.add(result.tally);
  const BatchRecord record = record_of(result.batch, std::move(result.tally));
  pass_tally(records_, record.tally);
}

std::vector<std::byte> OpenSegment::take() {
  TallyWriter writer;
  pass_facts(writer, facts_);
  writer.append(records_.bytes());
  pass_histograms(writer, histograms_);
  return writer.bytes();
}

std::vector<std::byte> pack_status(const std::string& status) {
  TallyWriter writer;
  writer(status);
  return writer.bytes();
}

SegmentContents unpack_segment(std::span<const std::byte> bytes, const SegmentHead& head,
                               const Plan& base, const std::filesystem::path& path) {
  return read_checked(path, [&] {
    TallyReader reader(bytes);
    SegmentContents segment;
    if (head.kind == SegmentKind::status) {
      reader(segment.status);
      demand(!segment.status.empty() && segment.status != status_ok, "a status says nothing");
      demand(reader.done(), "bytes are left over");
      return segment;
    }
    segment.facts.method = head.method;
    pass_facts(reader, segment.facts);
    demand(segment.facts.cumulative_base.size() == base.outputs.cumulative_base.size(),
           "known counts are missing");
    const BatchRecord empty = record_of(0, Tally(base));
    PartContents contents;
    for (std::uint64_t i = 0; i < head.batches.count; ++i) {
      contents.batches.push_back(read_record(reader, empty));
      contents.batches.back().batch = head.batches.at(i);
    }
    contents.histograms = read_histograms(reader, base);
    demand(reader.done(), "bytes are left over");
    demand_consistent(contents, base, path);
    segment.records = std::move(contents.batches);
    segment.histograms = std::move(contents.histograms);
    return segment;
  });
}

}  // namespace flopsieve::engine
