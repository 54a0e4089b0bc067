#!/bin/bash
# Submits shards and, to come after them, their merge; notes the numbers of both jobs in
# submitted.txt. Written by flopsieve submit.
#   bash submit.sh          all shards, once
#   bash submit.sh 3,7-9    these shards again
#   bash submit.sh merge    the merge alone
set -euo pipefail
directory=__directory__
name=__name__
shards=__shards__
limit=__limit__ # such as %4: four tasks at a time
record=$directory/submitted.txt

fail() {
  echo "submit.sh: $*" >&2
  exit 2
}
note() { printf '%s %s %s %s\n' "$(date -u +%FT%TZ)" "$@" >>"$record"; }

asked=${1:-all}
[[ $# -le 1 ]] || fail "one argument at most: 3,7-9 for these shards, or merge"
[[ $asked == all || $asked == merge || $asked =~ ^[0-9]+([,-][0-9]+)*$ ]] ||
  fail "$asked: write shards as 3,7-9, or merge"
if [[ $asked == [0-9]* ]]; then
  for number in ${asked//[,-]/ }; do
    ((10#$number < shards)) || fail "there is no shard $number: they are 0 to $((shards - 1))"
  done
fi
command -v sbatch >/dev/null || fail "there is no sbatch here: this is no machine of a Slurm cluster"
if [[ $asked == all && -s $record ]]; then
  fail "was submitted before; 'flopsieve status $directory' tells what to submit again"
fi

# The merge also waits for tasks of earlier submissions that are not over.
earlier=$(squeue --noheader --name="$name" --format=%F | sort -u)
dependency=''
for job in $earlier; do
  dependency+=",afterany:$job"
done
if [[ $asked != merge ]]; then
  chosen=()
  [[ $asked == all ]] || chosen=(--array="$asked$limit")
  array=$(sbatch --parsable --chdir="$directory" "${chosen[@]}" "$directory/shards.sbatch")
  array=${array%%;*}
  note shards "$array" "$asked"
  echo "shards $asked: job $array"
  dependency=",afterok:$array$dependency"
fi
after=()
[[ -z $dependency ]] || after=(--dependency="${dependency#,}" --kill-on-invalid-dep=yes)
merge=$(sbatch --parsable --chdir="$directory" "${after[@]}" "$directory/merge.sbatch")
merge=${merge%%;*}
note merge "$merge" -
echo "merge: job $merge"
