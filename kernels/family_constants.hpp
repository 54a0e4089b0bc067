#pragma once

#include <array>

/// Coefficients that the scalar and the vector draws of families share.
namespace flopsieve::kernels {

/// (e^f - 1 - f) / f^2 on [-ln(2) / 2, ln(2) / 2]: Taylor's series, relative error of e^f - 1 below
/// 2e-8.
inline constexpr std::array<float, 6> expm1f_coefficients = {
    0.5f, 1.0f / 6.0f, 1.0f / 24.0f, 1.0f / 120.0f, 1.0f / 720.0f, 1.0f / 5040.0f};
inline constexpr float log2_of_e_float = 1.44269504088896341f;
/// ln 2 in two parts; the upper has 15 trailing zeros.
inline constexpr float ln2_upper_float = 0x1.62e4p-1f;
inline constexpr float ln2_lower_float = static_cast<float>(0.693147180559945309 - 0x1.62e4p-1);

/// t / w = numerator(r) / denominator(r) with w = -ln(2 P(X > t)), r = sqrt(w), 0 <= t <= 7.6, X
/// standard normal: a rational least-squares fit with weights moved to the largest errors (C. L.
/// Lawson's method), relative error 1.5e-7; lowest power first.
inline constexpr std::array<float, 6> half_normal_numerator = {1.25320608e+00f,  1.96523143e+00f,
                                                               2.42841802e+00f,  1.37523996e+00f,
                                                               -4.25342544e-04f, 7.06553736e-06f};
inline constexpr std::array<float, 5> half_normal_denominator = {
    1.0f, 1.56614881e+00f, 2.45327909e+00f, 1.81254701e+00f, 9.65966815e-01f};

}  // namespace flopsieve::kernels
