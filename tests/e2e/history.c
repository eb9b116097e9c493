/**
 * tests/e2e/history.c - an application with a database, over several nodes, that writes down all it does.
 *
 *   history drive [--fence-ms N] [--seed N] [--pace-ms N] [--settle-ms N] OUT NAME=HOST:PORT...
 *       reads, fills and invalidates until SIGTERM; then rests, reads every key on every node, ends
 *   history note phase TEXT | history note kill NODE
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

#include "keys.h"
#include "record.h"

#define STAMPS   64 /* recent ones that readers may be after */
#define READERS  2  /* a node */
#define CALL_MS  1000
#define FENCE_MS 1000 /* default of scrubjayd */

/* ---- what all threads share ---- */

static atomic_uint_fast64_t database[KEYS];
static atomic_bool stopping;
static atomic_uint next_id = 1;
static FILE *history;

static struct node {
    char name;
    const char *address;
} nodes[RECORD_NODES];

static size_t nodes_n;

static struct {
    uint32_t fence_ms, pace_ms, settle_ms;
    uint64_t seed;
} settings = {.fence_ms = FENCE_MS, .pace_ms = 4, .settle_ms = 5000, .seed = 1};

/** A stamp that was acknowledged, and one key that it covers. */
struct recent {
    struct scrubjay_stamp stamp;
    uint32_t id, key;
};

static struct recent recent[STAMPS];
static size_t recent_n;
static pthread_mutex_t recent_lock = PTHREAD_MUTEX_INITIALIZER;

static void remember(const struct recent *r)
{
    pthread_mutex_lock(&recent_lock);
    recent[recent_n++ % STAMPS] = *r;
    pthread_mutex_unlock(&recent_lock);
}

static bool recall(struct rng *rng, struct recent *out)
{
    pthread_mutex_lock(&recent_lock);
    const size_t n = recent_n < STAMPS ? recent_n : STAMPS;
    if (n > 0)
        *out = recent[rng_below(rng, n)];
    pthread_mutex_unlock(&recent_lock);
    return n > 0;
}

static void die(const char *what, const char *who)
{
    fprintf(stderr, "history: %s: %s\n", what, who);
    exit(2);
}

/** Names of outcomes that say nothing about values. */
static const char *outcome(struct scrubjay *c, enum scrubjay_status status)
{
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

static struct scrubjay *client_of(size_t node)
{
    const struct scrubjay_options options = {
        .address = nodes[node].address, .name = "history", .timeout_ms = CALL_MS};
    struct scrubjay *c = scrubjay_new(&options);
    if (c == NULL)
        die("no client", nodes[node].address);
    return c;
}

static void rest(uint64_t us)
{
    const struct timespec t = {.tv_sec = (time_t)(us / 1000000),
                               .tv_nsec = (long)(us % 1000000) * 1000};
    nanosleep(&t, NULL);
}

/* ---- readers ---- */

struct reader {
    size_t node;
    struct rng rng;
    struct scrubjay *c;
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
        res = outcome(self->c, status);
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
    struct record r = {.op = "fill", .node = nodes[self->node].name, .key = key};
    if (miss->token.len == 0 || miss->token.len > sizeof token)
        return;
    memcpy(token, miss->token.at, miss->token.len);
    const struct scrubjay_bytes lent = {token, miss->token.len};
    r.v = atomic_load(&database[key]);
    dawdle(&self->rng);
    snprintf(value, sizeof value, "%" PRIu32 ".%" PRIu64, key, r.v);
    r.from_us = record_now();
    const enum scrubjay_status status = scrubjay_fill(
        self->c, namespace_of(key), scrubjay_text(n.key), scrubjay_text(value), lent, &store);
    r.to_us = record_now();
    record_word(r.res, status == SCRUBJAY_OK ? "stored" : outcome(self->c, status));
    record_write(history, &r);
}

/** Choose what is asked for beside the key; sets r->how and what belongs to it. */
static struct scrubjay_read choose_read(struct reader *self, struct recent *after, struct record *r)
{
    struct scrubjay_read read = {.wait_ms = rng_chance(&self->rng, 250) ? 30 : 0};
    const uint64_t dice = rng_below(&self->rng, 100);
    if (dice < 65 || (dice < 80 && !recall(&self->rng, after))) {
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
    struct record r = {.op = "read", .node = nodes[self->node].name};
    r.key = (uint32_t)rng_below(&self->rng, KEYS);
    const struct scrubjay_read read = choose_read(self, &after, &r);
    const struct names n = names_of(r.key);
    r.from_us = record_now();
    const enum scrubjay_status status =
        scrubjay_get_with(self->c, namespace_of(r.key), scrubjay_text(n.key), &read, &got);
    r.to_us = record_now();
    judge_read(self, status, &got, &r);
    record_write(history, &r);
    if (status == SCRUBJAY_MISS)
        fill(self, r.key, &got);
    rest(failed(status) ? 50000 : rng_jitter(&self->rng, (uint64_t)settings.pace_ms * 1000, 60));
}

static void *run_reader(void *ctx)
{
    struct reader *self = ctx;
    self->c = client_of(self->node);
    while (!atomic_load(&stopping))
        read_once(self);
    scrubjay_free(self->c);
    return NULL;
}

/* ---- writers ---- */

struct writer {
    size_t node;
    struct rng rng;
    struct scrubjay *to[RECORD_NODES]; /* made when needed; NULL until then */
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

static struct scrubjay *connection(struct writer *self, size_t node)
{
    if (self->to[node] == NULL)
        self->to[node] = client_of(node);
    return self->to[node];
}

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
        if (acks->applied[i].len == 1)
            mask |= 1U << (*(const char *)acks->applied[i].at - 'a');
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
static bool try_at(struct writer *self, size_t node, struct write *w)
{
    struct scrubjay *c = connection(self, node);
    struct scrubjay_stamp stamp = {.len = 0};
    struct scrubjay_acks acks = {0};
    enum scrubjay_status status = SCRUBJAY_OK;
    struct record r = {.op = "inv", .id = w->id, .node = nodes[node].name};
    r.from_us = record_now();
    bool called = w->intent && call_intent(c, w, &r, &stamp, &status);
    if (w->intent && !called)
        commit_database(w); /* an application that can do without */
    w->intent = false;
    if (!called)
        status = call(c, w, &stamp);
    r.to_us = record_now();
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
        remember(&(struct recent){.stamp = stamp, .id = w->id, .key = w->first});
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
        if (try_at(self, (self->node + tries) % nodes_n, &w))
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
        scrubjay_free(self->to[i]);
    return NULL;
}

/* ---- the end ---- */

static void read_final(size_t node)
{
    struct reader self = {.node = node, .c = client_of(node)};
    for (uint32_t key = 0; key < KEYS; key++) {
        struct record r = {.op = "read", .node = nodes[node].name, .key = key, .how = "final"};
        struct scrubjay_value got = {0};
        const struct names n = names_of(key);
        r.from_us = record_now();
        const enum scrubjay_status status =
            scrubjay_get(self.c, namespace_of(key), scrubjay_text(n.key), &got);
        r.to_us = record_now();
        judge_read(&self, status, &got, &r);
        record_write(history, &r);
    }
    scrubjay_free(self.c);
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
        readers[i].node = i % nodes_n;
        rng_init(&readers[i].rng, settings.seed + i);
        start(&threads[threads_n++], run_reader, &readers[i]);
    }
    for (size_t i = 0; i < nodes_n; i++) {
        writers[i].node = i;
        rng_init(&writers[i].rng, settings.seed + 1000 + i);
        start(&threads[threads_n++], run_writer, &writers[i]);
    }
    sigwait(&set, &signal_number);
    atomic_store(&stopping, true);
    for (size_t i = 0; i < threads_n; i++)
        pthread_join(threads[i], NULL);
    rest((uint64_t)settings.settle_ms * 1000);
    for (size_t i = 0; i < nodes_n; i++)
        read_final(i);
    return fclose(history) != 0;
}

/* ---- the command line ---- */

static int note(const char *how, const char *text)
{
    struct record r = {.op = "note", .node = '-'};
    r.from_us = r.to_us = record_now();
    record_word(r.how, how);
    record_word(r.res, text);
    if (strcmp(how, "kill") == 0)
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
    else
        return false;
    return true;
}

static void add_node(char *text)
{
    if (text[0] < 'a' || text[0] > 'z' || text[1] != '=' || nodes_n == RECORD_NODES)
        die("not a node, as in a=10.0.0.1:6247", text);
    nodes[nodes_n++] = (struct node){.name = text[0], .address = text + 2};
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
        for (i++; i < argc; i++)
            add_node(argv[i]);
        return drive();
    }
    fprintf(stderr, "usage: history drive [OPTION...] OUT NAME=HOST:PORT... | note HOW TEXT\n");
    return 2;
}
