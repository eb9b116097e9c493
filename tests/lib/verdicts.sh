# shellcheck shell=bash
# tests/lib/verdicts.sh - how the suites in shell tell what passed. WORK is their folder.
#
# The last line printed is "N passed, N failed".
passed=0
failed=0

pass()
{
    passed=$((passed + 1))
    echo "ok    $*"
}

fail()
{
    failed=$((failed + 1))
    echo "FAIL  $*"
}

# check WHAT COMMAND... - one test: the command must succeed.
check()
{
    local what=$1
    shift
    if "$@" >"$WORK/check.out" 2>&1; then
        pass "$what"
    else
        fail "$what: $*"
        head -n 20 "$WORK/check.out"
    fi
}

# ends STATUS COMMAND... - does it end with this status?
ends()
{
    local status=0 wanted=$1
    shift
    "$@" || status=$?
    [ "$status" -eq "$wanted" ]
}

# conclude STATUS - says how many there were, for a suite that ends with this status; fails if any did.
conclude()
{
    [ "$1" -eq 0 ] || failed=$((failed + 1))
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ] || exit 1
}
