# shellcheck shell=bash
# tests/e2e/net.sh - instead of lib.sh: each node in a network namespace of its own, behind one switch.
#
# The story, its applications and the DNS server sit at the switch, whose own traffic no fault touches:
# faults happen between nodes. Node "a" is 10.77.0.1 behind port sj-a, and so on.
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# shellcheck disable=SC2034 # used by lib.sh
DNS_IP=10.77.0.254
# shellcheck disable=SC2034 # clients are no neighbours on loopback here
node_options=(--insecure)

default_ip()
{
    echo "10.77.0.$(($(printf '%d' "'$1") - 96))"
}

# inside NODE COMMAND...
inside()
{
    nsenter --net="/run/netns/$1" "${@:2}"
}

placed()
{
    exec nsenter --net="/run/netns/$1" "${@:2}"
}

# plug NODE... - a namespace and a port for each.
plug()
{
    local name
    for name in "$@"; do
        ip netns add "$name"
        ip link add "sj-$name" type veth peer name eth0 netns "$name"
        ip link set "sj-$name" master br0 up
        inside "$name" ip link set lo up
        inside "$name" ip address add "$(default_ip "$name")/24" dev eth0
        inside "$name" ip link set eth0 up
    done
}

# Names of namespaces are kept in a folder; this one is ours alone and goes with us.
mkdir -p /run/netns
mount -t tmpfs tmpfs /run/netns
ip link add br0 type bridge
ip address add 10.77.0.254/24 dev br0
ip link set br0 up

# between RULE... - rules for what the switch passes on; replaces those before. Without rules: none.
between()
{
    nft flush ruleset
    [ $# -gt 0 ] || return 0
    {
        echo "table bridge fault {"
        echo "chain between { type filter hook forward priority 0; policy accept;"
        printf '%s\n' "$@"
        echo "}"
        echo "}"
    } | nft -f -
}

# cut NODES NODES - prints rules: none of the first hears any of the second, nor the other way. Nodes
# are letters without a space. Only IP is dropped: the kernel's own search for its neighbours, which asks
# once a second, would make the first second after a cut a matter of chance.
cut()
{
    local i k
    for ((i = 0; i < ${#1}; i++)); do
        for ((k = 0; k < ${#2}; k++)); do
            echo "ether type ip iifname \"sj-${1:i:1}\" oifname \"sj-${2:k:1}\" counter drop"
            echo "ether type ip iifname \"sj-${2:k:1}\" oifname \"sj-${1:i:1}\" counter drop"
        done
    done
}
