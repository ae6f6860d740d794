#!/usr/bin/env bash
# One night: run a campaign, keep its log, and print a summary fit for mail.
# usage: scripts/nightly.sh CONFIG [options of `tuban run`]
# Exit codes are those of `tuban run`: 0 all done, 3 some counties need a look, 4 input unusable, 75 another run
# holds the lock (nothing was done), 1 a bug. The log and last_run.json lie in log/ beside the campaign file.
set -uo pipefail
config=${1:?usage: scripts/nightly.sh CONFIG [options of tuban run]}
shift
tuban=${TUBAN:-$(dirname "$0")/../.venv/bin/tuban}
folder=$(dirname "$config")/log
mkdir -p "$folder"
begun=$(date +%Y%m%d-%H%M%S)
log=$folder/nightly-$begun.log

nice -n 5 "$tuban" run "$config" "$@" 2> "$log" > /dev/null
code=$?

case $code in
    0) word="all done" ;;
    3) word="finished, some counties or files need a look" ;;
    75) word="another run holds the lock, nothing was done" ;;
    4) word="the input cannot be used, nothing was begun" ;;
    2) word="the campaign file is mistaken" ;;
    130 | 137 | 143) word="was stopped; run it again to go on" ;;
    *) word="ended with a bug" ;;
esac
echo "tuban $(basename "$(dirname "$(realpath "$config")")"): $word (exit $code), begun $begun"
echo
case $code in
    0 | 3) ;;
    *) echo "What stands there is of an earlier run:" ;;
esac
"$tuban" status "$config" --summary 2> /dev/null || echo "No report can be shown."
if [ $code -ne 0 ]; then
    echo
    echo "The end of $log:"
    tail -n 25 "$log"
fi
printf '{"begun": "%s", "ended": "%s", "exit": %d, "log": "%s"}\n' \
    "$begun" "$(date +%Y%m%d-%H%M%S)" "$code" "$(basename "$log")" > "$folder/last_run.json.tmp"
mv "$folder/last_run.json.tmp" "$folder/last_run.json"
find "$folder" -name 'nightly-*.log' -mtime +90 -delete
exit $code
