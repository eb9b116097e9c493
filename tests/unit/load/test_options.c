/** The command line: what it means, and how mistakes are told. */

#include <criterion/criterion.h>
#include <string.h>

#include "load/options.h"

#define ARGS_MAX 8

static struct options o;
static char why[OPTIONS_WHY_MAX];

/** Read a line of words. */
static enum options_result given(const char *line)
{
    static char words[256];
    char *argv[ARGS_MAX + 1] = {words}, *rest = words;
    int argc = 0;
    (void)snprintf(words, sizeof words, "jay-bench %s", line);
    for (char *word; argc < ARGS_MAX && (word = strtok_r(rest, " ", &rest)) != NULL;)
        argv[argc++] = word;
    argv[argc] = NULL;
    return options_read(argc, argv, &o, why);
}

Test(options, nothing_said_is_a_load_of_gets_on_this_machine)
{
    cr_assert_eq(given(""), OPTIONS_RUN);
    cr_expect_str_eq(o.protocol->name, "scrubjay");
    cr_expect_str_eq(o.connect, "127.0.0.1:6247");
    cr_expect_eq(o.op, WORKLOAD_GET);
    cr_expect_eq(o.connections, 50);
    cr_expect_eq(o.keys, 1000000);
}

Test(options, each_protocol_has_its_port)
{
    cr_assert_eq(given("--protocol redis"), OPTIONS_RUN);
    cr_expect_str_eq(o.connect, "127.0.0.1:6379");
    cr_assert_eq(given("--protocol memcached --op fill"), OPTIONS_RUN);
    cr_expect_str_eq(o.connect, "127.0.0.1:11211");
    cr_expect_eq(o.op, WORKLOAD_FILL);
}

Test(options, a_key_is_for_nodes)
{
    cr_assert_eq(given("--client-key /k"), OPTIONS_RUN);
    cr_expect_str_eq(o.client_key, "/k");
    cr_assert_eq(given("--client-key /k --protocol redis"), OPTIONS_BAD);
    cr_expect_str_eq(why, "--client-key is for --protocol scrubjay, got redis");
}

Test(options, distributions_have_parameters)
{
    cr_assert_eq(given("--dist zipf"), OPTIONS_RUN);
    cr_expect(o.dist == KEYS_ZIPF && o.theta == 0.99);
    cr_assert_eq(given("--dist zipf:1.2"), OPTIONS_RUN);
    cr_expect(o.theta == 1.2);
    cr_assert_eq(given("--dist trace:/a/b.lis.zst"), OPTIONS_RUN);
    cr_expect_str_eq(o.trace, "/a/b.lis.zst");
}

Test(options, a_mistake_is_told_with_its_value_and_its_limit)
{
    static const char *const bad[][2] = {
        {"--depth 0", "--depth must be 1 to 1024, got \"0\""},
        {"--depth 1025", "--depth must be 1 to 1024, got \"1025\""},
        {"--depth -1", "--depth must be 1 to 1024, got \"-1\""},
        {"--depth 1x", "--depth must be 1 to 1024, got \"1x\""},
        {"--connections 60001", "--connections must be 1 to 60000, got \"60001\""},
        {"--key-len 7", "--key-len must be 8 to 1024, got \"7\""},
        {"--value 8388609", "--value must be 0 to 8388608, got \"8388609\""},
        {"--seconds x", "--seconds must be 0 to 86400 seconds, got \"x\""},
        {"--seconds nan", "--seconds must be 0 to 86400 seconds, got \"nan\""},
        {"--seconds 0", "--seconds must be above 0"},
        {"--protocol http", "--protocol must be scrubjay, redis or memcached, got \"http\""},
        {"--op del", "--op must be get, set, fill, put, invalidate or mixed, got \"del\""},
        {"--dist zipf:0", "--dist: theta must be above 0, at most 10, got \"zipf:0\""},
        {"--dist trace:", "--dist must be uniform, zipf[:THETA] or trace:FILE, got \"trace:\""},
        {"--protocol memcached --key-len 251",
         "--key-len must be at most 250 for memcached, got 251"},
        {"--depth 64 --value 1048577",
         "--depth times --value must be at most 67108864, got 67108928"},
        {"--threads 3 --connections 2", "--threads must be at most --connections, 2, got 3"},
        {"--dpeth 3", "unknown option \"--dpeth\": did you mean \"--depth\"?"},
        {"--depth", "--depth needs a value"},
        {"surplus", "unknown option \"surplus\": jay-bench --help lists all"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cr_expect_eq(given(bad[i][0]), OPTIONS_BAD, "%s", bad[i][0]);
        cr_expect_str_eq(why, bad[i][1]);
    }
}

Test(options, help_is_no_mistake)
{
    cr_assert_eq(given("--depth 3 --help"), OPTIONS_HELP);
}
