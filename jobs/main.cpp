#include "jobs/commands.hpp"

int main(int argc, char** argv) {
  return flopsieve::jobs::run_cli(argc, argv);
}
