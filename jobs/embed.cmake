# Writes OUTPUT from embedded.cpp.in with the texts and the git hash of today; run at each build,
# changes the file only when one of them has changed.
file(READ ${SOURCE_DIR}/jobs/forecast.toml FORECAST_TOML)
file(READ ${SOURCE_DIR}/jobs/published.toml PUBLISHED_TOML)
file(READ ${SOURCE_DIR}/benchmarks/jobs/total.toml TOTAL_TOML)
file(READ ${SOURCE_DIR}/benchmarks/jobs/tilt.toml TILT_TOML)
file(READ ${SOURCE_DIR}/jobs/calibration.toml CALIBRATION_TOML)
file(READ ${SOURCE_DIR}/jobs/slurm/shards.sbatch SHARDS_SBATCH)
file(READ ${SOURCE_DIR}/jobs/slurm/merge.sbatch MERGE_SBATCH)
file(READ ${SOURCE_DIR}/jobs/slurm/submit.sh SUBMIT_SH)
file(READ ${SOURCE_DIR}/jobs/slurm/README.md SUBMISSION_README)
execute_process(COMMAND git -C ${SOURCE_DIR} describe --always --dirty --abbrev=12 --exclude=*
                OUTPUT_VARIABLE GIT_HASH OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(NOT GIT_HASH)
  set(GIT_HASH unknown)
endif()
configure_file(${SOURCE_DIR}/jobs/embedded.cpp.in ${OUTPUT} @ONLY)
