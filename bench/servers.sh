# bench/servers.sh - the servers that jay-bench loads; to be sourced behind lib.sh. The script sets
# workers, connections, memory (MiB, of each), keys, value and ttl.
# shellcheck shell=bash disable=SC2154 # these are the script's

declare -A pid_of=()

# address_of SYSTEM
address_of()
{
    case $1 in
    scrubjay) echo 127.78.0.1:6247 ;;
    scrubjay-1) echo 127.78.0.2:6247 ;;
    redis) echo 127.78.2.1:6379 ;;
    memcached) echo 127.78.3.1:11211 ;;
    *) die "--peers: unknown system \"$1\": redis, memcached and scrubjay-1 (a node with one worker) exist" ;;
    esac
}

# programs_of SYSTEM - what has to be there.
programs_of()
{
    case $1 in
    scrubjay*) echo "$BIN/scrubjayd $BIN/jay" ;;
    redis) echo redis-server ;;
    memcached) echo memcached ;;
    esac
}

version_of()
{
    case $1 in
    scrubjay*) "$BIN/scrubjayd" --version ;;
    redis) redis-server --version | sed -E 's/.* v=([^ ]*).*/redis \1/' ;;
    memcached) memcached --version ;;
    esac
}

# enough_memory - MiB for all items of a server twice over, with what it needs beside them.
enough_memory()
{
    echo $((256 + keys * (32 + value + 150) * 2 / 1048576))
}

# server_of SYSTEM - its command line, in the array `server`.
server_of()
{
    local address workers=$workers
    address=$(address_of "$1")
    [ "$1" != scrubjay-1 ] || workers=1
    case $1 in
    scrubjay*)
        server=("$BIN/scrubjayd" --name "$1" --cluster "$1" --workers "$workers"
            --memory "${memory}MiB" --client-listen "$address"
            --gossip-listen "${address%:*}:6248" --http-listen off)
        ;;
    redis)
        server=(redis-server --bind "${address%:*}" --port "${address#*:}" --save '' --appendonly no
            --maxmemory "${memory}mb" --maxmemory-policy allkeys-lru --maxclients "$((connections + 100))")
        ;;
    memcached)
        server=(memcached -u root -l "${address%:*}" -p "${address#*:}" -t 1 -m "$memory" -c "$((connections + 100))")
        ;;
    esac
}

# loader_of SYSTEM OPTION... - the loader for it, in the array `loader`.
loader_of()
{
    local system=$1
    shift
    loader=("$BIN/jay-bench" --protocol "${system%-1}" --connect "$(address_of "$system")"
        --server-pid "${pid_of[$system]}" --keys "$keys" --value "$value" --ttl "$ttl" --json "$@")
}

# is_ready SYSTEM - a node gives tokens only when it has caught up with its cluster.
is_ready()
{
    local loader
    loader_of "$1" --connections 1 --keys 1 --seconds 0.01 --warmup 0 --load-keys
    "${loader[@]}"
}

start_server()
{
    local server
    server_of "$1"
    "${server[@]}" >"$WORK/$1.log" 2>&1 &
    pid_of[$1]=$!
    pids+=($!)
    wait_for 20 is_ready "$1"
}

stop_server()
{
    { kill -9 "${pid_of[$1]}" && wait "${pid_of[$1]}"; } 2>/dev/null || true
}

# resident SYSTEM - its memory in bytes.
resident()
{
    awk '$1 == "VmRSS:" { print $2 * 1024 }' "/proc/${pid_of[$1]}/status"
}
