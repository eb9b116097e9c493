#include "app/banner.h"

#include "loop/address.h"
#include "node/node.h"

#define DEFAULT_CLIENT "127.0.0.1:6247" /* where jay looks when it is told nothing */
#define MIB            (1024.0 * 1024.0)

/** How packets go out, what else is taken, and the word for both. */
static void say_mode(const struct banner *b, FILE *out)
{
    const enum seal_mode mode = b->config->crypto;
    if (mode_seals(mode))
        (void)fprintf(out, ", sealed with key %s", b->ring->keys[0].label);
    else
        (void)fprintf(out, ", plain");
    if (mode == SEAL_LISTEN)
        (void)fprintf(out, ", takes sealed");
    if (mode == SEAL_PREFER)
        (void)fprintf(out, ", takes plain");
    (void)fprintf(out, " (%s)", mode_text(mode));
}

/** Who has to log in, and the word for it where there is a file. */
static void say_entry(const struct banner *b, FILE *out)
{
    static const char *const texts[] = {[ENTRY_OFF] = "keys are not asked for",
                                        [ENTRY_ACCEPT] = "may log in, others need not",
                                        [ENTRY_REQUIRE] = "may log in"};
    const enum entry entry = b->config->login;
    if (b->clients_n == 0)
        return;
    (void)fprintf(out, ", %zu %s (%s)", b->clients_n, texts[entry], entry_text(entry));
}

static void say_gossip(const struct banner *b, FILE *out)
{
    char bound[ADDRESS_TEXT_MAX];
    char told[ADDRESS_TEXT_MAX];
    (void)fprintf(out, "  gossip   %s, udp and tcp", address_format(&b->gossip, bound));
    say_mode(b, out);
    if (!addr_eq(&b->gossip, &b->advertise))
        (void)fprintf(out, ", advertised as %s", address_format(&b->advertise, told));
    (void)fprintf(out, "\n");
}

static void say_http(const struct banner *b, FILE *out)
{
    char text[ADDRESS_TEXT_MAX];
    if (addr_known(&b->http))
        (void)fprintf(out, "  http     http://%s/\n", address_format(&b->http, text));
    else
        (void)fprintf(out, "  http     off\n");
}

/** A wildcard is no address to connect to. */
static struct addr reachable(struct addr a)
{
    struct addr out = address_is_any(&a) ? address_loopback(a.ip_len) : a;
    out.port = a.port;
    return out;
}

static void say_command(const struct banner *b, FILE *out)
{
    char text[ADDRESS_TEXT_MAX];
    const struct addr client = reachable(b->client);
    const bool usual =
        slice_eq(slice_text(address_format(&client, text)), slice_text(DEFAULT_CLIENT));
    (void)fprintf(out, "try: jay%s%s%s put greeting hello\n", usual ? "" : " -s ",
                  usual ? "" : text, entry_is_open(b->config->login) ? "" : " --client-key FILE");
}

void banner_print(const struct banner *b, FILE *out)
{
    char text[ADDRESS_TEXT_MAX];
    const struct config *c = b->config;
    (void)fprintf(out, "scrubjayd " NODE_VERSION ": node %s of cluster %s\n", c->name, c->cluster);
    (void)fprintf(out, "  clients  %s, %u worker%s", address_format(&b->client, text), c->workers,
                  c->workers == 1 ? "" : "s");
    say_entry(b, out);
    (void)fprintf(out, "\n");
    say_gossip(b, out);
    if (c->expect != 0)
        (void)fprintf(out, "  voters   %u expected\n", c->expect);
    say_http(b, out);
    (void)fprintf(out, "  memory   %.0f MiB for the cache, %.1f MiB fixed\n",
                  (double)c->memory.bytes / MIB, (double)b->fixed_bytes / MIB);
    say_command(b, out);
    (void)fflush(out);
}
