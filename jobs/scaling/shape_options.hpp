#pragma once

#include <string>
#include <vector>

#include "jobs/scaling/commands.hpp"
#include "jobs/scaling/shape.hpp"

namespace flopsieve::jobs {

/// Shapes with names, as options would give them: the GPT-2 family (Radford et al. 2019; 50,257
/// entries), GPT-3 (Brown et al. 2020, Table 2.1), Chinchilla and Gopher (Hoffmann et al. 2022,
/// Table 4) and the default of PyTorch's nn.Transformer.
struct Preset {
  std::string name;
  ShapeOptions shape;
};
const std::vector<Preset>& shape_presets();

/// The options, and the preset's for those that are absent. Throws Error(bad_input) for an unknown
/// preset.
ShapeOptions with_preset(const ShapeOptions& options);

/// All of a shape but its dimensions, of options that have their preset. Where they do not say:
/// decoder-only, layer norm, tied, biases, not gated, final norm, context 1,024, vocabulary 0,
/// `positions`.
Shape kind_of_shape(const ShapeOptions& options, Positions positions);

/// The whole shape. Where options do not say: head_size = d_model / heads (or heads = d_model /
/// head_size), kv_heads = heads, d_ff = default_d_ff() of proportions.hpp, learned positions.
/// Throws Error(bad_input), starting with the option, where a dimension is missing, a division
/// leaves a remainder, or as check_shape().
Shape shape_of(const ShapeOptions& options);

}  // namespace flopsieve::jobs
