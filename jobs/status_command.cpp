#include "jobs/commands.hpp"
#include "jobs/console.hpp"
#include "jobs/submission_status.hpp"

namespace flopsieve::jobs {

int status(const StatusCommand& command) {
  const SubmissionStanding standing = look_at(read_submission(command.directory));
  print_result(command.json ? standing_json(standing) : standing_text(standing));
  return 0;
}

}  // namespace flopsieve::jobs
