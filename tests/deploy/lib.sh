# shellcheck shell=bash
# tests/deploy/lib.sh - words for the suites of this folder. A suite sources it first.
#
# SCRUBJAY_BUILD (default build) is the build folder: its programs are asked, and what npm installs stays
# there. What this machine lacks is told in lines "skip  WHAT: REASON".
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
BUILD=$(realpath "${SCRUBJAY_BUILD:-build}")
BIN=$BUILD/bin
HERE=$PWD/tests/deploy
WORK=$(mktemp -d)
# shellcheck source=tests/deploy/render.sh
source tests/deploy/render.sh
# shellcheck source=tests/lib/verdicts.sh
source tests/lib/verdicts.sh

finish()
{
    local status=$?
    jobs -p | xargs -r kill 2>/dev/null || true
    rm -rf "$WORK"
    conclude "$status"
}
trap finish EXIT

skip()
{
    echo "skip  $*"
}

# refused WHAT TEXT COMMAND... - one test: the command must fail, and say TEXT.
refused()
{
    local what=$1 text=$2
    shift 2
    if "$@" >"$WORK/refused.out" 2>&1; then
        fail "$what was accepted"
    elif grep -qF -- "$text" "$WORK/refused.out"; then
        pass "$what is refused"
    else
        fail "$what is refused, but not for \"$text\""
        head -n 5 "$WORK/refused.out"
    fi
}

has()
{
    command -v "$1" >/dev/null
}
