# shellcheck shell=bash
# tests/e2e/pods.sh - instead of lib.sh: a StatefulSet, its kubelet, its endpoints and its DNS, without Kubernetes.
#
# A pod is a namespace behind the switch of net.sh with a name for ever, scrubjay-0, scrubjay-1, ..., and
# another address at each start, which may have been another pod's before. Its kubelet starts the container,
# probes it as the manifests say, and ends it: out of the ready endpoints at once, preStop sleep, SIGTERM,
# and SIGKILL when the grace is over. The DNS has the habits of Kubernetes' own: a headless service of all
# that have an address, ready or not, SRV records of its named ports, a name for each pod; and a cache in
# front, which keeps "no such name", too. The service for clients is there always, and has the ready ones.
# shellcheck source=tests/e2e/net.sh
source "$(dirname "${BASH_SOURCE[0]}")/net.sh"

DOMAIN=default.svc.cluster.local
HEADLESS=scrubjay-headless.$DOMAIN
SERVICE=scrubjay.$DOMAIN
RESOLVER=10.77.0.254
SEED=${SEED:-$RANDOM}

# What a story may set before pods_begin, all in seconds.
DNS_TTL=${DNS_TTL:-5}           # of records
DNS_NEGATIVE=${DNS_NEGATIVE:-5} # how long "no such name" is kept
ENDPOINTS_S=${ENDPOINTS_S:-0.3} # from an address to its records
PRESTOP_S=${PRESTOP_S:-5}
GRACE_S=${GRACE_S:-30} # from SIGTERM to SIGKILL
STARTUP_S=1            # periods of the probes
READY_S=2
READY_MISSES=2
LIVE_EVERY=5 # looks at readiness for one at liveness
LIVE_MISSES=3

MANIFEST=$(dirname "${BASH_SOURCE[0]}")/../../deploy/k8s/base/scrubjay.yaml # settings of every pod

PODS=$WORK/pods
KNOT=$WORK/knot
pod_options=()    # of scrubjayd, beside those of every pod
join=(--join-dns) # or --join-srv
replicas=0
declare -A kubelet_of=()

# --- DNS -----------------------------------------------------------------------------------------

# soa ZONE SERIAL SECONDS - with how long "no such name" is kept.
soa()
{
    echo "$1. $3 SOA ns.dns.cluster.local. hostmaster.cluster.local. $2 7200 1800 86400 $3"
}

write_zones()
{
    mkdir -p "$KNOT"
    cat >"$KNOT/cluster.local.zone" <<END
$(soa cluster.local 1 "$DNS_NEGATIVE")
cluster.local. 5 NS ns.dns.cluster.local.
ns.dns.cluster.local. 5 A $RESOLVER
END
    cat >"$KNOT/$SERVICE.zone" <<END
$(soa "$SERVICE" 1 1)
$SERVICE. 5 NS ns.dns.cluster.local.
END
    cat >"$KNOT/knot.conf" <<END
server:
    rundir: "$KNOT"
    listen: "127.0.0.1@5300"
database:
    storage: "$KNOT"
template:
  - id: default
    storage: "$KNOT"
    zonefile-sync: -1
    zonefile-load: whole
    journal-content: none
zone:
  - domain: cluster.local.
  - domain: $SERVICE.
END
    cat >"$KNOT/unbound.conf" <<END
server:
    directory: "$KNOT"
    chroot: ""
    username: ""
    pidfile: ""
    use-syslog: no
    do-daemonize: no
    num-threads: 1
    interface: $RESOLVER
    access-control: 10.77.0.0/24 allow
    module-config: "iterator"
    do-not-query-localhost: no
    qname-minimisation: no
    minimal-responses: no
    cache-max-ttl: 30
    cache-max-negative-ttl: 30
stub-zone:
    name: cluster.local.
    stub-addr: 127.0.0.1@5300
remote-control:
    control-enable: no
END
}

knot()
{
    knotc -c "$KNOT/knot.conf" "$@"
}

resolves()
{
    { getent ahostsv4 "$1" || true; } | awk '$2 == "STREAM" { print $1 }' | sort
}

pods_dns()
{
    write_zones
    knotd -c "$KNOT/knot.conf" >"$WORK/knot.log" 2>&1 &
    unbound -d -c "$KNOT/unbound.conf" >"$WORK/unbound.log" 2>&1 &
    printf 'nameserver %s\noptions timeout:1 attempts:3\n' "$RESOLVER" >"$KNOT/resolv.conf"
    mount --bind "$KNOT/resolv.conf" /etc/resolv.conf # of this story alone, which has mounts of its own
    until_ms 5000 knot zone-status cluster.local || fail "the name server does not start"
    until_ms 5000 test_resolves ns.dns.cluster.local || fail "the resolver does not start"
}

# ttl_of NAME - for how many seconds the resolver will still give the addresses that it has (RFC 1035 4.1).
ttl_of()
{
    local label fd
    {
        printf '\x00\x01\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00'
        for label in ${1//./ }; do
            printf '%b%s' "\\x$(printf %02x ${#label})" "$label"
        done
        printf '\x00\x00\x01\x00\x01'
    } >"$WORK/question"
    exec {fd}<>"/dev/udp/$RESOLVER/53"
    cat "$WORK/question" >&"$fd" # in one piece
    # Behind the header and the question: a pointer to the name, type, class, and then the time.
    dd bs=512 count=1 <&"$fd" 2>/dev/null | od -An -v -tu1 -w1 | awk -v at="$(stat -c %s "$WORK/question")" '
        NR > at + 6 && NR <= at + 10 { ttl = 256 * ttl + $1 }
        END { print ttl + 0 }'
    exec {fd}>&-
}

test_resolves()
{
    [ -n "$(resolves "$1")" ]
}

# edit_zone ZONE set|unset RECORD... - one change of the zone; a RECORD is "OWNER TTL TYPE DATA".
edit_zone()
{
    local zone=$1 verb=$2 record owner ttl rest
    shift 2
    {
        flock 9
        knot zone-begin "$zone"
        for record in "$@"; do
            read -r owner ttl rest <<<"$record"
            # shellcheck disable=SC2086 # type and data are words
            if [ "$verb" = set ]; then
                knot zone-set "$zone" "$owner" "$ttl" $rest
            else
                knot zone-unset "$zone" "$owner" $rest
            fi
        done
        knot zone-commit "$zone"
    } 9>"$PODS/zone.lock" >>"$WORK/knotc.log" 2>&1
}

# headless_records POD ADDRESS - those of a pod that has an address, whether it is ready or not.
headless_records()
{
    records=("$HEADLESS. $DNS_TTL A $2" "$1.$HEADLESS. $DNS_TTL A $2"
        "_gossip._udp.$HEADLESS. $DNS_TTL SRV 0 100 6248 $1.$HEADLESS."
        "_gossip._tcp.$HEADLESS. $DNS_TTL SRV 0 100 6248 $1.$HEADLESS.")
}

# negative SECONDS - how long "no such name" is kept, from now on.
negative()
{
    edit_zone cluster.local set "$(soa cluster.local 1000 "$1")"
}

# --- addresses -----------------------------------------------------------------------------------

# take_address N - the one that was given back last, unless it was this pod's own; else a new one.
take_address()
{
    local last='' ip=''
    {
        flock 9
        [ ! -e "$PODS/$1.last" ] || last=$(<"$PODS/$1.last")
        ip=$(tac "$PODS/free" | grep -vxF "$last" | head -n 1) || true
        if [ -n "$ip" ]; then
            sed -i "/^$ip\$/d" "$PODS/free"
        else
            ip=10.77.0.$(<"$PODS/next")
            echo $((${ip##*.} + 1)) >"$PODS/next"
        fi
    } 9>"$PODS/address.lock"
    echo "$ip" >"$PODS/$1.last"
    echo "$ip"
}

give_back()
{
    {
        flock 9
        echo "$1" >>"$PODS/free"
    } 9>"$PODS/address.lock"
}

# --- a pod ---------------------------------------------------------------------------------------

letter_of()
{
    printf '%b' "\\$(printf '%03o' $((97 + $1)))"
}

state_is()
{
    [ -e "$PODS/$1.state" ] && [ "$(<"$PODS/$1.state")" = "$2" ]
}

# The MAC address follows from the IP address, so that who reuses one is found by neighbours at once.
make_sandbox()
{
    local pod=scrubjay-$1 ip=$2 mac bytes
    IFS=. read -r -a bytes <<<"$ip"
    mac=$(printf '0a:58:%02x:%02x:%02x:%02x' "${bytes[@]}")
    ip netns add "$pod"
    ip link add "sj-$1" type veth peer name eth0 address "$mac" netns "$pod"
    ip link set "sj-$1" master br0 up
    inside "$pod" ip link set lo up
    inside "$pod" ip address add "$ip/24" dev eth0
    inside "$pod" ip link set eth0 up
}

# start_container N ADDRESS - with the settings and the environment of the manifests; what differs are the
# places of files and of the DNS, sizes for nine on one machine, and a log that is read here.
start_container()
{
    local pod=scrubjay-$1
    HOSTNAME=$pod POD_NAME=$pod POD_IP=$2 POD_NAMESPACE=default nsenter --net="/run/netns/$pod" \
        "$BIN/scrubjayd" --config "$MANIFEST" --keyring "$WORK/keyring" --clients "$WORK/clients" \
        --dns-server "$RESOLVER:53" "${join[@]}" --workers 1 --memory 16MiB --log-format logfmt "${pod_options[@]}" \
        >>"$WORK/$pod.log" 2>&1 &
    container=$!
}

# probe ADDRESS PATH - what the kubelet asks; any 200 will do.
probe()
{
    local line='' fd
    { exec {fd}<>"/dev/tcp/$1/6249"; } 2>/dev/null || return 1
    printf 'GET %s HTTP/1.0\r\n\r\n' "$2" >&"$fd" || true
    read -r -t 1 line <&"$fd" || true
    exec {fd}>&-
    [[ $line = *" 200 "* ]]
}

# told_to_end SECONDS - waits that long for the order to delete the pod.
told_to_end()
{
    ! $deleted || return 0
    read -r -t "$1" <&"$orders" || return 1
    deleted=true
}

set_ready()
{
    [ "$2" != "$ready" ] || return 0
    ready=$2
    if [ "$ready" = true ]; then
        edit_zone "$SERVICE" set "$SERVICE. $DNS_TTL A $ip"
        note back "$(letter_of "$1")"
        echo ready >"$PODS/$1.state"
    else
        edit_zone "$SERVICE" unset "$SERVICE. $DNS_TTL A $ip"
        $deleted || echo unready >"$PODS/$1.state"
    fi
}

# serve N - probes until it is to end. Fails when the container dies, or does not live.
serve()
{
    local n=$1 looks=0 misses=0 unready=0
    until told_to_end "$STARTUP_S"; do
        kill -0 "$container" || return 1
        if probe "$ip" /startupz; then
            break
        fi
    done
    until $deleted; do
        kill -0 "$container" || return 1
        if probe "$ip" /readyz; then
            unready=0
            set_ready "$n" true
        else
            unready=$((unready + 1))
        fi
        [ "$unready" -lt "$READY_MISSES" ] || set_ready "$n" false
        looks=$((looks + 1))
        if [ $((looks % LIVE_EVERY)) -eq 0 ]; then
            if probe "$ip" /livez; then misses=0; else misses=$((misses + 1)); fi
            [ "$misses" -lt "$LIVE_MISSES" ] || return 1
        fi
        told_to_end "$READY_S" || true
    done
}

# end_container - SIGTERM, then SIGKILL; its exit status stays in a file.
end_container()
{
    local status=0 since
    kill -TERM "$container" || true
    since=$(now_ms)
    while kill -0 "$container" 2>/dev/null && [ $(($(now_ms) - since)) -lt $((GRACE_S * 1000)) ]; do
        read -r -t 0.05 <&"$orders" || true
    done
    kill -9 "$container" 2>/dev/null || true
    wait "$container" || status=$?
    echo "$status $(($(now_ms) - since))" >>"$PODS/exits"
}

# kubelet N - one life of a pod.
kubelet()
{
    local n=$1 pod=scrubjay-$1 ip container orders ready=false deleted=false records
    # shellcheck disable=SC2064 # which pod it is has to be known now
    trap "echo broken >'$PODS/$n.state'" EXIT
    exec {orders}<>"$PODS/$n.orders"
    ip=$(take_address "$n")
    make_sandbox "$n" "$ip"
    echo "$ip" >"$PODS/$n.ip"
    start_container "$n" "$ip"
    trap '' PIPE
    told_to_end "$ENDPOINTS_S" || true
    headless_records "$pod" "$ip"
    edit_zone cluster.local set "${records[@]}"
    echo listed >"$PODS/$n.state"
    serve "$n"
    note gone "$(letter_of "$n")"
    set_ready "$n" false
    echo ending >"$PODS/$n.state"
    read -r -t "$PRESTOP_S" <&"$orders" || true
    end_container
    headless_records "$pod" "$ip"
    edit_zone cluster.local unset "${records[@]}"
    ip link delete "sj-$n" # a namespace goes some time after it was deleted, and its end of the link with it
    ip netns delete "$pod"
    give_back "$ip"
    trap - EXIT
    echo gone >"$PODS/$n.state"
} 2>>"$WORK/kubelets.log"

# --- the controller ------------------------------------------------------------------------------

create_pod()
{
    echo pending >"$PODS/$1.state"
    [ -e "$PODS/$1.orders" ] || mkfifo "$PODS/$1.orders"
    kubelet "$1" &
    kubelet_of[$1]=$!
}

delete_pod()
{
    echo delete 1<>"$PODS/$1.orders"
}

# has_come N STATE - or will not.
has_come()
{
    state_is "$1" "$2" || state_is "$1" broken
}

# await_state N STATE - nothing is left to tell when it does not come.
await_state()
{
    until_ms 40000 has_come "$1" "$2" && state_is "$1" "$2" && return
    fail "scrubjay-$1 is $(<"$PODS/$1.state"), and not $2"
    exit 1
}

# bury_pod N - waits until it is gone.
bury_pod()
{
    await_state "$1" gone
    wait "${kubelet_of[$1]}" || true
}

learn_addresses()
{
    local n
    for n in $(ordinals); do
        # shellcheck disable=SC2034 # used by lib.sh
        ip_of["scrubjay-$n"]=$(<"$PODS/$n.ip")
    done
}

# await_ready N...
await_ready()
{
    local n
    for n in "$@"; do
        await_state "$n" ready
    done
    learn_addresses
}

ordinals()
{
    [ "$replicas" -eq 0 ] || seq 0 $((replicas - 1))
}

pod_names()
{
    ordinals | sed 's/^/scrubjay-/'
}

# scale REPLICAS - all at once (podManagementPolicy: Parallel); returns when they are ready, or gone.
scale()
{
    local before=$replicas n
    replicas=$1
    for ((n = before; n < replicas; n++)); do
        create_pod "$n"
    done
    for ((n = before - 1; n >= replicas; n--)); do
        delete_pod "$n"
    done
    for ((n = before - 1; n >= replicas; n--)); do
        bury_pod "$n"
    done
    mapfile -t now < <(ordinals)
    await_ready "${now[@]}"
}

# roll - replaces one after the other, the highest ordinal first, each when the one before is ready.
roll()
{
    local n
    for ((n = replicas - 1; n >= 0; n--)); do
        delete_pod "$n"
        bury_pod "$n"
        create_pod "$n"
        await_ready "$n"
    done
}

# wipe COMMAND - deletes all at once; when all are gone and the command has run, each is made anew.
# Does not wait until they are ready.
wipe()
{
    local n
    for n in $(ordinals); do
        delete_pod "$n"
    done
    for n in $(ordinals); do
        bury_pod "$n"
    done
    "$1"
    for n in $(ordinals); do
        create_pod "$n"
    done
}

# alive_at POD - the names of those that it holds to be alive, in order.
alive_at()
{
    ask "$1" -o json members | jq -r '.members[] | select(.state == "alive").name' | sort
}

# one_cluster - all pods see all, and nobody else.
one_cluster()
{
    local n all
    learn_addresses
    all=$(pod_names | sort)
    for n in $(pod_names); do
        [ "$(alive_at "$n")" = "$all" ] || return 1
    done
}

# --- the application -----------------------------------------------------------------------------

# The application sees who answers, so it may also look.
make_clients()
(
    umask 077
    "$BIN/jay" client generate --id operator --can admin >"$WORK/operator"
    "$BIN/jay" client generate --id app --can read,write,invalidate,admin >"$WORK/app"
    cat "$WORK/operator" "$WORK/app" >"$WORK/clients"
)

start_clients()
{
    SCRUBJAY_CLIENT_KEY=$WORK/app "$BUILD/tests/e2e/history" drive "$@" --seed "$SEED" --service "$SERVICE:6247" --prefix scrubjay- \
        --seats 9 "$WORK/history" &
    # shellcheck disable=SC2034 # used by lib.sh
    history_pid=$!
}

# all_logged_in - every pod that is there asks for logins, and had some.
all_logged_in()
{
    local n
    for n in $(pod_names); do
        [ "$(http "$n" /v1/node | jq -r .login)" = require ] && [ "$(metric "$n" logins_total)" -gt 0 ] &&
            ! ends_well "$BIN/jay" -s "${ip_of[$n]}:6247" ping || return 1
    done
}

# ends_well COMMAND... - without the key of the environment.
ends_well()
{
    env -u SCRUBJAY_CLIENT_KEY "$@"
}

# judged_well FENCE_MS - the end of the history, and the verdict, which is kept.
judged_well()
{
    note phase end
    check "every key could be read at the end" end_history
    if judge_history --fence-ms "$1" --phases --replaced $(((DNS_TTL + 2) * 1000)) >"$WORK/verdict"; then
        pass "nothing stale was read, and no request failed elsewhere"
        check "nobody was served without a key" all_logged_in
    else
        fail "the history is not good"
    fi
    cat "$WORK/verdict"
}

# pods_begin - DNS and keys; then scale.
pods_begin()
{
    echo "SEED=$SEED"
    mkdir -p "$PODS"
    : >"$PODS/free"
    : >"$PODS/exits"
    : >"$WORK/notes"
    echo 10 >"$PODS/next"
    make_keyring
    make_clients
    export SCRUBJAY_CLIENT_KEY=$WORK/operator # as the manifests say, for jay
    pods_dns
    case ${join[0]} in
    --join-srv) join+=("_gossip._udp.$HEADLESS.") ;;
    *) join+=("$HEADLESS.") ;;
    esac
}

# ready_alone - how many lives of pods were ready before they had joined anybody.
ready_alone()
{
    cat "$WORK"/scrubjay-*.log | awk '/msg="node started"/ { joined = 0 }
        /msg="member joined"/ { joined = 1 }
        /state=ready/ && !joined { n++ }
        END { print n + 0 }'
}

# clean_exits - every container ended by itself, well, when it was asked to.
clean_exits()
{
    [ -s "$PODS/exits" ] && ! grep -qv '^0 ' "$PODS/exits"
}

longest_exit()
{
    awk '{ if ($2 > m) m = $2 } END { print m + 0 }' "$PODS/exits"
}
