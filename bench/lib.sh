# bench/lib.sh - words that the comparisons share; to be sourced. The script sets nodes and BIN.
# shellcheck shell=bash disable=SC2154 # nodes is the script's

unset SCRUBJAY_CLIENT_KEY # nodes here know no clients
BIN=${SCRUBJAY_BIN:-build/bin}
WORK=$(mktemp -d)
pids=()

# The head of the script is its help.
usage()
{
    sed -n '2,/^set -euo/{/^#/s/^# \{0,1\}//p}' "$0"
}

die()
{
    echo "$(basename "$0"): $*" >&2
    exit 2
}

finish()
{
    {
        [ "${#pids[@]}" -eq 0 ] || kill -9 "${pids[@]}"
        wait
    } 2>/dev/null || true
    rm -rf "$WORK"
}

# whole NAME VALUE - the option --NAME, which takes a whole number, sets the variable of that name.
whole()
{
    [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || die "--$1 needs a whole number, got \"${2:-}\""
    declare -g "$1=$2"
}

# needs PROGRAM... - ours are built, those of others installed.
needs()
{
    local program
    for program in "$@"; do
        case $program in
        */*) [ -x "$program" ] || die "$program is not built: cmake -B build -G Ninja && ninja -C build" ;;
        *) command -v "$program" >/dev/null || die "$program is missing: deploy/packages run bench" ;;
        esac
    done
}

progress()
{
    if [ -t 2 ]; then
        printf '\r\e[K%s' "$*" >&2
    fi
}

# wait_for SECONDS COMMAND...
wait_for()
{
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || { tail -n 20 "$WORK"/*.log >&2 && die "not in time: $*"; }
        sleep 0.1
    done
}

scrubjay_sees_all()
{
    local i
    for i in $(seq "$nodes"); do
        "$BIN/jay" -s "127.78.0.$i:6247" -o json members |
            jq -e "[.members[] | select(.state == \"alive\")] | length == $nodes" || return 1
    done
}

serf_sees_all()
{
    local i
    for i in $(seq "$nodes"); do
        [ "$(serf members -rpc-addr="127.78.1.$i:7373" | grep -c alive)" -eq "$nodes" ] || return 1
    done
}

# scrubjay_node I - the command line of node I; its keyring is $WORK/keyring.
scrubjay_node()
{
    local i
    [ -e "$WORK/keyring" ] || "$BIN/jay" keyring generate >"$WORK/keyring"
    node=("$BIN/scrubjayd" --name "n$1" --cluster bench --workers 1 --memory 32MiB
        --client-listen "127.78.0.$1:6247" --gossip-listen "127.78.0.$1:6248"
        --http-listen off --keyring "$WORK/keyring")
    for i in $(seq "$nodes"); do
        node+=(--join "127.78.0.$i:6248")
    done
}

# serf_node I LEVEL - the same for serf, which logs from LEVEL on.
serf_node()
{
    node=(serf agent "-node=n$1" "-bind=127.78.1.$1:7946" "-rpc-addr=127.78.1.$1:7373"
        -retry-join=127.78.1.1:7946 -retry-interval=1s "-log-level=$2")
}

machine()
{
    echo "$(nproc) x $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1), Linux $(uname -r)"
}

# in_process PROGRAM ARG... - what a program of ours measures by itself, with what a reader wants to know
# of the measurement; with --json among ARG, its lines as one object. The script sets command_line.
in_process()
{
    local program=$BIN/$1 arg json=false
    shift
    needs "$program"
    for arg in "$@"; do
        case $arg in
        --json) json=true ;;
        -h | --help) usage && exec "$program" --help ;;
        esac
    done
    if $json; then
        needs jq
        "$program" "$@" | jq -s --arg command "$command_line" --arg machine "$(machine)" \
            --arg date "$(date +%F)" '{command: $command, machine: $machine, date: $date, rows: .}'
    else
        echo "$command_line"
        echo "$(machine), $(date +%F)"
        echo
        "$program" "$@"
    fi
}
