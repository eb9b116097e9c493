/** scrubjayd: parse, build, run. */
#include <sodium.h>
#include <stdio.h>
#include <unistd.h>

#include <sys/prctl.h>
#include <sys/resource.h>

#include "app/advice.h"
#include "app/banner.h"
#include "app/clientfile.h"
#include "app/config.h"
#include "app/config_flags.h"
#include "app/config_print.h"
#include "app/keyfile.h"
#include "app/notify.h"
#include "app/signals.h"
#include "app/size.h"
#include "http/server.h"
#include "loop/locked.h"
#include "node/node.h"
#include "node/view.h"

/** Everything of one process. */
struct daemon {
    struct config_source source;
    struct config config;
    struct policy policies[POLICIES_MAX]; /* lent to loop for its life */
    const char *hosts[CONFIG_LIST_MAX];   /* lent to http for its life */
    struct keyring ring;
    struct secretfile_mark mark, clients_mark;
    struct loop *loop;
    struct http *http;
    struct keyfile keyfile;
    struct clientfile clientfile;
    const struct clients *clients; /* until loop copied them */
    size_t clients_n;
    struct signals signals;
};

static int fail(int status, const char *why)
{
    (void)fprintf(stderr, "scrubjayd: %s\n", why);
    return status;
}

/** A mistake in a file is told as compilers do, without our name before it. */
static int refuse(const struct config_fault *fault)
{
    if (!fault->in_file)
        return fail(fault->status, fault->text);
    (void)fprintf(stderr, "%s\n", fault->text);
    return fault->status;
}

/* ---- before anything else ---- */

/** A core file would hold keys and values, and so would what a debugger reads (CWE-528): nothing is
 *  dumped from the first moment on. */
static void hide_memory(void)
{
    struct rlimit cores;
    if (getrlimit(RLIMIT_CORE, &cores) == 0) {
        cores.rlim_cur = 0;
        (void)setrlimit(RLIMIT_CORE, &cores);
    }
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/** Let it stay like that for good, or allow again what the system allows. */
static void settle_dumps(bool allowed)
{
    struct rlimit cores;
    if (getrlimit(RLIMIT_CORE, &cores) != 0)
        return;
    cores.rlim_cur = cores.rlim_max = allowed ? cores.rlim_max : 0;
    (void)setrlimit(RLIMIT_CORE, &cores);
    (void)prctl(PR_SET_DUMPABLE, allowed ? 1 : 0, 0, 0, 0);
}

/* ---- build ---- */

static bool read_keys(struct daemon *d)
{
    char why[KEYFILE_WHY_MAX];
    const char *path = d->config.keyring;
    if (path[0] == '\0')
        return true;
    (void)locked_keep(&d->ring,
                      sizeof d->ring); /* loop, which keeps a copy, tells when it cannot */
    if (keyfile_read(path, &d->ring, &d->mark, why))
        return true;
    (void)fail(EXIT_CONFIG, why);
    return false;
}

static bool read_clients(struct daemon *d)
{
    char why[CLIENTFILE_WHY_MAX];
    const char *path = d->config.clients;
    if (path[0] == '\0')
        return true;
    d->clients = clientfile_read(&d->clientfile, path, &d->clients_mark, why);
    if (d->clients != NULL) {
        d->clients_n = d->clients->n;
        return true;
    }
    (void)fprintf(stderr, "%s\n", why);
    return false;
}

/** Keys and clients, and what there is to say of them. */
static bool read_secrets(struct daemon *d)
{
    if (!read_keys(d) || !read_clients(d))
        return false;
    advice_warn(d->config.keyring[0] == '\0' ? NULL : d->config.keyring);
    return true;
}

/** What was read is with loop now, or of no use any more. */
static void forget_clients(struct daemon *d)
{
    d->clients = NULL;
    clientfile_wipe(&d->clientfile);
}

/** The list as what loop wants; at has room for CONFIG_LIST_MAX. */
static struct loop_texts texts_of(const struct config_list *list, const char **at)
{
    for (size_t i = 0; i < list->n; i++)
        at[i] = list->at[i];
    return (struct loop_texts){.at = at, .n = list->n};
}

static struct loop *make_loop(struct daemon *d, char *why, size_t why_cap)
{
    const struct config *c = &d->config;
    const char *at[4][CONFIG_LIST_MAX];
    const struct loop_cfg cfg = {.name = c->name,
                                 .cluster = c->cluster,
                                 .client = c->client,
                                 .gossip = c->gossip,
                                 .advertise = c->advertise,
                                 .keyring = &d->ring,
                                 .crypto = c->crypto,
                                 .key_quiet_us = c->key_quiet_us,
                                 .clients = d->clients,
                                 .login = c->login,
                                 .plain = c->plain,
                                 .profile = c->profile,
                                 .budget_bytes = c->memory.bytes,
                                 .value_max = c->value_max,
                                 .workers = c->workers,
                                 .seeds = texts_of(&c->join, at[0]),
                                 .dns_names = texts_of(&c->join_dns, at[1]),
                                 .srv_names = texts_of(&c->join_srv, at[2]),
                                 .dns_servers = texts_of(&c->dns_servers, at[3]),
                                 .drain_us = c->drain_us,
                                 .ready_alone_us = c->ready_alone_us,
                                 .warm_up = c->warm_up,
                                 .heal_log = c->heal_log,
                                 .policies = config_policies(c, d->policies),
                                 .log = {.level = c->log_level, .json = c->log_json}};
    return loop_new(&cfg, why, why_cap);
}

static bool build(struct daemon *d)
{
    char why[LOOP_WHY_MAX + HTTP_WHY_MAX];
    d->loop = make_loop(d, why, sizeof why);
    forget_clients(d);
    if (d->loop != NULL)
        d->http = http_new(d->loop, &d->config.http, why, sizeof why);
    if (d->http == NULL) {
        (void)fail(EXIT_RUN, why);
        return false;
    }
    http_memory_limit_set(d->http, size_memory_whole(""));
    http_names_set(d->http,
                   &(struct http_names){.own = d->config.name,
                                        .given = texts_of(&d->config.http_hosts, d->hosts)});
    return true;
}

/* ---- run ---- */

/** HUP: keys and clients always; of the settings only the log level can change while the node runs, so
 *  policies stay what they were until a restart. */
static void on_hangup(void *ctx)
{
    static struct config fresh; /* too long for the stack */
    struct daemon *d = ctx;
    enum config_action action = CONFIG_RUN;
    struct config_fault fault;
    keyfile_reload(&d->keyfile);
    clientfile_reload(&d->clientfile);
    if (config_load(&d->source, &fresh, &action, &fault)) {
        logger_level_set(loop_logger(d->loop), fresh.log_level);
        return;
    }
    const struct logger_field reason = logger_text("reason", fault.text);
    logger_say(loop_logger(d->loop), LOGGER_ERROR, "settings kept", &reason, 1);
}

static void greet(const struct daemon *d)
{
    struct loop_counters counters;
    loop_counters(d->loop, &counters);
    const struct banner banner = {.config = &d->config,
                                  .ring = &d->ring,
                                  .clients_n = d->clients_n,
                                  .client = loop_client_addr(d->loop),
                                  .gossip = loop_gossip_addr(d->loop),
                                  .advertise = loop_advertise_addr(d->loop),
                                  .http = http_addr(d->http),
                                  .fixed_bytes = counters.memory_fixed_bytes};
    banner_print(&banner, stdout);
}

/** Did the node leave because another process speaks as this very run? */
static bool was_poisoned(const struct loop *l)
{
    struct node_view view;
    node_inspect(loop_node(l), &view);
    return view.node.poisoned > 0;
}

/** Memory that is not locked may be written to a swap device, and keys with it. */
static void warn_of_swap(const struct daemon *d)
{
    if (loop_keys_swappable(d->loop))
        logger_say(loop_logger(d->loop), LOGGER_WARN,
                   "the system locks too little memory, so keys may be swapped: raise ulimit -l to "
                   "128 KiB",
                   NULL, 0);
}

static int run(struct daemon *d)
{
    signals_watch(&d->signals, d->loop, on_hangup, d);
    keyfile_watch(&d->keyfile, d->loop, d->config.keyring, &d->mark);
    clientfile_watch(&d->clientfile, d->loop, d->config.clients, &d->clients_mark);
    greet(d);
    keyring_fini(&d->ring); /* the node has its own, and drops keys from it */
    warn_of_swap(d);
    (void)notify_send(d->source.env, "READY=1\nSTATUS=listens");
    const int status = loop_run(d->loop);
    keyfile_unwatch(&d->keyfile);
    clientfile_unwatch(&d->clientfile);
    signals_unwatch(&d->signals);
    if (was_poisoned(d->loop))
        return fail(
            EXIT_RUN,
            "this run ended itself: another process spoke with its epoch, as a clone of this "
            "machine or container does; start it again, and never run copies of a live one");
    return status == 0 ? 0 : EXIT_RUN;
}

static int start(struct daemon *d)
{
    if (!read_secrets(d))
        return EXIT_CONFIG;
    const int status = build(d) ? run(d) : EXIT_RUN;
    http_free(d->http);
    loop_free(d->loop);
    keyring_fini(&d->ring);
    return status;
}

static int act(struct daemon *d, enum config_action action)
{
    switch (action) {
    case CONFIG_HELP:
        flags_help();
        return 0;
    case CONFIG_VERSION:
        (void)printf("scrubjayd " NODE_VERSION "\n");
        return 0;
    case CONFIG_PRINT:
        config_print(&d->config, stdout);
        return 0;
    case CONFIG_CHECK:
        if (!read_secrets(d))
            return EXIT_CONFIG;
        keyring_fini(&d->ring);
        forget_clients(d);
        (void)printf("the configuration is good\n");
        return 0;
    default:
        return start(d);
    }
}

int main(int argc, char *argv[])
{
    static struct daemon d; /* too long for the stack */
    char hostname[256] = "localhost";
    enum config_action action = CONFIG_RUN;
    struct config_fault fault;
    hide_memory();
    if (sodium_init() < 0)
        return fail(EXIT_RUN, "libsodium cannot be used: the system gives no random bytes");
    (void)gethostname(hostname, sizeof hostname - 1);
    d.source = (struct config_source){
        .argc = argc, .argv = argv, .env = environ, .root = "", .hostname = hostname};
    if (!config_load(&d.source, &d.config, &action, &fault))
        return refuse(&fault);
    settle_dumps(d.config.core_dumps);
    return act(&d, action);
}
