#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "engine/packing.hpp"

/// The processes that mpirun or srun starts together. No type of MPI appears here; without MPI, and
/// where no launcher was at work, a process is rank 0 of 1.
namespace flopsieve::engine {

/// Which process of how many this is.
struct Launch {
  int rank = 0;
  int count = 1;
};

/// What the launcher says in the environment: mpirun of Open MPI, or srun with PMIx. Asks MPI
/// nothing.
Launch launch_of_environment();

/// The MPI that the program was built with, "" for none.
std::string mpi_version();

/// Messages between the ranks of a launch. Rank 0 is the root: it alone reads the job, writes the
/// output and speaks to the user; the others serve it (rank_worker.hpp). Any thread may call.
class Ranks {
 public:
  struct Incoming {
    int from = 0;
    Message message;
  };

  virtual ~Ranks() = default;
  virtual Launch self() const = 0;

  /// Sends without waiting; messages from one rank to another arrive in order.
  virtual void send(int to, Message message) = 0;

  /// The next message; nothing if none comes in that time.
  virtual std::optional<Incoming> receive(std::chrono::milliseconds wait) = 0;

  /// A rank that has given no sign of life for half a minute: of all for the root, or the root for
  /// another. mpirun ends all ranks by itself where one dies, srun does not.
  virtual std::optional<int> lost() const { return std::nullopt; }

  /// Ends all processes of the launch, this one too, where one is lost: leaving would wait for it.
  virtual void abort(int code) = 0;

  /// A number for each run of this process.
  std::uint64_t next_run() { return ++runs_; }

 private:
  std::uint64_t runs_ = 0;
};

/// Joins the others of the launch; the destructor leaves them, once all have come to that. Throws
/// Error(bad_input) if MPI finds other processes than the launcher has announced, or none because
/// the program was built without MPI.
std::unique_ptr<Ranks> join_ranks(const Launch& launch);

}  // namespace flopsieve::engine
