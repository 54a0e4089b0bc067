#include "jobs/scaling/design.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "engine/executor.hpp"
#include "jobs/scaling/proportions.hpp"
#include "jobs/scaling/shape_count.hpp"

namespace flopsieve::jobs {
namespace {

constexpr double shapes_per_block = 65'536.0;

auto dimensions(const Design& design) {
  return std::tie(design.d_model, design.layers, design.d_ff, design.heads, design.head_size);
}

/// Whether one design stands before another in the ranking: a strict order of all designs.
class Better {
 public:
  explicit Better(std::int64_t target) : target_{target} {}

  std::int64_t distance(const Design& design) const {
    return std::abs(design.parameters - target_);
  }

  bool operator()(const Design& a, const Design& b) const {
    if (a.is_within != b.is_within) return a.is_within;
    const std::int64_t a_far = distance(a);
    const std::int64_t b_far = distance(b);
    if (a.is_within && a.penalty != b.penalty) return a.penalty < b.penalty;
    if (a_far != b_far) return a_far < b_far;
    if (a.penalty != b.penalty) return a.penalty < b.penalty;
    return dimensions(a) < dimensions(b);
  }

 private:
  std::int64_t target_;
};

bool is_smaller(const Design& a, const Design& b) {
  if (a.parameters != b.parameters) return a.parameters < b.parameters;
  return dimensions(a) < dimensions(b);
}

/// What is found in some rows of the grid, or in all of them.
class Findings {
 public:
  explicit Findings(const DesignTask& task)
      : task_{&task}, better_{task.target}, reach_{task.reach()} {}

  /// Looks at a shape with every number of layers.
  void look_at(const Shape& shape);

  void add(Findings&& other);

  DesignResult result() &&;

 private:
  void look_at(Design design, double penalty_of_width);
  void note_vocabulary(const Design& design, std::int64_t others);
  void note_vocabulary(std::int64_t vocabulary, const Design& design);
  void offer(const Design& design);
  bool may_enter(const Design& design, double penalty_of_width) const;

  const DesignTask* task_;
  Better better_;
  std::int64_t reach_;
  DesignResult found_;  ///< best: a heap, the worst on top
};

/// Parameters that count, of a shape whose stacks have one layer each.
struct Size {
  std::int64_t layer;       ///< one of each stack
  std::int64_t vocabulary;  ///< matrices of the vocabulary
  std::int64_t rest;
};

Size size_of(const Shape& shape, Counted counted) {
  const ParameterCount count = count_parameters(shape);
  const std::int64_t layer = count.encoder_layer + count.decoder_layer;
  if (counted == Counted::non_embedding) return {layer, 0, count.non_embedding() - layer};
  const std::int64_t vocabulary = count.token_embedding + count.output_head;
  return {layer, vocabulary, count.total() - layer - vocabulary};
}

Shape with_layers(Shape shape, std::int64_t layers) {
  const bool both = shape.architecture == Architecture::encoder_decoder;
  if (both || shape.architecture == Architecture::encoder) shape.encoder_layers = layers;
  if (both || shape.architecture != Architecture::encoder) shape.decoder_layers = layers;
  return shape;
}

void Findings::look_at(const Shape& shape) {
  const Size size = size_of(with_layers(shape, 1), task_->counted);
  const Steps& layers = task_->grid.layers;
  const double penalty =
      width_penalty(shape.d_model, shape.heads, shape.head_size, shape.d_ff, shape.gated);
  Design design{0, shape.d_model, shape.heads, shape.head_size, shape.d_ff, 0, false, 0.0};
  for (std::int64_t i = 0; i < layers.count(); ++i) {
    design.layers = layers.at(i);
    design.parameters = size.rest + size.vocabulary + design.layers * size.layer;
    if (i == 0) note_vocabulary(design, size.rest + design.layers * size.layer);
    look_at(design, penalty);
  }
  found_.shapes += static_cast<std::uint64_t>(layers.count());
}

void Findings::look_at(Design design, double penalty_of_width) {
  design.is_within = better_.distance(design) <= reach_;
  if (design.is_within) ++found_.within;
  if (!may_enter(design, penalty_of_width)) return;
  design.penalty = penalty_of_width + depth_penalty(design.d_model, design.layers);
  offer(design);
}

/// False only for what would stand behind all that are kept, whatever the penalty of its depth.
bool Findings::may_enter(const Design& design, double penalty_of_width) const {
  if (found_.best.size() < task_->rows) return true;
  const Design& worst = found_.best.front();
  if (design.is_within) return !worst.is_within || penalty_of_width <= worst.penalty;
  return !worst.is_within && better_.distance(design) <= better_.distance(worst);
}

void Findings::offer(const Design& design) {
  std::vector<Design>& best = found_.best;
  if (best.size() == task_->rows) {
    if (!better_(design, best.front())) return;
    std::pop_heap(best.begin(), best.end(), better_);
    best.pop_back();
  }
  best.push_back(design);
  std::push_heap(best.begin(), best.end(), better_);
}

/// Of a shape with the fewest layers: is it the smallest, or does it leave most room?
void Findings::note_vocabulary(const Design& design, std::int64_t others) {
  if (!found_.smallest || is_smaller(design, *found_.smallest)) found_.smallest = design;
  if (task_->counted == Counted::non_embedding || task_->kind.vocabulary == 0) return;
  const std::int64_t per_entry = (task_->kind.tied ? 1 : 2) * design.d_model;
  const std::int64_t most = others < task_->target ? (task_->target - others) / per_entry : 0;
  if (most < 1) return;
  Design largest = design;
  largest.parameters = others + most * per_entry;
  note_vocabulary(most, largest);
}

void Findings::note_vocabulary(std::int64_t vocabulary, const Design& design) {
  const auto& known = found_.with_largest_vocabulary;
  if (vocabulary < found_.largest_vocabulary) return;
  if (known && vocabulary == found_.largest_vocabulary && !is_smaller(design, *known)) return;
  found_.largest_vocabulary = vocabulary;
  found_.with_largest_vocabulary = design;
}

void Findings::add(Findings&& other) {
  DesignResult& found = other.found_;
  found_.shapes += found.shapes;
  found_.within += found.within;
  for (const Design& design : found.best) offer(design);
  if (found.smallest && (!found_.smallest || is_smaller(*found.smallest, *found_.smallest))) {
    found_.smallest = found.smallest;
  }
  if (found.with_largest_vocabulary) {
    note_vocabulary(found.largest_vocabulary, *found.with_largest_vocabulary);
  }
}

DesignResult Findings::result() && {
  std::sort(found_.best.begin(), found_.best.end(), better_);
  return std::move(found_);
}

}  // namespace

DesignResult search_designs(const DesignTask& task) {
  const std::int64_t rows = rows_of(task.grid);
  const auto per_block = static_cast<std::int64_t>(
      std::max(1.0, std::floor(shapes_per_block / shapes_per_row(task.grid))));
  const std::int64_t blocks = (rows + per_block - 1) / per_block;
  Findings all(task);
  engine::run_in_order<Findings>(
      engine::Backend::tbb, task.threads, static_cast<std::uint64_t>(blocks),
      [&](std::uint64_t block) {
        Findings findings(task);
        const std::int64_t begin = static_cast<std::int64_t>(block) * per_block;
        const std::int64_t end = std::min(rows, begin + per_block);
        for (std::int64_t row = begin; row < end; ++row) {
          for_each_of_row(task.grid, task.kind, row,
                          [&](const Shape& shape) { findings.look_at(shape); });
        }
        return findings;
      },
      [&](std::uint64_t, Findings&& findings) {
        all.add(std::move(findings));
        return engine::Commit::go_on;
      });
  return std::move(all).result();
}

Shape shape_of(const Design& design, const Shape& kind) {
  Shape shape = with_layers(kind, design.layers);
  shape.d_model = design.d_model;
  shape.heads = design.heads;
  shape.kv_heads = kind.kv_heads > 0 ? kind.kv_heads : design.heads;
  shape.head_size = design.head_size;
  shape.d_ff = design.d_ff;
  return shape;
}

}  // namespace flopsieve::jobs
