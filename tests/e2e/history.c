/**
 * tests/e2e/history.c - an application with a database, over several nodes, that writes down all it does.
 *
 *   history drive [--fence-ms N] [--seed N] [--pace-ms N] [--settle-ms N] OUT NAME=HOST:PORT...
 *       reads, fills and invalidates until SIGTERM; then rests, reads every key on every node, ends
 *   history drive [OPTION...] --service NAME:PORT --prefix TEXT --seats N OUT
 *       the same at whatever addresses that name has, with threads for N nodes, called TEXT0, TEXT1, ...
 *   history note phase TEXT | history note kill|gone|back NODE
 *       prints a line about what is done to the cluster, to be judged together with OUT
 *
 * The database is a version for each key, in this process. A writer commits a new version, then
 * invalidates, and repeats it elsewhere until a node has acknowledged it. A reader that misses reads
 * the database, dawdles, and fills with its token. NAME is one letter. The judge is judge.c.
 */
#include <pthread.h>
#include <scrubjay/client.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/rng.h"
#include "history/recent.h"
#include "history/seat.h"

#include "keys.h"
#include "record.h"

#define READERS  2    /* a node */
#define FENCE_MS 1000 /* default of scrubjayd */

/* ---- what all threads share ---- */

static atomic_uint_fast64_t database[KEYS];
static atomic_bool stopping;
static atomic_uint next_id = 1;
static FILE *history;

static size_t nodes_n; /* that there are threads for */

static struct {
    uint32_t fence_ms, pace_ms, settle_ms;
    const char *service, *prefix; /* NULL: fixed nodes */
    uint64_t seed;
} settings = {.fence_ms = FENCE_MS, .pace_ms = 4, .settle_ms = 5000, .seed = 1};

static void die(const char *what, const char *who)
{
    fprintf(stderr, "history: %s: %s\n", what, who);
    exit(2);
}

/** Names of outcomes that say nothing about values. */
static const char *outcome(struct scrubjay *c, enum scrubjay_status status)
{
    if (c == NULL)
        return "nobody";
    switch (status) {
    case SCRUBJAY_TIMEOUT:
        return "timeout";
    case SCRUBJAY_CONNECT:
        return "connect";
    case SCRUBJAY_UNKNOWN:
        return "unknown";
    case SCRUBJAY_INVALID:
        return "invalid";
    case SCRUBJAY_PROTOCOL:
        return "protocol";
    default:
        return scrubjay_error_name(c);
    }
}

static void rest(uint64_t us)
{
    const struct timespec t = {.tv_sec = (time_t)(us / 1000000),
                               .tv_nsec = (long)(us % 1000000) * 1000};
    nanosleep(&t, NULL);
}

/* ---- readers ---- */

struct reader {
    struct rng rng;
    struct seat seat;
};

/** The value of key 17 in its version 4 is "17.4". Anything else came from somewhere else. */
static bool parse(struct scrubjay_bytes value, struct record *r)
{
    char text[48] = {0};
    uint32_t key;
    if (value.len >= sizeof text)
        return false;
    memcpy(text, value.at, value.len);
    /* NOLINTNEXTLINE(cert-err34-c): what is no number makes the count differ */
    return sscanf(text, "%" SCNu32 ".%" SCNu64, &key, &r->v) == 2 && key == r->key;
}

static void judge_read(struct reader *self, enum scrubjay_status status,
                       const struct scrubjay_value *got, struct record *r)
{
    const char *res = "hit";
    if (status == SCRUBJAY_OK)
        res = parse(got->value, r) ? "hit" : "garbled";
    else if (status == SCRUBJAY_MISS)
        res = "miss";
    else if (status == SCRUBJAY_WAIT)
        res = "wait";
    else if (status == SCRUBJAY_UNPROVEN)
        res = "unproven";
    else
        res = outcome(self->seat.c, status);
    record_word(r->res, res);
}

/** What a slow application does between its database and its cache. */
static void dawdle(struct rng *rng)
{
    if (rng_chance(rng, 300))
        rest(rng_below(rng, 3000));
    else if (rng_chance(rng, 20))
        rest(rng_below(rng, 80000));
}

static void fill(struct reader *self, uint32_t key, const struct scrubjay_value *miss)
{
    char value[48];
    uint8_t token[SCRUBJAY_TOKEN_MAX];
    const struct names n = names_of(key);
    const struct scrubjay_bytes tags[] = {scrubjay_text(n.tag), scrubjay_text(n.half)};
    const struct scrubjay_store store = {.tags = tags, .tags_n = 2};
    struct record r = {.op = "fill", .key = key};
    if (miss->token.len == 0 || miss->token.len > sizeof token)
        return;
    memcpy(token, miss->token.at, miss->token.len);
    const struct scrubjay_bytes lent = {token, miss->token.len};
    r.v = atomic_load(&database[key]);
    dawdle(&self->rng);
    snprintf(value, sizeof value, "%" PRIu32 ".%" PRIu64, key, r.v);
    r.from_us = record_now();
    const enum scrubjay_status status = scrubjay_fill(
        self->seat.c, namespace_of(key), scrubjay_text(n.key), scrubjay_text(value), lent, &store);
    r.to_us = record_now();
    r.node = seat_settle(&self->seat, status);
    record_word(r.res, status == SCRUBJAY_OK ? "stored" : outcome(self->seat.c, status));
    record_write(history, &r);
}

/** Choose what is asked for beside the key; sets r->how and what belongs to it. */
static struct scrubjay_read choose_read(struct reader *self, struct recent *after, struct record *r)
{
    struct scrubjay_read read = {.wait_ms = rng_chance(&self->rng, 250) ? 30 : 0};
    const uint64_t dice = rng_below(&self->rng, 100);
    if (dice < 65 || (dice < 80 && !recent_recall(&self->rng, after))) {
        record_word(r->how, "plain");
    } else if (dice < 80) {
        record_word(r->how, "after");
        read.after = &after->stamp;
        read.after_n = 1;
        r->key = after->key;
        r->ref = after->id;
    } else {
        record_word(r->how, "within");
        r->bound = settings.fence_ms / 4 + (uint32_t)rng_below(&self->rng, settings.fence_ms);
        read.within_ms = r->bound;
    }
    return read;
}

static bool failed(enum scrubjay_status status)
{
    return status != SCRUBJAY_OK && status != SCRUBJAY_MISS && status != SCRUBJAY_WAIT &&
           status != SCRUBJAY_UNPROVEN;
}

static void read_once(struct reader *self)
{
    struct recent after;
    struct scrubjay_value got = {0};
    struct record r = {.op = "read", .key = (uint32_t)rng_below(&self->rng, KEYS)};
    const struct scrubjay_read read = choose_read(self, &after, &r);
    const struct names n = names_of(r.key);
    enum scrubjay_status status = seat_take(&self->seat);
    r.from_us = record_now();
    if (status == SCRUBJAY_OK)
        status =
            scrubjay_get_with(self->seat.c, namespace_of(r.key), scrubjay_text(n.key), &read, &got);
    r.to_us = record_now();
    r.node = seat_settle(&self->seat, status);
    judge_read(self, status, &got, &r);
    record_write(history, &r);
    if (status == SCRUBJAY_MISS)
        fill(self, r.key, &got);
    rest(failed(status) ? 50000 : rng_jitter(&self->rng, (uint64_t)settings.pace_ms * 1000, 60));
}

static void *run_reader(void *ctx)
{
    struct reader *self = ctx;
    while (!atomic_load(&stopping))
        read_once(self);
    seat_leave(&self->seat);
    return NULL;
}

/* ---- writers ---- */

struct writer {
    size_t node;
    struct rng rng;
    struct seat to[RECORD_NODES]; /* of a service only the first */
};

/** One write: what it covers, and how that is told. */
struct write {
    uint32_t id, first, keys[GROUP];
    size_t keys_n;
    uint64_t v[GROUP];
    const char *how, *level;
    enum scrubjay_scope scope;
    bool intent;
    struct scrubjay_how options;
};

/** Keys of first's group: all, or those of its half. */
static void cover(struct write *w, uint32_t step)
{
    const uint32_t group = w->first - w->first % GROUP;
    for (uint32_t i = step == 1 ? 0 : w->first % step; i < GROUP; i += step)
        w->keys[w->keys_n++] = group + i;
}

static void choose_scope(struct rng *rng, struct write *w)
{
    const uint64_t dice = rng_below(rng, 100);
    w->scope = SCRUBJAY_KEY;
    w->how = "key";
    if (dice < 60) {
        w->keys[w->keys_n++] = w->first;
    } else if (dice < 72) {
        w->how = "tag";
        w->scope = SCRUBJAY_TAG;
        cover(w, 1);
    } else if (dice < 82) {
        w->how = "prefix";
        w->scope = SCRUBJAY_PREFIX;
        cover(w, 1);
    } else if (dice < 90) {
        w->how = "tags_all";
        w->scope = SCRUBJAY_TAGS_ALL;
        cover(w, 2);
    } else if (dice < 96) {
        w->how = "soft";
        w->options.soft = true;
        w->keys[w->keys_n++] = w->first;
    } else if (dice < 99) {
        w->how = "intent";
        w->intent = true;
        w->keys[w->keys_n++] = w->first;
    } else { /* only one group of the small namespace is written anew: the rest is dropped with it */
        w->how = "namespace";
        w->scope = SCRUBJAY_NAMESPACE;
        w->first = SMALL_FROM + w->first % (KEYS - SMALL_FROM);
        cover(w, 1);
    }
}

static void choose_level(struct rng *rng, struct write *w)
{
    static const struct {
        uint64_t below;
        const char *word;
        enum scrubjay_ack_level level;
    } LEVELS[] = {{68, "local", SCRUBJAY_ACK_LOCAL},
                  {76, "1", SCRUBJAY_ACK_NODES},
                  {88, "quorum", SCRUBJAY_ACK_QUORUM},
                  {92, "all", SCRUBJAY_ACK_ALL},
                  {100, "fenced", SCRUBJAY_ACK_FENCED}};

    const uint64_t dice = rng_below(rng, 100);
    size_t i = 0;
    while (dice >= LEVELS[i].below)
        i++;
    w->level = LEVELS[i].word;
    w->options.ack = (struct scrubjay_ack){.level = LEVELS[i].level,
                                           .nodes = LEVELS[i].level == SCRUBJAY_ACK_NODES,
                                           .timeout_ms = settings.fence_ms * 2};
}

static void commit_database(struct write *w)
{
    for (size_t i = 0; i < w->keys_n; i++)
        w->v[i] = atomic_fetch_add(&database[w->keys[i]], 1) + 1;
}

static enum scrubjay_status call(struct scrubjay *c, const struct write *w,
                                 struct scrubjay_stamp *stamp)
{
    const struct names n = names_of(w->first);
    struct scrubjay_bytes targets[2] = {scrubjay_text(n.key), scrubjay_text(n.half)};
    struct scrubjay_aim aim = {
        .ns = namespace_of(w->first), .scope = w->scope, .targets = targets, .targets_n = 1};
    if (w->scope == SCRUBJAY_TAG || w->scope == SCRUBJAY_TAGS_ALL)
        targets[0] = scrubjay_text(n.tag);
    if (w->scope == SCRUBJAY_TAGS_ALL)
        aim.targets_n = 2;
    if (w->scope == SCRUBJAY_PREFIX)
        targets[0] = scrubjay_text(n.group);
    if (w->scope == SCRUBJAY_NAMESPACE)
        aim.targets_n = 0;
    return scrubjay_invalidate_with(c, &aim, &w->options, stamp);
}

/** Let go, and cache what was written with the token that was given before. */
static enum scrubjay_status put_written(struct scrubjay *c, const struct write *w,
                                        const struct scrubjay_begun *begun,
                                        struct scrubjay_stamp *stamp)
{
    char value[48];
    const struct names n = names_of(w->first);
    const struct scrubjay_bytes tags[] = {scrubjay_text(n.tag), scrubjay_text(n.half)};
    const struct scrubjay_store store = {.tags = tags,
                                         .tags_n = 2,
                                         .token = begun->tokens[0],
                                         .ack = w->options.ack,
                                         .txn = &begun->txn};
    snprintf(value, sizeof value, "%" PRIu32 ".%" PRIu64, w->first, w->v[0]);
    return scrubjay_put(c, namespace_of(w->first), scrubjay_text(n.key), scrubjay_text(value),
                        &store, stamp);
}

/** Hold fills back, write the database, let go. false: the intent was not begun, nothing was written. */
static bool call_intent(struct scrubjay *c, struct write *w, struct record *r,
                        struct scrubjay_stamp *stamp, enum scrubjay_status *status)
{
    const struct names n = names_of(w->first);
    const struct scrubjay_bytes target = scrubjay_text(n.key);
    struct scrubjay_begun begun;
    *status = scrubjay_begin(c,
                             &(struct scrubjay_aim){.ns = namespace_of(w->first),
                                                    .scope = SCRUBJAY_KEY,
                                                    .targets = &target,
                                                    .targets_n = 1},
                             2000, NULL, &begun);
    if (*status != SCRUBJAY_OK)
        return false;
    commit_database(w);
    r->from_us = record_now();
    *status = w->v[0] % 2 == 0 ? put_written(c, w, &begun, stamp)
                               : scrubjay_commit(c, &begun.txn, &w->options.ack, stamp);
    return true;
}

static uint32_t mask_of(const struct scrubjay_acks *acks)
{
    uint32_t mask = 0;
    for (size_t i = 0; i < acks->applied_n; i++) {
        const char node = seat_letter(acks->applied[i]);
        if (node >= 'a' && node <= 'z')
            mask |= 1U << (node - 'a');
    }
    return mask;
}

static void write_down(const struct write *w, struct record *r)
{
    for (size_t i = 0; i < w->keys_n; i++) {
        r->key = w->keys[i];
        r->v = w->v[i];
        record_write(history, r);
    }
}

/** One try at one node. false: nobody has acknowledged it. */
static bool try_at(struct seat *seat, struct write *w)
{
    struct scrubjay_stamp stamp = {.len = 0};
    struct scrubjay_acks acks = {0};
    struct record r = {.op = "inv", .id = w->id};
    enum scrubjay_status status = seat_take(seat);
    struct scrubjay *c = seat->c;
    const bool seated = status == SCRUBJAY_OK;
    r.from_us = record_now();
    const bool called = w->intent && seated && call_intent(c, w, &r, &stamp, &status);
    if (w->intent && !called)
        commit_database(w); /* an application that can do without */
    w->intent = false;
    if (!called && seated)
        status = call(c, w, &stamp);
    r.to_us = record_now();
    r.node = seat_settle(seat, status);
    const bool acked = status == SCRUBJAY_OK || status == SCRUBJAY_UNREACHED;
    record_word(r.how, w->how);
    record_word(r.level, w->level);
    record_word(r.res, status == SCRUBJAY_OK          ? "ok"
                       : status == SCRUBJAY_UNREACHED ? "unreached"
                                                      : outcome(c, status));
    if (acked && scrubjay_acked(c, &acks) == SCRUBJAY_OK)
        r.mask = mask_of(&acks);
    write_down(w, &r);
    if (acked)
        recent_keep(&(struct recent){.stamp = stamp, .id = w->id, .key = w->first});
    return acked;
}

static void write_once(struct writer *self)
{
    struct write w = {.first = (uint32_t)rng_below(&self->rng, KEYS)};
    choose_scope(&self->rng, &w);
    choose_level(&self->rng, &w);
    if (!w.intent)
        commit_database(&w);
    for (size_t tries = 0;; tries++) {
        w.id = atomic_fetch_add(&next_id, 1);
        if (try_at(&self->to[settings.service != NULL ? 0 : (self->node + tries) % nodes_n], &w))
            break;
        w.level = "local"; /* whoever could not have more takes what there is */
        w.options.ack = (struct scrubjay_ack){.level = SCRUBJAY_ACK_LOCAL};
        rest(20000);
    }
}

static void *run_writer(void *ctx)
{
    struct writer *self = ctx;
    while (!atomic_load(&stopping)) {
        write_once(self);
        rest(rng_jitter(&self->rng, (uint64_t)settings.pace_ms * 20000, 60));
    }
    for (size_t i = 0; i < nodes_n; i++)
        seat_leave(&self->to[i]);
    return NULL;
}

/* ---- the end ---- */

static void read_final(struct seat seat)
{
    struct reader self = {.seat = seat};
    for (uint32_t key = 0; key < KEYS; key++) {
        struct record r = {.op = "read", .node = seat.node, .key = key, .how = "final"};
        struct scrubjay_value got = {0};
        const struct names n = names_of(key);
        r.from_us = record_now();
        const enum scrubjay_status status =
            scrubjay_get(self.seat.c, namespace_of(key), scrubjay_text(n.key), &got);
        r.to_us = record_now();
        judge_read(&self, status, &got, &r);
        record_write(history, &r);
    }
    seat_leave(&self.seat);
}

/** Everybody who can be asked when all is over. */
static void read_finals(void)
{
    static char places[RECORD_NODES][SEAT_ADDRESS];
    if (settings.service == NULL) {
        for (size_t i = 0; i < nodes_n; i++)
            read_final(seat_at(i, 0));
        return;
    }
    const size_t n = seats_now(places, RECORD_NODES);
    if (n == 0)
        die("nobody is there at the end", settings.service);
    for (size_t i = 0; i < n; i++)
        read_final(seat_of(places[i]));
}

static void make_writer(struct writer *w, size_t node)
{
    w->node = node;
    rng_init(&w->rng, settings.seed + 1000 + node);
    for (size_t i = 0; i < nodes_n; i++)
        w->to[i] = seat_at(i, settings.seed + 3000 + node);
}

static void start(pthread_t *thread, void *(*run)(void *), void *ctx)
{
    if (pthread_create(thread, NULL, run, ctx) != 0)
        die("no thread", "pthread_create");
}

static int drive(void)
{
    static struct reader readers[RECORD_NODES * READERS];
    static struct writer writers[RECORD_NODES];
    static pthread_t threads[RECORD_NODES * (READERS + 1)];
    size_t threads_n = 0;
    sigset_t set;
    int signal_number;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    for (size_t i = 0; i < nodes_n * READERS; i++) {
        readers[i].seat = seat_at(i % nodes_n, settings.seed + 2000 + i);
        rng_init(&readers[i].rng, settings.seed + i);
        start(&threads[threads_n++], run_reader, &readers[i]);
    }
    for (size_t i = 0; i < nodes_n; i++) {
        make_writer(&writers[i], i);
        start(&threads[threads_n++], run_writer, &writers[i]);
    }
    sigwait(&set, &signal_number);
    atomic_store(&stopping, true);
    for (size_t i = 0; i < threads_n; i++)
        pthread_join(threads[i], NULL);
    rest((uint64_t)settings.settle_ms * 1000);
    read_finals();
    return fclose(history) != 0;
}

/* ---- the command line ---- */

static int note(const char *how, const char *text)
{
    struct record r = {.op = "note", .node = '-'};
    r.from_us = r.to_us = record_now();
    record_word(r.how, how);
    record_word(r.res, text);
    if (strcmp(how, "phase") != 0)
        r.node = text[0];
    record_write(stdout, &r);
    return 0;
}

static uint32_t number(const char *text)
{
    char *end;
    const unsigned long n = strtoul(text, &end, 10);
    if (*text == 0 || *end != 0 || n > UINT32_MAX)
        die("not a number", text);
    return (uint32_t)n;
}

/** Take --NAME VALUE. false: argv[0] is none of them. */
static bool option(char **argv)
{
    if (strcmp(argv[0], "--fence-ms") == 0)
        settings.fence_ms = number(argv[1]);
    else if (strcmp(argv[0], "--pace-ms") == 0)
        settings.pace_ms = number(argv[1]);
    else if (strcmp(argv[0], "--settle-ms") == 0)
        settings.settle_ms = number(argv[1]);
    else if (strcmp(argv[0], "--seed") == 0)
        settings.seed = number(argv[1]);
    else if (strcmp(argv[0], "--service") == 0)
        settings.service = argv[1];
    else if (strcmp(argv[0], "--prefix") == 0)
        settings.prefix = argv[1];
    else if (strcmp(argv[0], "--seats") == 0)
        nodes_n = number(argv[1]);
    else
        return false;
    return true;
}

static void add_node(char *text)
{
    if (text[0] < 'a' || text[0] > 'z' || text[1] != '=' || seats_nodes() == RECORD_NODES)
        die("not a node, as in a=10.0.0.1:6247", text);
    seats_add(text[0], text + 2);
    nodes_n = seats_nodes();
}

static void find_nodes(char **texts, int n)
{
    for (int i = 0; i < n; i++)
        add_node(texts[i]);
    if (nodes_n == 0 || nodes_n > RECORD_NODES || (settings.service != NULL && n > 0))
        die("give nodes, or a service and its seats", "drive");
    if (settings.service != NULL &&
        (settings.prefix == NULL || !seats_use_service(settings.service, settings.prefix)))
        die("not a service", settings.service);
}

int main(int argc, char **argv)
{
    int i = 2;
    if (argc == 4 && strcmp(argv[1], "note") == 0)
        return note(argv[2], argv[3]);
    if (argc > 3 && strcmp(argv[1], "drive") == 0) {
        while (i + 1 < argc && option(argv + i))
            i += 2;
        history = i < argc ? fopen(argv[i], "w") : NULL;
        if (history == NULL)
            die("cannot write", i < argc ? argv[i] : "(no file)");
        find_nodes(argv + i + 1, argc - i - 1);
        return drive();
    }
    fprintf(stderr, "usage: history drive [OPTION...] OUT NAME=HOST:PORT... | note HOW TEXT\n");
    return 2;
}
