/** Mistakes that are known before a node starts: near misses in the environment, too much memory. */

#include <criterion/criterion.h>
#include <errno.h>

#include "app/advice.h"

#include "kit.h"

static struct kit k;

static void setup(void)
{
    kit_init(&k);
}

static void teardown(void)
{
    kit_fini(&k);
}

TestSuite(advice, .init = setup, .fini = teardown);

Test(advice, a_variable_that_is_nearly_a_setting_is_refused)
{
    kit_env(&k, "SCRUBJAY_LOG_LEVLE=debug");
    kit_fails(&k, EXIT_CONFIG,
              "unknown environment variable \"SCRUBJAY_LOG_LEVLE\": did you mean "
              "\"SCRUBJAY_LOG_LEVEL\"?");
}

Test(advice, a_short_name_may_differ_in_one_letter_of_four)
{
    kit_env(&k, "SCRUBJAY_JION=h:1");
    kit_fails(&k, EXIT_CONFIG, "did you mean \"SCRUBJAY_JOIN\"?");
}

Test(advice, variables_of_others_are_let_be)
{
    kit_env(&k, "SCRUBJAY_PORT=tcp://10.0.0.1:6247");
    kit_env(&k, "SCRUBJAY_SERVICE_HOST=10.0.0.1");
    kit_env(&k, "SCRUBJAY_BIN=/usr/bin");
    kit_env(&k, "SCRUBJAY_SERVER=127.0.0.1:6247");
    kit_env(&k, "SCRUBJAYS_NAME=x");
    kit_loads(&k);
}

Test(advice, memory_beyond_the_cgroup_is_refused)
{
    kit_file(&k, "proc/meminfo", "MemTotal:        8388608 kB\n");
    kit_file(&k, "proc/self/cgroup", "0::/pods\n");
    kit_file(&k, "sys/fs/cgroup/pods/memory.max", "268435456\n");
    kit_arg(&k, "--memory");
    kit_arg(&k, "257MiB");
    kit_fails(
        &k, EXIT_CONFIG,
        "memory 257MiB is more than the 256 MiB that the cgroup grants: the kernel would kill "
        "this node; give at most 75%");
}

Test(advice, memory_beyond_the_machine_is_refused_and_all_of_it_is_not)
{
    kit_file(&k, "proc/meminfo", "MemTotal:        1048576 kB\n");
    kit_arg(&k, "--memory");
    kit_arg(&k, "1GiB");
    kit_loads(&k);
    kit_arg(&k, "--memory");
    kit_arg(&k, "1025MiB");
    kit_fails(&k, EXIT_CONFIG, "memory 1025MiB is more than the 1024 MiB that this machine has");
}

Test(advice, each_error_of_a_file_has_its_advice)
{
    cr_expect_str_eq(advice_of_file(EISDIR), "give the path of the file in it");
    cr_expect_str_eq(advice_of_file(EACCES), "let the user who runs scrubjayd read it");
    cr_expect_str_eq(advice_of_file(EIO), "check the file");
}
