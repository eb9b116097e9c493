#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "app/banner.h"

static struct config config = {.name = "a",
                               .cluster = "c",
                               .workers = 2,
                               .crypto = SEAL_OFF,
                               .login = ENTRY_OFF,
                               .memory.bytes = 64 << 20};
static struct keyring ring;

static struct banner plain(void)
{
    const struct addr gossip = {.ip = {127, 0, 0, 1}, .ip_len = 4, .port = 6248};
    return (struct banner){.config = &config,
                           .ring = &ring,
                           .client = {.ip = {127, 0, 0, 1}, .ip_len = 4, .port = 6247},
                           .gossip = gossip,
                           .advertise = gossip,
                           .http = {.ip = {127, 0, 0, 1}, .ip_len = 4, .port = 6249},
                           .fixed_bytes = 3 << 20};
}

static char *printed(const struct banner *b)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    banner_print(b, out);
    (void)fclose(out);
    return text;
}

static void shows(const struct banner *b, const char *part)
{
    char *text = printed(b);
    cr_assert_not_null(strstr(text, part), "no \"%s\" in %s", part, text);
    free(text);
}

static void hides(const struct banner *b, const char *part)
{
    char *text = printed(b);
    cr_assert_null(strstr(text, part), "there is \"%s\" in %s", part, text);
    free(text);
}

Test(banner, tells_listeners_and_memory)
{
    const struct banner b = plain();
    shows(&b, "node a of cluster c\n");
    shows(&b, "clients  127.0.0.1:6247, 2 workers\n");
    shows(&b, "gossip   127.0.0.1:6248, udp and tcp, plain (off)\n");
    shows(&b, "http     http://127.0.0.1:6249/\n");
    shows(&b, "memory   64 MiB for the cache, 3.0 MiB fixed\n");
}

Test(banner, says_how_many_may_log_in)
{
    static const struct {
        enum entry login;
        const char *text, *command;
    } cases[] = {
        {ENTRY_OFF, "2 workers, 3 keys are not asked for (off)\n", "try: jay put"},
        {ENTRY_ACCEPT, "2 workers, 3 may log in, others need not (accept)\n", "try: jay put"},
        {ENTRY_REQUIRE, "2 workers, 3 may log in (require)\n",
         "try: jay --client-key FILE put greeting hello\n"}};
    static struct config keyed; /* too long for the stack */
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct banner b = plain();
        b.clients_n = 3;
        keyed = *b.config;
        keyed.login = cases[i].login;
        b.config = &keyed;
        shows(&b, cases[i].text);
        shows(&b, cases[i].command);
    }
}

Test(banner, says_how_many_vote_when_that_is_known)
{
    struct banner b = plain();
    struct config voting = config;
    hides(&b, "voters");
    voting.expect = 3;
    b.config = &voting;
    shows(&b, "\n  voters   3 expected\n");
}

Test(banner, the_next_command_works_as_it_stands)
{
    struct banner b = plain();
    shows(&b, "try: jay put greeting hello\n");
    b.client.port = 1234;
    shows(&b, "try: jay -s 127.0.0.1:1234 put greeting hello\n");
    b.client = (struct addr){.ip_len = 4, .port = 6247};
    shows(&b, "try: jay put greeting hello\n");
}

Test(banner, says_what_peers_are_told)
{
    struct banner b = plain();
    b.advertise.ip[0] = 10;
    shows(&b, "advertised as 10.0.0.1:6248\n");
}

Test(banner, names_the_sealing_key_and_the_mode_and_no_secret)
{
    static const struct {
        enum seal_mode mode;
        const char *text;
    } cases[] = {{SEAL_OFF, "udp and tcp, plain (off)\n"},
                 {SEAL_LISTEN, "udp and tcp, plain, takes sealed (listen)\n"},
                 {SEAL_PREFER, "udp and tcp, sealed with key k7, takes plain (prefer)\n"},
                 {SEAL_REQUIRE, "udp and tcp, sealed with key k7 (require)\n"}};
    static struct config keyed; /* too long for the stack */
    struct keyring sealed = {.n = 1, .keys = {{.label = "k7"}}};

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct banner b = plain();
        keyed = *b.config;
        keyed.crypto = cases[i].mode;
        b.config = &keyed;
        b.ring = &sealed;
        shows(&b, cases[i].text);
    }
}

Test(banner, http_may_be_off)
{
    struct banner b = plain();
    b.http = (struct addr){.ip_len = 0};
    shows(&b, "http     off\n");
}
