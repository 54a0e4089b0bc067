#include <malloc.h>

#include "jobs/commands.hpp"

int main(int argc, char** argv) {
#ifdef __GLIBC__
  // Left alone, the C library raises this bound with what it sees freed, and keeps such blocks in
  // pieces: joining would need twice the memory, and more for longer runs.
  mallopt(M_MMAP_THRESHOLD, 1 << 20);
#endif
  return flopsieve::jobs::run_cli(argc, argv);
}
