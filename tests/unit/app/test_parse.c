#include <criterion/criterion.h>
#include <string.h>

#include "app/config.h"
#include "app/option.h"
#include "app/parse.h"

#define MIB (1ULL << 20)

static bool taken(const char *(*parse)(const char *, void *), const char *text)
{
    union {
        char text[CONFIG_TEXT_MAX];
        uint64_t number;
        struct addr addr;
    } into, before;

    memset(&into, 0x5a, sizeof into);
    before = into;
    if (parse(text, &into) == NULL)
        return true;
    cr_assert_eq(memcmp(&into, &before, sizeof into), 0, "what is refused changes nothing");
    return false;
}

Test(parse, names_have_1_to_63_bytes)
{
    char name[65];
    memset(name, 'a', 64);
    name[64] = '\0';
    cr_assert_not(taken(parse_name, name));
    name[63] = '\0';
    cr_assert(taken(parse_name, name));
    cr_assert_not(taken(parse_name, ""));
    cr_assert_not(taken(parse_name, "a\nb"));
    cr_assert(taken(parse_name, "gr\xc3\xbcn"));
}

Test(parse, memory_is_a_size_or_a_share)
{
    struct config_memory m = {0};
    cr_assert_null(parse_memory("64MiB", &m));
    cr_assert(m.bytes == 64 * MIB && m.percent == 0);
    cr_assert_null(parse_memory("75%", &m));
    cr_assert(m.bytes == 0 && m.percent == 75);
    cr_assert_null(parse_memory("1MiB", &m));
    cr_assert_not(taken(parse_memory, "1023KiB"));
    cr_assert_not(taken(parse_memory, "64"));
    cr_assert_not(taken(parse_memory, "0%"));
    cr_assert_not(taken(parse_memory, "101%"));
    cr_assert_not(taken(parse_memory, ""));
}

Test(parse, values_have_at_most_16_mib_less_one)
{
    uint32_t max = 0;
    cr_assert_null(parse_value_max("16777215B", &max));
    cr_assert_eq(max, 16777215);
    cr_assert_not(taken(parse_value_max, "16MiB"));
    cr_assert_not(taken(parse_value_max, "0B"));
}

Test(parse, workers_are_1_to_64)
{
    uint32_t n = 0;
    cr_assert_null(parse_workers("64", &n));
    cr_assert_eq(n, 64);
    cr_assert_not(taken(parse_workers, "0"));
    cr_assert_not(taken(parse_workers, "65"));
    cr_assert_not(taken(parse_workers, "-1"));
    cr_assert_not(taken(parse_workers, "2x"));
    cr_assert_not(taken(parse_workers, " 2"));
    cr_assert_not(taken(parse_workers, "18446744073709551617"));
}

Test(parse, expect_is_1_to_64)
{
    uint32_t n = 0;
    cr_assert_null(parse_expect("1", &n));
    cr_assert_eq(n, 1);
    cr_assert(taken(parse_expect, "64"));
    cr_assert_not(taken(parse_expect, "0"));
    cr_assert_not(taken(parse_expect, "65"));
    cr_assert_not(taken(parse_expect, "3.0"));
    cr_assert_not(taken(parse_expect, ""));
}

Test(parse, milliseconds_are_whole_and_have_limits)
{
    static const struct {
        const char *(*parse)(const char *, void *);
        const char *text;
        bool taken;
    } cases[] = {{parse_fence_ms, "50", true},
                 {parse_fence_ms, "49", false},
                 {parse_fence_ms, "60000", true},
                 {parse_fence_ms, "60001", false},
                 {parse_within_ms, "1", true},
                 {parse_within_ms, "0", false},
                 {parse_within_ms, "3600000", true},
                 {parse_within_ms, "3600001", false},
                 {parse_within_ms, "4294967297", false}, /* 1, in 32 bits */
                 {parse_life_ms, "0", true},
                 {parse_life_ms, "315360000000", true},
                 {parse_life_ms, "315360000001", false},
                 {parse_life_ms, "18446744073709551617", false},
                 {parse_life_ms, "1s", false},
                 {parse_life_ms, "-1", false},
                 {parse_life_ms, "+1", false},
                 {parse_life_ms, " 1", false},
                 {parse_life_ms, "", false}};

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        cr_assert_eq(taken(cases[i].parse, cases[i].text), cases[i].taken, "\"%s\"", cases[i].text);
}

Test(parse, acks_are_levels_or_numbers)
{
    struct client_ack ack = {.k = 9};
    cr_assert_null(parse_ack("fenced", &ack));
    cr_assert(ack.level == ACK_FENCED && ack.k == 0);
    cr_assert_null(parse_ack("1023", &ack));
    cr_assert(ack.level == ACK_NODES && ack.k == 1023);
    cr_assert_null(parse_ack("local", &ack));
    cr_assert_eq(ack.level, ACK_LOCAL);
    cr_assert(taken(parse_ack, "quorum"));
    cr_assert(taken(parse_ack, "all"));
    cr_assert_not(taken(parse_ack, "0"));
    cr_assert_not(taken(parse_ack, "1024"));
    cr_assert_not(taken(parse_ack, "Fenced"));
    cr_assert_not(taken(parse_ack, ""));
}

Test(parse, names_of_namespaces_may_be_empty_and_hold_nothing_that_yaml_cannot)
{
    cr_assert(taken(parse_namespace, ""));
    cr_assert(taken(parse_namespace, "gr\xc3\xbcn: \"#1\""));
    cr_assert_not(taken(parse_namespace, "a\tb"));
    cr_assert_not(taken(parse_namespace, "a\x7f"));
    cr_assert_not(taken(parse_namespace, "a\xc2\x85"));     /* next line */
    cr_assert_not(taken(parse_namespace, "a\xe2\x80\xa8")); /* line separator */
    cr_assert_not(taken(parse_namespace, "\xef\xbb\xbf"));  /* mark of byte order */
    cr_assert(taken(parse_namespace, "\xc2\xa0"));          /* a blank that does not break */
}

Test(parse, times_are_at_most_an_hour)
{
    uint64_t us = 0;
    cr_assert_null(parse_time("500ms", &us));
    cr_assert_eq(us, 500000);
    cr_assert_null(parse_time("1h", &us));
    cr_assert_not(taken(parse_time, "61m"));
    cr_assert_not(taken(parse_time, "0s"));
    cr_assert_not(taken(parse_time, "2"));
}

Test(parse, listeners_are_numeric)
{
    cr_assert(taken(parse_listen, "127.0.0.1:0"));
    cr_assert(taken(parse_listen, "[::1]:65535"));
    cr_assert_not(taken(parse_listen, "127.0.0.1"));
    cr_assert_not(taken(parse_listen, "localhost:1"));
    cr_assert_not(taken(parse_listen, "127.0.0.1:65536"));
    cr_assert_not(taken(parse_listen, "off"));
    cr_assert(taken(parse_listen_or_off, "off"));
    cr_assert_not(taken(parse_listen_or_off, "on"));
}

Test(parse, an_advertised_address_may_do_without_a_port)
{
    struct addr a = {0};
    cr_assert_null(parse_host("10.0.0.1", &a));
    cr_assert_eq(a.port, 0);
    cr_assert_null(parse_host("10.0.0.1:7", &a));
    cr_assert_eq(a.port, 7);
    cr_assert_null(parse_host("fd00::1", &a));
    cr_assert_eq(a.ip_len, 16);
    cr_assert_not(taken(parse_host, "pod.example"));
}

Test(parse, seeds_may_be_names_and_servers_may_not)
{
    cr_assert(taken(parse_seed, "node.example:6248"));
    cr_assert_not(taken(parse_seed, "node.example"));
    cr_assert_not(taken(parse_seed, "node.example:0"));
    cr_assert(taken(parse_server, "10.0.0.1:53"));
    cr_assert_not(taken(parse_server, "dns.example:53"));
    cr_assert(taken(parse_host_name, "_gossip._udp.scrubjay.default.svc.cluster.local"));
    cr_assert_not(taken(parse_host_name, "a b"));
    cr_assert_not(taken(parse_host_name, ""));
}

Test(parse, switches)
{
    bool on = false;
    cr_assert_null(parse_switch("true", &on));
    cr_assert(on);
    cr_assert_null(parse_switch("no", &on));
    cr_assert_not(on);
    cr_assert_not(taken(parse_switch, "maybe"));
}

Test(parse, every_default_is_good)
{
    for (size_t i = 0; i < OPTIONS; i++) {
        const struct option_row *row = option_row((enum config_option)i);
        if (row->standard != NULL)
            cr_assert(taken(row->parse, row->standard), "%s", row->flag);
    }
}
