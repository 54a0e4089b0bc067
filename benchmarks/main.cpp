#include <benchmark/benchmark.h>

#include <exception>
#include <iostream>

#include "benchmarks/benchmarks.hpp"

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  try {
    flopsieve::benchmarks::register_kernels();
    flopsieve::benchmarks::register_runs();
    benchmark::RunSpecifiedBenchmarks();
  } catch (const std::exception& error) {
    std::cerr << "flopsieve_benchmarks: " << error.what() << '\n';
    return 1;
  }
  benchmark::Shutdown();
  return 0;
}
