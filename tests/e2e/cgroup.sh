# shellcheck shell=bash
# tests/e2e/cgroup.sh - limits on the CPU and the memory of single processes, by control groups of either
# version. A story sources this after lib.sh. See cgroups(7) and the kernel's admin-guide/cgroup-v2.rst.
#
# Groups are made below the root that this machine shows, and removed when the story ends.

declare -A group_of=() version_of=() # by controller

# mounted_v1 CONTROLLER - where its hierarchy of version 1 is, if it has one.
mounted_v1()
{
    awk -v c="$1" '$3 == "cgroup" && ("," $4 ",") ~ ("," c ",") { print $2; exit }' /proc/self/mounts
}

# mounted_v2 CONTROLLER - where the hierarchy of version 2 is, if it has that controller.
mounted_v2()
{
    local root
    root=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/self/mounts)
    if [ -n "$root" ] && grep -qw "$1" "$root/cgroup.controllers" 2>/dev/null; then
        echo "$root"
    fi
}

# delegate ROOT CONTROLLER - lets groups below ROOT use it. Where ROOT is no real root but that of a
# container, it may not hold processes itself: they move into a group of their own.
delegate()
{
    local pid
    { echo "+$2" >"$1/cgroup.subtree_control"; } 2>/dev/null && return 0
    [ -e "$1/cgroup.type" ] && mkdir -p "$1/scrubjay-e2e-rest" 2>/dev/null || return 1
    while read -r pid; do
        { echo "$pid" >"$1/scrubjay-e2e-rest/cgroup.procs"; } 2>/dev/null || true
    done <"$1/cgroup.procs"
    { echo "+$2" >"$1/cgroup.subtree_control"; } 2>/dev/null
}

# group CONTROLLER - a group that limits it, once in a story. Fails where there can be none.
group()
{
    local root
    [ -z "${group_of[$1]:-}" ] || return 0
    root=$(mounted_v1 "$1")
    if [ -n "$root" ] && mkdir "$root/scrubjay-e2e-$1-$$" 2>/dev/null; then
        version_of[$1]=1
    else
        root=$(mounted_v2 "$1")
        [ -n "$root" ] && delegate "$root" "$1" && mkdir "$root/scrubjay-e2e-$1-$$" 2>/dev/null ||
            return 1
        version_of[$1]=2
    fi
    group_of[$1]=$root/scrubjay-e2e-$1-$$
}

# into CONTROLLER PID... - moves processes into its group, for the rest of their lives.
into()
{
    local group=${group_of[$1]} pid
    shift
    for pid in "$@"; do
        echo "$pid" >"$group/cgroup.procs"
    done
}

# limit_cpu PERCENT - of one core, for all in the group together; 0 = no limit.
limit_cpu()
{
    local group=${group_of[cpu]} period=20000 quota
    quota=$((period * $1 / 100))
    if [ "${version_of[cpu]}" -eq 2 ]; then
        [ "$quota" -gt 0 ] || quota=max
        echo "$quota $period" >"$group/cpu.max"
    else
        [ "$quota" -gt 0 ] || quota=-1
        echo "$period" >"$group/cpu.cfs_period_us"
        echo "$quota" >"$group/cpu.cfs_quota_us"
    fi
}

# was_throttled - did the limit hold anybody in the group back?
was_throttled()
{
    awk '$1 == "nr_throttled" { exit !($2 > 0) }' "${group_of[cpu]}/cpu.stat"
}

# limit_memory BYTES - for what is taken from now on by all in the group together. Who needs more dies.
limit_memory()
{
    local group=${group_of[memory]}
    if [ "${version_of[memory]}" -eq 2 ]; then
        echo "$1" >"$group/memory.max"
        { echo 0 >"$group/memory.swap.max"; } 2>/dev/null || true # there where swap is counted
    else
        echo "$1" >"$group/memory.limit_in_bytes"
        { echo "$1" >"$group/memory.memsw.limit_in_bytes"; } 2>/dev/null || true
    fi
}

# oom_kills - how many of the group were killed for want of memory.
oom_kills()
{
    local counts=memory.oom_control
    [ "${version_of[memory]}" -eq 1 ] || counts=memory.events
    awk '$1 == "oom_kill" { print $2 }' "${group_of[memory]}/$counts"
}

remove_groups()
{
    local group
    for group in "${group_of[@]}"; do
        rmdir "$group" 2>/dev/null || true
    done
}
at_end+=(remove_groups)
