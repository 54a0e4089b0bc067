#pragma once

#include <array>
#include <cstdint>

/// Coefficients that the scalar and the vector versions of a function share.
namespace flopsieve::kernels {

/// Adding and subtracting it rounds a double to the nearest whole number (ties to even).
inline constexpr double rounding_shift = 0x1.8p52;

/// Where the logarithm cuts a binade: sqrt(1/2) as bits, its low half cleared.
inline constexpr std::uint64_t sqrt_half_bits = 0x3FE6A09E00000000;
inline constexpr std::uint64_t mantissa_bits = 0x000FFFFFFFFFFFFF;

/// 2^f on [-1/2, 1/2]: the interpolating polynomial of degree 11 in the Chebyshev nodes, lowest
/// power first. Its relative error is below 4e-18, so rounding decides.
inline constexpr std::array<double, 12> exp2_coefficients = {
    0x1.0000000000000p+0,  0x1.62e42fefa39efp-1,  0x1.ebfbdff82c5aep-3,  0x1.c6b08d704a0c6p-5,
    0x1.3b2ab6fb9f1a5p-7,  0x1.5d87fe78a3f9cp-10, 0x1.430913112c61bp-13, 0x1.ffcbfc6da6ed1p-17,
    0x1.62bfc2c86d700p-20, 0x1.b524ebd13a55fp-24, 0x1.e6228acd1c6e5p-28, 0x1.e9ec1fcb69a7fp-32};

/// log(1 + f) on [sqrt(1/2) - 1, sqrt(2) - 1] through s = f / (2 + f): the coefficients of
/// FreeBSD's msun, e_log.c (Lg1..Lg7), error below 2^-58.45.
inline constexpr std::array<double, 7> log_coefficients = {
    6.666666666666735130e-01, 3.999999999940941908e-01, 2.857142874366239149e-01,
    2.222219843214978396e-01, 1.818357216161805012e-01, 1.531383769920937332e-01,
    1.479819860511658591e-01};
inline constexpr double ln2_high = 6.93147180369123816490e-01;
inline constexpr double ln2_low = 1.90821492927058770002e-10;

/// A constant and what its rounding lost.
inline constexpr double log10_of_e = 0.43429448190325182765;
inline constexpr double log10_of_e_low = 1.0983196502167651e-17;
inline constexpr double log2_of_10 = 3.32192809488736234787;
inline constexpr double log2_of_10_low = 1.6616175169735921e-16;
inline constexpr double log2_of_e = 1.44269504088896340736;
inline constexpr double log2_of_e_low = 2.0355273740931033e-17;

/// Of the shape of a skew-normal law: the last is ((4 - pi) / 2)^(2/3).
inline constexpr double skew_normal_half_pi = 1.57079632679489661923;
inline constexpr double skew_normal_two_over_pi = 0.63661977236758134308;
inline constexpr double skew_normal_offset = 0.56899565941192449;

/// Single precision, from Cephes (Moshier): logf, sinf and cosf on [-pi/4, pi/4].
inline constexpr std::array<float, 9> logf_coefficients = {
    3.3333331174e-1f,  -2.4999993993e-1f, 2.0000714765e-1f,  -1.6668057665e-1f, 1.4249322787e-1f,
    -1.2420140846e-1f, 1.1676998740e-1f,  -1.1514610310e-1f, 7.0376836292e-2f};
inline constexpr std::array<float, 3> sinf_coefficients = {-1.6666654611e-1f, 8.3321608736e-3f,
                                                           -1.9515295891e-4f};
inline constexpr std::array<float, 3> cosf_coefficients = {
    4.166664568298827e-2f, -1.388731625493765e-3f, 2.443315711809948e-5f};
inline constexpr float ln2_float = 0.693147180559945f;

/// 2^f on [-1/2, 1/2] in single precision, lowest power first: minimax of the relative error with
/// the constant term 1, fitted for this program; relative error below 1.1e-7.
inline constexpr std::array<float, 6> exp2f_coefficients = {
    1.0f, 6.931470037e-1f, 2.402224243e-1f, 5.550733954e-2f, 9.671517648e-3f, 1.326473546e-3f};
/// Adding and subtracting it rounds a float to the nearest whole number (ties to even).
inline constexpr float rounding_shift_float = 0x1.8p23f;

/// log2(1 + f) / f on [sqrt(1/2) - 1, sqrt(2) - 1] in single precision, lowest power first: minimax
/// of the absolute error of log2, fitted for this program; error below 0.9 * 2^-24.
inline constexpr std::array<float, 8> log2f_coefficients = {
    1.4426948f,  -0.72135717f, 0.48093945f, -0.36008722f,
    0.28670746f, -0.25006902f, 0.23689039f, -0.1457445f};

/// 2 pi / 2^34: from a quarter turn as a signed 32-bit number to radians.
inline constexpr float radians_per_unit = static_cast<float>(6.283185307179586 / 17179869184.0);

}  // namespace flopsieve::kernels
