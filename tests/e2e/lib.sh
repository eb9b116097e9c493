# shellcheck shell=bash
# tests/e2e/lib.sh - real nodes in a network of their own, and words to tell a story about them.
#
# A test sources this file first. It is then run again inside its own network namespace, where only
# loopback exists: every node has an address in 127.0.0.0/8, and nftables can cut and lose packets
# without touching the machine. Everything is killed at the end. What was skipped is told then, in lines
# "skip  WHAT: REASON".
set -euo pipefail

if [ -z "${E2E_INSIDE:-}" ]; then
    exec env E2E_INSIDE=1 unshare --net --pid --fork --mount-proc --kill-child bash "$0" "$@"
fi
ip link set lo up

BIN=${SCRUBJAY_BIN:?set SCRUBJAY_BIN to the folder of scrubjayd and jay}
BUILD=${SCRUBJAY_BUILD:-$(dirname "$BIN")}
export BUILD
WORK=$(mktemp -d)
# shellcheck source=tests/lib/verdicts.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/verdicts.sh"
ZONE=nodes.e2e.test
DNS_IP=127.1.0.53
DNS_PORT=6253
skipped=()
at_end=() # commands for when all processes are gone

finish()
{
    local status=$?
    if [ "$status" -ne 0 ] || [ "$failed" -gt 0 ]; then
        local log
        for log in "$WORK"/*.log; do
            [ -s "$log" ] || continue
            echo "--- $(basename "$log")"
            tail -n 40 "$log"
        done
    fi
    {
        jobs -p | xargs -r kill -9
        wait
    } 2>/dev/null || true
    local command
    for command in "${at_end[@]}"; do
        "$command"
    done
    rm -rf "$WORK"
    [ "${#skipped[@]}" -eq 0 ] || printf 'skip  %s\n' "${skipped[@]}"
    conclude "$status"
}
trap finish EXIT

# A command that failed where none may ends the test: which, and where, has to be told by somebody.
ended()
{
    [ "$BASH_SUBSHELL" -gt 0 ] || echo "FAIL  ended at $(basename "$1"):$2: $3"
}
set -E
trap 'ended "${BASH_SOURCE[0]}" "$LINENO" "$BASH_COMMAND"' ERR

# --- verdicts ------------------------------------------------------------------------------------

# All that a good machine may lack: nothing else is a reason to skip a test. Programs and libraries are
# not among them, since deploy/packages installs those.
declare -A may_lack=(
    [cpu_group]="no control group of either version that limits the CPU can be made here"
    [memory_group]="no control group of either version that limits memory can be made here"
    [overlay]="no folder of the system can be overlaid here"
)

# skip WHAT LACK - this part of the story cannot be told here; told at the end. Any LACK that is not among
# those above is a failure.
skip()
{
    if [ -z "${may_lack[$2]:-}" ]; then
        fail "$1: $2 is no reason to skip a test"
        return
    fi
    skipped+=("$1: ${may_lack[$2]}")
}

now_ms()
{
    date +%s%3N
}

# until_ms LIMIT_MS COMMAND... - polls until the command succeeds; the time it took in $took_ms.
until_ms()
{
    local limit=$1 begun
    begun=$(now_ms)
    shift
    until "$@" >/dev/null 2>&1; do
        took_ms=$(($(now_ms) - begun))
        [ "$took_ms" -lt "$limit" ] || return 1
        sleep 0.02
    done
    took_ms=$(($(now_ms) - begun))
}

# within LIMIT_MS WHAT COMMAND... - one test: the command succeeds in time.
within()
{
    local limit=$1 what=$2
    shift 2
    if until_ms "$limit" "$@"; then
        pass "$what: $took_ms ms (at most $limit)"
    else
        fail "$what: not within $limit ms"
    fi
}

# --- nodes ---------------------------------------------------------------------------------------

# The address of a node is 127.1.0.N for the N-th letter; a node may be started under another one.
declare -A ip_of=() pid_of=()

default_ip()
{
    echo "127.1.0.$(($(printf '%d' "'$1") - 96))"
}

make_keyring()
{
    [ -s "$WORK/keyring" ] || (umask 077 && "$BIN/jay" keyring generate >"$WORK/keyring")
}

# Options of every node, beside those that a call gives; a story may add to them.
node_options=()

# placed NAME COMMAND... - becomes the command, where that node lives. net.sh has another.
placed()
{
    shift
    exec "$@"
}

# start_node NAME [OPTION...] - with IP=ADDRESS in the environment to use another address, and
# GOSSIP_IP=ADDRESS to use another one for gossip alone; CLUSTER=NAME and KEYRING=FILE for a stranger.
start_node()
{
    local name=$1 ip=${IP:-}
    shift
    [ -n "$ip" ] || ip=$(default_ip "$name")
    make_keyring
    placed "$name" "$BIN/scrubjayd" --name "$name" --cluster "${CLUSTER:-e2e}" --workers 1 \
        --memory "${MEMORY:-32MiB}" --client-listen "$ip:6247" \
        --gossip-listen "${GOSSIP_IP:-$ip}:6248" --http-listen "$ip:6249" \
        --keyring "${KEYRING:-$WORK/keyring}" "${node_options[@]}" "$@" >>"$WORK/$name.log" 2>&1 &
    ip_of[$name]=$ip
    pid_of[$name]=$!
}

# start_joined NAME... - nodes that know the zone and the DNS server.
start_joined()
{
    local name
    for name in "$@"; do
        start_node "$name" --join-dns "$ZONE" --dns-server "$DNS_IP:$DNS_PORT"
    done
}

kill_node()
{
    kill -9 "${pid_of[$1]}" 2>/dev/null || true
    wait "${pid_of[$1]}" 2>/dev/null || true
}

# ask NODE COMMAND...
ask()
{
    local name=$1
    shift
    "$BIN/jay" -s "${ip_of[$name]}:6247" "$@"
}

http()
{
    curl -fsS --max-time 2 "http://${ip_of[$1]}:6249$2"
}

# metric NODE NAME - the sum of a metric over its labels, as an integer.
metric()
{
    http "$1" /metrics | awk -v m="scrubjay_$2" \
        '{ n = $1; sub(/\{.*/, "", n) } n == m { s += $2 } END { printf "%d\n", s }'
}

# resident_kib NODE - its memory, as the system counts it.
resident_kib()
{
    awk '$1 == "VmRSS:" { print $2 }' "/proc/${pid_of[$1]}/status"
}

is_ready()
{
    http "$1" /readyz
}

# sees NODE STATE MEMBER
sees()
{
    ask "$1" -o json members |
        jq -e --arg m "$3" --arg s "$2" '.members[] | select(.name == $m and .state == $s)'
}

# all_see STATE MEMBER NODE...
all_see()
{
    local state=$1 member=$2 node
    shift 2
    for node in "$@"; do
        sees "$node" "$state" "$member" || return 1
    done
}

# full_mesh NODE... - everybody holds everybody to be alive.
full_mesh()
{
    local member
    for member in "$@"; do
        all_see alive "$member" "$@" || return 1
    done
}

all_ready()
{
    local node
    for node in "$@"; do
        is_ready "$node" || return 1
    done
}

vector_of()
{
    ask "$1" -o json node | jq -er .vector_hash
}

# same_vectors NODE... - all have covered the same invalidations.
same_vectors()
{
    local node first
    first=$(vector_of "$1") || return 1
    for node in "$@"; do
        [ "$(vector_of "$node")" = "$first" ] || return 1
    done
}

misses()
{
    local status=0
    ask "$1" get "$2" || status=$?
    [ "$status" -eq 1 ]
}

# --- DNS -----------------------------------------------------------------------------------------

# zone ADDRESS... - what the name resolves to from now on; without addresses it does not exist.
zone()
{
    local ip
    : >"$WORK/hosts"
    for ip in "$@"; do
        echo "$ip $ZONE" >>"$WORK/hosts"
    done
    [ -z "${dns_pid:-}" ] || kill -HUP "$dns_pid"
}

# run_dns [OPTION...] - a DNS server in place of the one before, with further options of dnsmasq.
# shellcheck disable=SC2120 # some stories have options
run_dns()
{
    if [ -n "${dns_pid:-}" ]; then
        kill -9 "$dns_pid"
        wait "$dns_pid" 2>/dev/null || true
    fi
    dnsmasq --no-daemon --conf-file=/dev/null --no-resolv --no-hosts --addn-hosts="$WORK/hosts" \
        --bind-interfaces --listen-address="$DNS_IP" --port="$DNS_PORT" --local=/e2e.test/ \
        --local-ttl=1 --pid-file="$WORK/dns.pid" --user=root --log-queries "$@" >>"$WORK/dns.log" 2>&1 &
    dns_pid=$!
}

start_dns()
{
    zone "$@"
    # shellcheck disable=SC2119 # none of ours
    run_dns
}

# --- the network ---------------------------------------------------------------------------------

# faults RULE... - drop rules for packets in; replaces what was there. Without rules: none.
faults()
{
    local rule
    nft flush ruleset
    [ $# -gt 0 ] || return 0
    {
        echo "table ip fault {"
        echo "chain in { type filter hook input priority 0; policy accept;"
        for rule in "$@"; do
            echo "$rule"
        done
        echo "}"
        echo "}"
    } | nft -f -
}

# gossip_cut ADDRESS - rules that cut all gossip of an address, both ways.
gossip_cut()
{
    faults "ip saddr $1 udp dport 6248 drop" "ip daddr $1 udp dport 6248 drop" \
        "ip saddr $1 tcp dport 6248 drop" "ip daddr $1 tcp dport 6248 drop" \
        "ip saddr $1 tcp sport 6248 drop" "ip daddr $1 tcp sport 6248 drop"
}

# --- histories -----------------------------------------------------------------------------------

# start_history [OPTION...] NODE... - an application over these nodes that writes down what it does.
start_history()
{
    local options=() addresses=() node
    while [ "${1#--}" != "$1" ]; do
        options+=("$1" "$2")
        shift 2
    done
    for node in "$@"; do
        addresses+=("$node=${ip_of[$node]}:6247")
    done
    "$BUILD/tests/e2e/history" drive "${options[@]}" "$WORK/history" "${addresses[@]}" &
    history_pid=$!
}

# note HOW TEXT - tells the history what is done to the cluster.
note()
{
    "$BUILD/tests/e2e/history" note "$@" >>"$WORK/notes"
}

# end_history - lets it read everything once more; fails when it could not.
end_history()
{
    kill -TERM "$history_pid"
    wait "$history_pid"
}

# judge_history [OPTION...]
judge_history()
{
    "$BUILD/tests/e2e/judge" "$@" "$WORK/history" "$WORK/notes"
}

# --- start of most stories -----------------------------------------------------------------------

# cluster NODE... - a DNS zone with all of them, started, seeing each other, ready.
cluster()
{
    local name addresses=()
    for name in "$@"; do
        addresses+=("$(default_ip "$name")")
    done
    start_dns "${addresses[@]}"
    start_joined "$@"
    until_ms 5000 full_mesh "$@" || fail "the cluster did not form"
    until_ms 10000 all_ready "$@" || fail "the cluster did not become ready"
}
