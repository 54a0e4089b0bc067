#include "engine/split_sizes.hpp"

#include <cmath>
#include <type_traits>
#include <variant>

#include "engine/size_law.hpp"
#include "engine/split_latent.hpp"
#include "kernels/size_laws.hpp"

namespace flopsieve::engine {
namespace {

/// The word whose share of all words is the normal's probability.
std::uint32_t word_of(double normal) {
  return static_cast<std::uint32_t>(uniform_of_normal(normal) * 0x1p32);
}

/// One size of a law that is drawn from words or from a word and a normal.
template <class Draw>
float draw_one(const Draw& draw, double first, double second) {
  if constexpr (requires { draw.from_choice(0u, 0.0f); }) {
    return draw.from_choice(word_of(first), static_cast<float>(second));
  } else if constexpr (requires { draw.single; }) {
    return draw.single ? draw.from_word(word_of(first))
                       : draw.from_words({word_of(first), word_of(second)});
  } else if constexpr (requires { draw.from_words({0u, 0u}); }) {
    return draw.from_words({word_of(first), word_of(second)});
  } else {
    return draw.from_word(word_of(first));
  }
}

template <class Draw>
void draw_all(const Draw& draw, std::span<const double> normals, std::span<float> z) {
  for (std::size_t i = 0; i < z.size(); ++i) {
    z[i] = draw_one(draw, normals[2 * i], normals[2 * i + 1]);
  }
}

}  // namespace

SplitSizes::SplitSizes(const Plan& plan) : plan_(&plan) {
  if (plan.sizes.family == SizeFamily::empirical) {
    centres_ = kernels::EmpiricalSizes(kernel_density(plan)).drawing();
  }
}

std::size_t SplitSizes::normals_per_size() const {
  return plan_->sizes.family == SizeFamily::normal ? 1 : 2;
}

void SplitSizes::draw(const CandidateInputs& inputs, std::span<const double> normals,
                      std::span<float> z) const {
  const SizeFamily family = plan_->sizes.family;
  if (family == SizeFamily::normal) {
    for (std::size_t i = 0; i < z.size(); ++i) z[i] = static_cast<float>(normals[i]);
    return;
  }
  if (!is_vectorised(family)) return draw_by_family(inputs, normals, z);
  const kernels::SkewNormalShape shape = shape_of(family, inputs);
  for (std::size_t i = 0; i < z.size(); ++i) {
    z[i] = static_cast<float>(shape.absolute * std::abs(normals[2 * i]) +
                              shape.normal * normals[2 * i + 1] + shape.constant);
  }
}

void SplitSizes::draw_by_family(const CandidateInputs& inputs, std::span<const double> normals,
                                std::span<float> z) const {
  if (plan_->sizes.family == SizeFamily::empirical) return draw_all(centres_, normals, z);
  LawStorage storage;
  std::visit(
      [&](const auto& law) {
        using Law = std::decay_t<decltype(law)>;
        if constexpr (std::is_same_v<Law, kernels::UniformSizes>) {
          draw_all(kernels::UniformDraw{}, normals, z);
        } else if constexpr (requires { law.drawing(); }) {
          draw_all(law.drawing(), normals, z);
        }
      },
      law_of(*plan_, inputs, storage));
}

}  // namespace flopsieve::engine
