#pragma once

#include "engine/plan.hpp"
#include "jobs/table_reader.hpp"

namespace flopsieve::jobs {

/// Reads [money] into Plan::money: `flop_per_usd`, `improvement`, `base_year`, and `revenue`, a
/// distribution or number for all years or per year, without bounds. Needs Plan::years.
void parse_money(TableReader& table, engine::Plan& plan);

/// log10 of the FLOP that one USD buys in a year.
double log10_flop_per_usd(const engine::Money& money, int year);

/// Reads [scaling] into Plan::scaling, from one of
///   tokens_per_parameter  the ratio of tokens to parameters
///   law                   a published law of the compute-optimal number of parameters
///   at_one_flop, slope    any line of log10 parameters on log10 FLOP
/// Laws: "hoffmann_3" and "besiroglu", N = G (C / 6)^a with G = (alpha A / (beta B))^(1 / (alpha +
/// beta)) and a = beta / (alpha + beta), from the loss E + A / N^alpha + B / D^beta fitted by
/// Hoffmann et al. (2022, arXiv 2203.15556, approach 3; its unrounded constants, which give the
/// paper's own figures) and by Besiroglu et al. (2024, arXiv 2404.10102); "kaplan", N = 1.3e9 (C /
/// 8.64e19)^0.73 (Kaplan et al. 2020, arXiv 2001.08361, Table 6; non-embedding parameters).
void parse_scaling(TableReader& table, engine::Plan& plan);

}  // namespace flopsieve::jobs
