# shellcheck shell=bash
# rule.sh - what every rule shares: the tree to look at, and how a violation is told.
#
# ROOT is the tree under test (default: this one). A rule prints "file:line: what is wrong" for every
# offence and fails when it printed any.

set -euo pipefail

RULES=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "${ROOT:-$RULES/../..}"

# The floors, lowest first, and what each folder may include beside itself.
# shellcheck disable=SC2034 # used by the rules
declare -Ar USES=(
    [base]=""
    [wire]="base"
    [seal]="base"
    [cache]="base"
    [ledger]="base"
    [swim]="wire base"
    [spread]="wire ledger base"
    [heal]="wire ledger base"
    [node]="swim spread heal wire seal cache ledger base"
    [loop]="node swim spread heal wire seal cache ledger base"
    [http]="loop node swim spread heal wire seal cache ledger base"
    [app]="http loop node swim spread heal wire seal cache ledger base"
    [client]="wire seal base scrubjay"
    [cli]="client wire seal base scrubjay"
)
# shellcheck disable=SC2034 # used by the rules
readonly PURE="base wire seal cache ledger swim spread heal node"

# files PATTERN FOLDER... - the files matching PATTERN below those of the folders that exist.
files()
{
    local pattern=$1 folder
    shift
    for folder in "$@"; do
        if [ -d "$folder" ]; then
            find "$folder" -type f -name "$pattern"
        fi
    done | sort
}

# Print what comes in, then fail if anything did.
verdict()
{
    local found
    found=$(cat)
    [ -z "$found" ] && return 0
    printf '%s\n' "$found"
    return 1
}
