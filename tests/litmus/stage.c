#include "stage.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/mman.h>

#include "cache/inside.h"

#include "stage_guard.h"
#include "stage_wrap.h"

#define BUDGET ((uint64_t)200 << 10)

static struct stage stage, kept;

/* A private view of a file: what a run wrote into it is dropped, and the file shows again. */
static struct {
    int fd;
    void *at;
    size_t len; /* 0 = there is none */
} more;

/* ---- locks ---- */

static void lock_shard(void *ctx, uint32_t shard_i)
{
    struct stage *s = ctx;
    explorer_lock(&s->shards[shard_i], shard_i == 0 ? "shard 0" : "shard 1");
}

static void unlock_shard(void *ctx, uint32_t shard_i)
{
    struct stage *s = ctx;
    explorer_unlock(&s->shards[shard_i], shard_i == 0 ? "shard 0" : "shard 1");
    if (s->owed.record_owed || s->owed.floor_owed) {
        lock_shard(s, shard_i);
        stage_wrap_pay(&s->owed);
        explorer_unlock(&s->shards[shard_i], "shard, again");
    }
}

static void lock_names(void *ctx)
{
    explorer_lock(&((struct stage *)ctx)->names, "names");
}

static void unlock_names(void *ctx)
{
    explorer_unlock(&((struct stage *)ctx)->names, "names");
}

/* ---- the stage ---- */

static void make_cache(struct stage *s, const struct stage_cfg *cfg)
{
    const struct cache_cfg cc = {.hkey = hash_cluster_key(slice_text("litmus")),
                                 .slot_seed = 5,
                                 .token = {.secret = {"0123456789abcde"}, .epoch_low = 7},
                                 .budget_bytes = BUDGET,
                                 .shards = cfg->shards != 0 ? cfg->shards : 1,
                                 .recent_max = cfg->recent_max != 0 ? cfg->recent_max : 4,
                                 .value_max = 256,
                                 .lock_ctx = s,
                                 .lock = lock_shard,
                                 .unlock = unlock_shard,
                                 .ns_lock = lock_names,
                                 .ns_unlock = unlock_names};
    struct arena arena;
    arena_init(&arena, s->memory, sizeof s->memory);
    s->c = cache_new(&arena, &cc);
    cr_assert_not_null(s->c);
    cache_gate_set(s->c, CACHE_OPEN);
}

/** A key of each half of the hashes: of shard 0 and 1, if there are two. */
static void choose_keys(struct stage *s)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
    for (size_t at = 0; letters[at] != '\0'; at++) {
        struct cache_key key;
        cr_assert_eq(cache_key(s->c, slice_text(""), slice_of(&letters[at], 1), &key), OK);
        s->key[key.hash >> 63] = key;
    }
}

struct stage *stage_open(const struct stage_cfg *cfg)
{
    stage = (struct stage){
        .source = OLD, .last = 1, .now = 1000 * US_PER_SEC, .tag = cfg->tag, .mutant = cfg->mutant};
    make_cache(&stage, cfg);
    choose_keys(&stage);
    atomic_store_explicit(&stage.clock, stage.now, memory_order_relaxed);
    cr_assert_eq(cache_token(stage.c, stage.now, &stage.key[0], stage.token), OK);
    stage_wrap_use(&stage);
    stage_guard(&stage);
    return &stage;
}

struct shard *stage_shard(struct stage *s, uint32_t shard_i)
{
    return s->c->shards[shard_i];
}

void *stage_memory(size_t len)
{
    more.fd = memfd_create("litmus", MFD_CLOEXEC);
    cr_assert_geq(more.fd, 0);
    cr_assert_eq(ftruncate(more.fd, (off_t)len), 0);
    more.at = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE, more.fd, 0);
    cr_assert_neq(more.at, MAP_FAILED);
    more.len = len;
    return more.at;
}

static void reset(void *ctx)
{
    memcpy(ctx, &kept, sizeof kept);
    if (more.len > 0)
        cr_assert_eq(madvise(more.at, more.len, MADV_DONTNEED), 0);
}

static void keep(void)
{
    memcpy(&kept, &stage, sizeof kept);
    if (more.len > 0)
        cr_assert_eq(pwrite(more.fd, more.at, more.len, 0), (ssize_t)more.len);
}

/* ---- verbs ---- */

void stage_commit(struct stage *s, uint64_t version)
{
    atomic_store_explicit(&s->source, version, memory_order_seq_cst);
}

uint64_t stage_source(struct stage *s)
{
    return atomic_load_explicit(&s->source, memory_order_seq_cst);
}

static enum target_class class_of(uint8_t kind)
{
    if (kind == DOT_TAG)
        return TARGET_TAG;
    if (kind == DOT_PREFIX)
        return TARGET_PREFIX;
    return kind == DOT_NAMESPACE ? TARGET_NAMESPACE : TARGET_KEY;
}

struct dot stage_dot(struct stage *s, uint8_t kind, const char *target)
{
    const struct hkey *hkey = &cache_config(s->c)->hkey;
    return (struct dot){.epoch = 1,
                        .seq = 1,
                        .kind = kind,
                        .prefix_len = kind == DOT_PREFIX ? (uint16_t)strlen(target) : 0,
                        .hash =
                            hash_target(hkey, class_of(kind), slice_text(""), slice_text(target))};
}

uint64_t stage_publish(struct stage *s)
{
    cache_publish(s->c, ++s->last);
    return s->last;
}

uint64_t stage_apply(struct stage *s, const struct dot *d)
{
    const uint64_t index = stage_publish(s);
    cache_apply(s->c, s->now, d, index);
    return index;
}

void stage_ack(struct stage *s)
{
    atomic_store_explicit(&s->acked, 1, memory_order_release);
}

bool stage_acked(struct stage *s)
{
    return atomic_load_explicit(&s->acked, memory_order_acquire) != 0;
}

struct cache_item stage_item(const struct stage *s, uint64_t *version, struct slice *tag)
{
    *tag = slice_text(s->tag != NULL ? s->tag : "");
    return (struct cache_item){
        .value = slice_of(version, sizeof *version), .tags = tag, .tags_n = s->tag != NULL ? 1 : 0};
}

void stage_note(enum cache_reason reason)
{
    explorer_saw(reason == CACHE_STORED ? STORED : REFUSED);
}

void stage_fill(struct stage *s, uint64_t version, const uint8_t *token)
{
    struct slice tag;
    const struct cache_item item = stage_item(s, &version, &tag);
    stage_note(cache_fill(s->c, s->now, &s->key[0], &item, slice_of(token, TOKEN_LEN)));
}

static void read_version(void *ctx, const struct cache_hit *hit)
{
    memcpy(ctx, hit->value.at, sizeof(uint64_t));
}

uint64_t stage_get(struct stage *s, size_t i)
{
    uint64_t version = 0;
    (void)cache_get(s->c, s->now, &s->key[i], &(struct cache_ask){.stale_ok = false}, read_version,
                    &version);
    return version;
}

void stage_note_got(uint64_t version)
{
    explorer_saw(version == OLD ? GOT_OLD : version == NEW ? GOT_NEW : GOT_NOTHING);
}

/* ---- threads ---- */

void worker_loads(void *stage_ctx)
{
    struct stage *s = stage_ctx;
    uint8_t token[TOKEN_LEN];
    if (cache_token(s->c, s->now, &s->key[0], token) == OK)
        stage_fill(s, stage_source(s), token);
}

void worker_fills_late(void *stage_ctx)
{
    struct stage *s = stage_ctx;
    stage_fill(s, OLD, s->token);
}

static void read_key(struct stage *s, size_t i)
{
    const bool acked = stage_acked(s);
    const uint64_t version = stage_get(s, i);
    stage_note_got(version);
    explorer_require(!acked || version != OLD, "an old value, after the acknowledgement");
    if (version == OLD && stage_acked(s))
        explorer_saw(OVERTAKEN);
}

void worker_reads(void *stage_ctx)
{
    read_key(stage_ctx, 0);
}

void worker_reads_other(void *stage_ctx)
{
    read_key(stage_ctx, 1);
}

void worker_steps(void *stage_ctx)
{
    struct stage *s = stage_ctx;
    (void)cache_step(s->c, s->now);
    (void)cache_step(s->c, s->now);
}

void nothing_old_is_left(void *stage_ctx)
{
    struct stage *s = stage_ctx;
    explorer_require(stage_get(s, 0) != OLD, "an old value stays in the cache");
}

/* ---- claims ---- */

static void explore(struct explorer_case *story, enum explorer_model model,
                    struct explorer_result *r)
{
    story->reset = reset;
    story->ctx = &stage;
    keep();
    explorer_run(story, model, r);
    reset(&stage);
    printf("%-58s %-3s %9llu orders %7llu cut, %3zu steps%s\n", story->name,
           model == EXPLORER_SC ? "SC" : "TSO", (unsigned long long)r->runs,
           (unsigned long long)r->cut, r->longest, r->failed ? ", breaks" : "");
    fflush(stdout);
}

static void must_hold(struct explorer_case *story, enum explorer_model model, uint32_t sees)
{
    static struct explorer_result r;
    explore(story, model, &r);
    cr_assert_not(r.failed, "%s", r.schedule);
    cr_assert_eq(r.saw & sees, sees, "%s: no order reaches some outcome: %x of %x", story->name,
                 r.saw, sees);
    cr_assert_gt(r.runs, 1, "%s: there is only one order", story->name);
}

static void must_break(struct explorer_case *story, enum explorer_model model)
{
    static struct explorer_result r;
    explore(story, model, &r);
    cr_assert(r.failed, "%s: no order of %llu breaks it", story->name, (unsigned long long)r.runs);
    if (getenv("SCHEDULES") != NULL)
        printf("%s", r.schedule);
}

void holds(struct explorer_case story, uint32_t sees)
{
    must_hold(&story, EXPLORER_SC, sees);
    must_hold(&story, EXPLORER_TSO, sees);
}

void breaks(struct explorer_case story)
{
    must_break(&story, EXPLORER_SC);
    must_break(&story, EXPLORER_TSO);
}

void breaks_under_tso_only(struct explorer_case story)
{
    must_hold(&story, EXPLORER_SC, 0);
    must_break(&story, EXPLORER_TSO);
}
