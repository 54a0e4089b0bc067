#pragma once

/// The benchmarks of the project; README.md says how to run and read them. Each function registers
/// its benchmarks with Google Benchmark, once, before they run.
namespace flopsieve::benchmarks {

/// Every kernel on every instruction set of this processor: `kernels/<kernel>/<target>`. An item is
/// one draw (one size of one candidate), or one number.
void register_kernels();

/// The jobs of jobs/bench_runs.hpp: `run_batch/<job>/<backend>/<threads>` computes batches and
/// throws the results away, `run_study/<job>/<backend>/<threads>` writes parts and the result file
/// too. Counters: candidates/s or trajectory-years/s, draws/s.
void register_runs();

}  // namespace flopsieve::benchmarks
