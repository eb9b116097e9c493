#include <criterion/criterion.h>
#include <stdio.h>

#include "app/cpus.h"
#include "app/size.h"
#include "loop/loop.h"

#include "kit.h"

#define MIB (1ULL << 20)

static struct kit k;

static void begin(void)
{
    kit_init(&k);
    kit_file(&k, "proc/meminfo", "MemTotal:        8388608 kB\nMemFree: 1 kB\n");
}

static void end(void)
{
    kit_fini(&k);
}

TestSuite(cgroup, .init = begin, .fini = end);

static void in_group(const char *lines)
{
    kit_file(&k, "proc/self/cgroup", lines);
}

static void limit(const char *file, const char *text)
{
    char path[256];
    (void)snprintf(path, sizeof path, "sys/fs/cgroup/%s", file);
    kit_file(&k, path, text);
}

Test(cgroup, version_2_tells_a_limit)
{
    in_group("0::/pods/a\n");
    limit("pods/a/memory.max", "536870912\n");
    cr_assert_eq(size_memory_limit(k.root), 512 * MIB);
}

Test(cgroup, the_smallest_limit_on_the_way_up_counts)
{
    in_group("0::/pods/a\n");
    limit("pods/a/memory.max", "max\n");
    limit("pods/memory.max", "268435456\n");
    limit("memory.max", "536870912\n");
    cr_assert_eq(size_memory_limit(k.root), 256 * MIB);
}

Test(cgroup, a_container_sees_its_group_as_the_root)
{
    in_group("0::/kubepods/pod1/container\n");
    limit("memory.max", "134217728\n");
    cr_assert_eq(size_memory_limit(k.root), 128 * MIB);
}

Test(cgroup, version_1_tells_a_limit)
{
    in_group("9:cpu,cpuacct:/docker/x\n4:memory:/docker/x\n1:name=systemd:/\n0::/\n");
    limit("memory/docker/x/memory.limit_in_bytes", "1073741824\n");
    limit("memory/memory.limit_in_bytes", "9223372036854771712\n");
    cr_assert_eq(size_memory_limit(k.root), 1024 * MIB);
}

Test(cgroup, no_limit_is_zero)
{
    cr_assert_eq(size_memory_limit(k.root), 0, "no cgroup at all");
    in_group("4:memory:/x\n0::/\n");
    limit("memory/x/memory.limit_in_bytes", "9223372036854771712\n");
    limit("memory.max", "max\n");
    cr_assert_eq(size_memory_limit(k.root), 0);
}

Test(cgroup, a_limit_above_the_machine_is_none)
{
    in_group("0::/\n");
    limit("memory.max", "17179869184\n");
    cr_assert_eq(size_memory_limit(k.root), 0);
    cr_assert_eq(size_memory_whole(k.root), 8192 * MIB);
}

Test(cgroup, nonsense_is_no_limit)
{
    in_group("nonsense\n::\n0::/a\n");
    limit("a/memory.max", "12 apples\n");
    limit("memory.max", "\n");
    cr_assert_eq(size_memory_limit(k.root), 0);
    cr_assert_eq(cpus_quota(k.root), 0);
}

Test(cgroup, the_cache_gets_three_quarters)
{
    in_group("0::/\n");
    limit("memory.max", "1073741800\n");
    kit_loads(&k);
    cr_assert_eq(k.config.memory.bytes, 1073741800ULL / 100 * 75);
    cr_assert_str_eq(k.config.settings[OPTION_MEMORY].note, "of the cgroup's limit");
}

Test(cgroup, without_a_limit_a_percentage_is_of_the_machine)
{
    kit_arg(&k, "--memory");
    kit_arg(&k, "50%");
    kit_loads(&k);
    cr_assert_eq(k.config.memory.bytes, 8192 * MIB / 100 * 50);
}

Test(cgroup, a_percentage_of_nothing_is_refused)
{
    kit_file(&k, "proc/meminfo", "");
    kit_arg(&k, "--memory");
    kit_arg(&k, "50%");
    kit_fails(&k, EXIT_CONFIG, "give a size");
}

Test(cgroup, version_2_tells_cpus_rounded_up)
{
    in_group("0::/pods/a\n");
    limit("pods/a/cpu.max", "max 100000\n");
    limit("pods/cpu.max", "250000 100000\n");
    cr_assert_eq(cpus_quota(k.root), 3);
    limit("pods/a/cpu.max", "10000 100000\n");
    cr_assert_eq(cpus_quota(k.root), 1);
}

Test(cgroup, version_1_tells_cpus)
{
    in_group("9:cpu,cpuacct:/x\n");
    limit("cpu,cpuacct/x/cpu.cfs_quota_us", "150000\n");
    limit("cpu,cpuacct/x/cpu.cfs_period_us", "100000\n");
    limit("cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
    limit("cpu,cpuacct/cpu.cfs_period_us", "100000\n");
    cr_assert_eq(cpus_quota(k.root), 2);
}

Test(cgroup, cpus_are_at_least_one_and_at_most_the_quota)
{
    in_group("0::/\n");
    cr_assert_geq(cpus_granted(k.root), 1);
    cr_assert_leq(cpus_granted(k.root), LOOP_WORKERS_MAX);
    limit("cpu.max", "50000 100000\n");
    cr_assert_eq(cpus_granted(k.root), 1);
}
