#include <criterion/criterion.h>

#include "base/attr.h"
#include "loop/address.h"
#include "loop/clock.h"
#include "loop/dns.h"

#include "dns_script.h"

#define PORT 6248

static const struct script_entry ENTRIES[] = {
    {.name = "peers.test", .type = 1, .values = {"10.0.0.1", "10.0.0.2"}, .ttl_s = 30},
    {.name = "peers.test", .type = 28, .values = {"2001:db8::1"}, .ttl_s = 7},
    {.name = "brief.test", .type = 1, .values = {"10.0.0.3"}, .ttl_s = 5},
    {.name = "again.test", .type = 1, .values = {"10.0.0.1"}, .ttl_s = 60},
    {.name = "empty.test", .type = 1, .ttl_s = 60},
    {.name = "_gossip._udp.test", .type = 33, .values = {"b.test:7777", "c.test:8888"}, .ttl_s = 9},
    {.name = "b.test", .type = 1, .values = {"10.0.1.2"}, .ttl_s = 20},
    {.name = "c.test", .type = 1, .values = {"10.0.1.3"}, .ttl_s = 20},
};

/** What the last look-up found. */
struct found {
    struct ev_loop *ev;
    struct dns *dns;
    struct addr addrs[DNS_ADDRS_MAX];
    size_t n;
    uint32_t ttl_s;
    int told;
    int again; /* look-ups to begin from inside the answer */
};

static void on_done(void *ctx, const struct addr *addrs, size_t n, uint32_t ttl_s)
{
    struct found *f = ctx;
    for (size_t i = 0; i < n; i++)
        f->addrs[i] = addrs[i];
    f->n = n;
    f->ttl_s = ttl_s;
    f->told++;
    if (f->again-- > 0)
        dns_resolve(f->dns);
    else
        ev_break(f->ev, EVBREAK_ALL);
}

/** A script, a resolver that asks it, and room for what it finds. */
static struct script script;
static struct found found;
static const char *server;

static void set_up(void)
{
    script = (struct script){.entries = ENTRIES, .n = ARRAY_LEN(ENTRIES)};
    found = (struct found){.ev = ev_loop_new(0)};
    script_start(&script, found.ev);
    server = script.server;
}

static void tear_down(void)
{
    dns_free(found.dns);
    script_stop(&script);
    ev_loop_destroy(found.ev);
}

static struct dns_cfg cfg_of(void)
{
    return (struct dns_cfg){.servers = &server,
                            .servers_n = 1,
                            .port = PORT,
                            .v4 = true,
                            .v6 = false,
                            .wait_ms = 1000,
                            .tries = 2};
}

static void resolve(const struct dns_cfg *cfg)
{
    found.dns = dns_new(found.ev, cfg, on_done, &found);
    cr_assert_neq(found.dns, NULL);
    dns_resolve(found.dns);
    cr_assert_eq(found.told, 0, "an answer comes from the loop, never from inside the call");
    ev_run(found.ev, 0);
}

static bool has(const char *text)
{
    struct addr a;
    cr_assert_eq(address_parse(text, &a), OK);
    for (size_t i = 0; i < found.n; i++) {
        if (addr_eq(&found.addrs[i], &a))
            return true;
    }
    return false;
}

TestSuite(dns, .init = set_up, .fini = tear_down, .timeout = 20);

Test(dns, a_service_resolves_to_all_its_addresses_with_the_gossip_port)
{
    const char *names[] = {"peers.test"};
    struct dns_cfg cfg = cfg_of();
    cfg.names = names;
    cfg.names_n = 1;
    resolve(&cfg);
    cr_expect_eq(found.n, 2);
    cr_expect(has("10.0.0.1:6248") && has("10.0.0.2:6248"));
    cr_expect_eq(found.ttl_s, 30);
    cr_expect_eq(script.asked, 1, "AAAA is not asked for where we have no IPv6");
}

Test(dns, both_families_are_asked_for_where_we_have_both)
{
    const char *names[] = {"peers.test"};
    struct dns_cfg cfg = cfg_of();
    cfg.names = names;
    cfg.names_n = 1;
    cfg.v6 = true;
    resolve(&cfg);
    cr_expect_eq(found.n, 3);
    cr_expect(has("[2001:db8::1]:6248"));
    cr_expect_eq(found.ttl_s, 7);
}

Test(dns, several_names_give_one_answer_with_the_least_ttl_and_no_address_twice)
{
    const char *names[] = {"peers.test", "again.test", "brief.test"};
    struct dns_cfg cfg = cfg_of();
    cfg.names = names;
    cfg.names_n = 3;
    resolve(&cfg);
    cr_expect_eq(found.told, 1);
    cr_expect_eq(found.n, 3);
    cr_expect_eq(found.ttl_s, 5);
}

Test(dns, srv_names_tell_the_ports)
{
    const char *srvs[] = {"_gossip._udp.test"};
    struct dns_cfg cfg = cfg_of();
    cfg.srvs = srvs;
    cfg.srvs_n = 1;
    resolve(&cfg);
    cr_expect_eq(found.n, 2);
    cr_expect(has("10.0.1.2:7777") && has("10.0.1.3:8888"));
    cr_expect_eq(found.ttl_s, 9, "the SRV records hold the shortest");
}

Test(dns, a_name_that_does_not_exist_is_nobody)
{
    const char *names[] = {"nowhere.test", "empty.test"};
    struct dns_cfg cfg = cfg_of();
    cfg.names = names;
    cfg.names_n = 2;
    resolve(&cfg);
    cr_expect_eq(found.told, 1);
    cr_expect_eq(found.n, 0);
    const struct dns_counters c = dns_counters(found.dns);
    cr_expect_eq(c.nobody, 1);
    cr_expect_eq(c.errors, 0, "NXDOMAIN and NODATA are answers");
}

/* Look up once more. Returns: did the time of the last answer that named somebody move? */
static bool renews_age(void)
{
    const mono_us before = dns_counters(found.dns).ok_at;
    dns_resolve(found.dns);
    ev_run(found.ev, 0);
    return dns_counters(found.dns).ok_at > before;
}

Test(dns, only_an_answer_that_names_somebody_renews_the_age_of_the_last)
{
    const char *nowhere[] = {"nowhere.test"}, *brief[] = {"brief.test"};
    struct dns_cfg cfg = cfg_of();
    cfg.names = nowhere;
    cfg.names_n = 1;
    resolve(&cfg);
    cr_expect_not(renews_age());
    dns_free(found.dns);
    found.told = 0;
    cfg.names = brief;
    resolve(&cfg);
    cr_expect(renews_age());
}

Test(dns, what_was_answered_is_asked_again)
{
    const char *names[] = {"nowhere.test", "brief.test"};
    struct dns_cfg cfg = cfg_of();
    cfg.names = names;
    cfg.names_n = 2;
    resolve(&cfg);
    const size_t asked = script.asked;
    dns_resolve(found.dns);
    ev_run(found.ev, 0);
    cr_expect_gt(asked, 0);
    cr_expect_eq(script.asked, 2 * asked, "answers are not kept, nor is their lack");
}

Test(dns, one_name_that_fails_does_not_hide_the_others)
{
    const char *names[] = {"nowhere.test", "brief.test"};
    struct dns_cfg cfg = cfg_of();
    cfg.names = names;
    cfg.names_n = 2;
    resolve(&cfg);
    cr_expect_eq(found.n, 1);
    cr_expect(has("10.0.0.3:6248"));
}

Test(dns, silence_is_nobody_within_the_bound)
{
    const char *names[] = {"peers.test"};
    struct dns_cfg cfg = cfg_of();
    cfg.names = names;
    cfg.names_n = 1;
    cfg.wait_ms = 50;
    script.silent = true;
    const mono_us begun = clock_now();
    resolve(&cfg);
    const mono_us took = clock_now() - begun;
    cr_expect_eq(found.n, 0);
    cr_expect_geq(script.asked, 2, "asked twice");
    cr_expect_lt(took, 3 * 100 * US_PER_MS);
    cr_expect_eq(dns_counters(found.dns).timeouts, 1);
}

Test(dns, a_numeric_seed_needs_no_server)
{
    const char *seeds[] = {"10.9.9.9:1234", "[2001:db8::9]:1"};
    struct dns_cfg cfg = cfg_of();
    cfg.seeds = seeds;
    cfg.seeds_n = 2;
    resolve(&cfg);
    cr_expect_eq(found.n, 1, "the other is of a family that we do not have");
    cr_expect(has("10.9.9.9:1234"));
    cr_expect_eq(script.asked, 0);
    cr_expect_gt(found.ttl_s, 0);
}

Test(dns, a_seeds_host_is_found_as_the_system_finds_it)
{
    const char *seeds[] = {"localhost:1234", "b.test:99"};
    struct dns_cfg cfg = cfg_of();
    cfg.seeds = seeds;
    cfg.seeds_n = 2;
    resolve(&cfg);
    cr_expect(has("127.0.0.1:1234"), "from the hosts file");
    cr_expect(has("10.0.1.2:99"), "from DNS");
}

Test(dns, look_ups_do_not_overlap)
{
    const char *names[] = {"brief.test"};
    struct dns_cfg cfg = cfg_of();
    cfg.names = names;
    cfg.names_n = 1;
    found.dns = dns_new(found.ev, &cfg, on_done, &found);
    cr_assert_neq(found.dns, NULL);
    for (int i = 0; i < 5; i++)
        dns_resolve(found.dns);
    ev_run(found.ev, 0);
    cr_expect_eq(found.told, 1);
    cr_expect_eq(script.asked, 1);
}

Test(dns, an_answer_may_begin_the_next_look_up)
{
    const char *names[] = {"brief.test"};
    struct dns_cfg cfg = cfg_of();
    cfg.names = names;
    cfg.names_n = 1;
    found.again = 3;
    resolve(&cfg);
    cr_expect_eq(found.told, 4);
    cr_expect_eq(dns_counters(found.dns).answers, 4);
}

Test(dns, nothing_configured_is_nobody)
{
    const struct dns_cfg cfg = cfg_of();
    resolve(&cfg);
    cr_expect_eq(found.told, 1);
    cr_expect_eq(found.n, 0);
}

Test(dns, a_server_that_is_no_address_is_refused)
{
    const char *bad[] = {"not an address"};
    struct dns_cfg cfg = cfg_of();
    cfg.servers = bad;
    cr_expect_eq(dns_new(found.ev, &cfg, on_done, &found), NULL);
}
