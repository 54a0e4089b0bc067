# shellcheck shell=bash
# Sourced by the scripts of this folder and by .ci/run: the Debian 12 packages each needs, their
# installation, and builds that print only when they fail. Progress goes to stderr. Sets `top`, the
# repository's folder.
top=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
export CMAKE_BUILD_PARALLEL_LEVEL=${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}

# What building and running the program takes.
# shellcheck disable=SC2034  # the lists are read by the scripts that source this file
run_packages=(
  g++ cmake ninja-build git ca-certificates libtbb-dev libeigen3-dev liblbfgspp-dev libhdf5-dev libhwy-dev
  libtomlplusplus-dev libcli11-dev libfmt-dev nlohmann-json3-dev libboost-dev libssl-dev
  libisal-dev pkg-config)
# The tests on top of it; the Python packages are the outside readers of our files.
# shellcheck disable=SC2034
test_packages=(
  catch2 librandom123-dev libmpfr-dev dieharder libbenchmark-dev hdf5-tools python3 python3-numpy
  python3-scipy python3-h5py python3-xarray python3-h5netcdf python3-netcdf4 python3-pandas
  python3-matplotlib netcdf-bin)
# Slurm, which tests start for themselves (scripts/private_slurm).
# shellcheck disable=SC2034
slurm_packages=(slurm-wlm munge)
# Runs of several ranks; the program builds without.
# shellcheck disable=SC2034
mpi_packages=(libopenmpi-dev openmpi-bin)
# The sanitizers: clang with its OpenMP run time and the symbolizer of its reports, and what building
# oneTBB from source takes.
# shellcheck disable=SC2034
sanitizer_packages=(clang-14 llvm-14 libclang-rt-14-dev libomp-14-dev dpkg-dev xz-utils)
# The other checks of .ci/run.
# shellcheck disable=SC2034
check_packages=(clang-format-14 clang-tidy-14 ccache shellcheck)

say() { printf '%s\n' "$*" >&2; }

# quietly LOG WHAT COMMAND...: runs the command with its output in build/LOG.log; only if the command
# fails, shows the errors in that log, which may stand far from its end, and the end.
quietly() {
  local log="$top/build/$1.log" what=$2
  shift 2
  mkdir -p "$top/build"
  say "$what (log: build/${log##*/})"
  if ! "$@" >"$log" 2>&1; then
    tail -n 40 "$log" >&2
    say "errors in that log:"
    grep -n 'error: ' "$log" | head -n 20 >&2 || true
    say "failed: $what; the whole log is $log"
    return 1
  fi
}

# Prints those of the packages named that are not installed.
missing_packages() {
  local installed
  if ! command -v dpkg-query >/dev/null; then
    printf '%s\n' "$@"
    return
  fi
  installed=$(dpkg-query -W -f='${Package} ${db:Status-Status}\n' "$@" 2>/dev/null || true)
  printf '%s\n' "$@" | grep -vxF -f <(awk '$2 == "installed" {print $1}' <<<"$installed") || true
}

# Prints the prefix that makes a command run as root; fails where there is none.
root_prefix() {
  if [[ $EUID -eq 0 ]]; then
    echo env
  elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    echo sudo -n env
  elif command -v sudo >/dev/null && [[ -t 0 ]] && sudo -v; then
    echo sudo env
  else
    return 1
  fi
}

# apt_install PREFIX PACKAGE...: one more try after a failure, for mirrors that are briefly away. A
# failed update alone is no failure: the lists at hand may do.
apt_install() {
  local -a as_root
  read -ra as_root <<<"$1"
  shift
  local -a apt=("${as_root[@]}" DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=600)
  local attempt
  for attempt in 1 2; do
    "${apt[@]}" update || echo "apt-get update failed"
    if "${apt[@]}" install -y --no-install-recommends "$@"; then
      return 0
    fi
    echo "attempt $attempt failed"
    [[ $attempt -eq 2 ]] || sleep 5
  done
  return 1
}

# install_missing PACKAGE...: installs what is missing; exits 2 with a plain message where it cannot.
install_missing() {
  local -a missing
  mapfile -t missing < <(missing_packages "$@")
  [[ ${#missing[@]} -gt 0 ]] || return 0
  local prefix
  if command -v apt-get >/dev/null && prefix=$(root_prefix); then
    quietly apt "Installing ${#missing[@]} packages" apt_install "$prefix" "${missing[@]}" && return 0
    say "These Debian packages could not be installed:"
  else
    say "These Debian packages are missing, and installing them takes apt-get as root or sudo:"
  fi
  say "  ${missing[*]}"
  say "On Debian 12, as root:"
  say "  apt-get update && apt-get install --no-install-recommends ${missing[*]}"
  say "Elsewhere, with the same libraries installed:"
  say "  cmake --preset release && cmake --build --preset release"
  exit 2
}

# configure PRESET OPTION...: configures build/PRESET.
configure() {
  local preset=$1
  shift
  quietly "configure-$preset" "Configuring build/$preset" \
    cmake -S "$top" --preset "$preset" "$@"
}

# build FOLDER OPTION...: builds the configured folder build/FOLDER.
build() {
  local folder=$1
  shift
  quietly "build-$folder" "Building build/$folder" cmake --build "$top/build/$folder" "$@"
}
