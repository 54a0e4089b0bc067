#pragma once

#include <cstdint>

/// How far a shape is from what is conventional. Loss depends little on proportions: Kaplan et al.
/// 2020 (arXiv 2001.08361), section 3.1 and Figure 5, find a few percent between widely different
/// shapes of equally many parameters.
namespace flopsieve::jobs {

struct Range {
  double from = 0.0;
  double to = 0.0;
};

/// d_ff that is conventional: 4 d_model (Vaswani et al. 2017, GPT, Chinchilla); gated 8/3 of it, as
/// many parameters in three matrices as in two (Shazeer 2020, arXiv 2002.05202, section 3), to the
/// nearest multiple of 4.
std::int64_t default_d_ff(std::int64_t d_model, bool gated);

/// Head sizes: 64 (Vaswani et al. 2017, GPT-2) to 128 (GPT-3, Chinchilla); where d_model is below
/// 256, d_model / 4 to d_model / 2, that is two to four heads.
Range usual_head_size(std::int64_t d_model);

/// 64 up to d_model 1024 and 128 above, as in Table A9 of Hoffmann et al. 2022 (arXiv 2203.15556);
/// a quarter of d_model where that is below 256.
double preferred_head_size(std::int64_t d_model);

/// Layers of a stack. At least 2, since only models with fewer, or of extreme proportions, leave
/// the common trend (Kaplan et al. 2020, section 3.2). d_model / layers from 16 to 640: a factor of
/// 40, over which the loss changes slightly (Figure 5), about (6 layers, 4288) and (48, 1600),
/// which are within 3 %. Not more than the depth beyond which width does more, ln d_model = 5.039 +
/// 0.0555 layers (Levine et al. 2020, arXiv 2006.12467: fitted to 6 to 48 layers, so 6 where it
/// says less).
Range usual_layers(std::int64_t d_model);

/// Together a sum of four terms, each 0 if conventional and else |log2(value / nearest conventional
/// one)|, 1 for each doubling: of d_ff, head size and heads x size / d_model; of layers.
double width_penalty(std::int64_t d_model, std::int64_t heads, std::int64_t head_size,
                     std::int64_t d_ff, bool gated);
double depth_penalty(std::int64_t d_model, std::int64_t layers);

}  // namespace flopsieve::jobs
