/** Stores that are no fills: imports, puts, and first stores of a namespace: rules TH8 and TH9. */
#include <criterion/criterion.h>
#include <string.h>

#include "cache/inside.h"

#include "stage.h"

static struct dot key_dot(const struct stage *s)
{
    return (struct dot){.epoch = 1, .seq = 1, .kind = DOT_KEY, .hash = s->key[0].hash};
}

static void invalidates_key(void *stage)
{
    struct stage *s = stage;
    const struct dot d = key_dot(s);
    stage_commit(s, NEW);
    (void)stage_apply(s, &d);
    stage_ack(s);
}

/* ---- imports: the copy of another node, with a stamp that was decided before ---- */

static void imports(void *stage)
{
    struct stage *s = stage;
    uint64_t version = OLD;
    struct slice tag;
    const struct cache_item item = stage_item(s, &version, &tag);
    stage_note(cache_import(s->c, s->now, &s->key[0], &item, 1));
}

static const struct explorer_case KEY_AND_IMPORT = {
    .name = "TH8 key dot, import",
    .threads = {{"control", invalidates_key}, {"importer", imports}, {"reader", worker_reads}},
    .check = nothing_old_is_left};

Test(import, a_dot_applied_after_its_decision_kills_or_refuses_it)
{
    (void)stage_open(&(struct stage_cfg){.mutant = SOUND});
    holds(KEY_AND_IMPORT, SEES(STORED) | SEES(REFUSED) | SEES(GOT_OLD) | SEES(GOT_NOTHING));
}

Test(import, mutant_that_trusts_its_decision_is_found)
{
    (void)stage_open(&(struct stage_cfg){.mutant = STORE_UNCHECKED});
    breaks(KEY_AND_IMPORT);
}

/* ---- puts with a token taken before the commit: two writers, NEW stands for the second ---- */

static uint64_t await_index(struct stage *s, size_t i)
{
    return explorer_await(&s->index[i], "its index");
}

static void ask_for_dot(struct stage *s, size_t i)
{
    atomic_store_explicit(&s->asked[i], 1, memory_order_seq_cst);
}

/** Writer 0: token, commit of its value (OLD), dot, store. */
static void puts_value(void *stage)
{
    struct stage *s = stage;
    uint8_t token[TOKEN_LEN];
    uint64_t version = OLD;
    struct slice tag;
    const struct cache_item item = stage_item(s, &version, &tag);
    explorer_require(cache_token(s->c, s->now, &s->key[0], token) == OK, "no token");
    stage_commit(s, OLD);
    ask_for_dot(s, 0);
    const uint64_t index = await_index(s, 0);
    const struct cache_written written = {.token = slice_of(token, TOKEN_LEN), .index = index};
    stage_note(cache_put_token(s->c, s->now, &s->key[0], &item, &written));
}

static void writes(void *stage)
{
    struct stage *s = stage;
    stage_commit(s, NEW);
    ask_for_dot(s, 1);
}

/** Control carries out what writer i asks for. */
static void issue(struct stage *s, size_t i)
{
    const struct dot d = key_dot(s);
    (void)explorer_await(&s->asked[i], "a writer");
    atomic_store_explicit(&s->index[i], stage_apply(s, &d), memory_order_release);
}

static void issues_0_1(void *stage)
{
    issue(stage, 0);
    issue(stage, 1);
}

static void issues_1_0(void *stage)
{
    issue(stage, 1);
    issue(stage, 0);
}

/** What is left is what the database holds. */
static void nothing_but_the_source_is_left(void *stage)
{
    struct stage *s = stage;
    const uint64_t version = stage_get(s, 0);
    stage_note_got(version);
    explorer_require(version == 0 || version == stage_source(s), "not what the database holds");
}

static struct explorer_case puts_story(void (*control)(void *))
{
    return (struct explorer_case){
        .name = control == issues_0_1 ? "TH8 put with token, writer; dots 0, 1"
                                      : "TH8 put with token, writer; dots 1, 0",
        .threads = {{"control", control}, {"put", puts_value}, {"writer", writes}},
        .check = nothing_but_the_source_is_left};
}

Test(put, of_two_writers_only_the_last_commit_is_kept)
{
    struct stage *s = stage_open(&(struct stage_cfg){.mutant = SOUND});
    stage_commit(s, 0);
    holds(puts_story(issues_0_1), SEES(STORED) | SEES(REFUSED) | SEES(GOT_NOTHING));
}

Test(put, of_two_writers_only_the_last_commit_is_kept_when_their_dots_cross)
{
    struct stage *s = stage_open(&(struct stage_cfg){.mutant = SOUND});
    stage_commit(s, 0);
    holds(puts_story(issues_1_0), SEES(STORED) | SEES(REFUSED) | SEES(GOT_OLD) | SEES(GOT_NOTHING));
}

Test(put, mutant_that_stores_unchecked_is_found)
{
    struct stage *s = stage_open(&(struct stage_cfg){.mutant = STORE_UNCHECKED});
    stage_commit(s, 0);
    breaks(puts_story(issues_0_1));
}

/* ---- the first store of a namespace, while a dot of that namespace finds no such name ---- */

static struct dot ns_dot(const struct stage *s)
{
    const struct hkey *hkey = &cache_config(s->c)->hkey;
    return (struct dot){
        .epoch = 1,
        .seq = 1,
        .kind = DOT_NAMESPACE,
        .hash = hash_target(hkey, TARGET_NAMESPACE, slice_text("n"), slice_of(NULL, 0))};
}

static struct cache_key ns_key(struct stage *s)
{
    struct cache_key key;
    const enum err err = cache_key(s->c, slice_text("n"), slice_text("k"), &key);
    explorer_require(err == OK, "no key");
    return key;
}

static void invalidates_ns(void *stage)
{
    struct stage *s = stage;
    const struct dot d = ns_dot(s);
    stage_commit(s, NEW);
    (void)stage_apply(s, &d);
    stage_ack(s);
}

static void loads_in_ns(void *stage)
{
    struct stage *s = stage;
    uint8_t token[TOKEN_LEN];
    struct slice tag;
    struct cache_key key = ns_key(s);
    if (cache_token(s->c, s->now, &key, token) != OK)
        return;
    uint64_t version = stage_source(s);
    const struct cache_item item = stage_item(s, &version, &tag);
    key = ns_key(s);
    stage_note(cache_fill(s->c, s->now, &key, &item, slice_of(token, TOKEN_LEN)));
}

static void see(void *ctx, const struct cache_hit *hit)
{
    memcpy(ctx, hit->value.at, sizeof(uint64_t));
}

static void nothing_old_is_left_in_ns(void *stage)
{
    struct stage *s = stage;
    uint64_t version = 0;
    const struct cache_key key = ns_key(s);
    (void)cache_get(s->c, s->now, &key, &(struct cache_ask){.stale_ok = false}, see, &version);
    explorer_require(version != OLD, "an old value stays in the namespace");
}

Test(first_of_a_namespace, no_fill_slips_past_a_dot_that_did_not_find_the_name)
{
    (void)stage_open(&(struct stage_cfg){.mutant = SOUND});
    holds((struct explorer_case){.name = "TH9 namespace dot, first token of that namespace",
                                 .threads = {{"control", invalidates_ns}, {"filler", loads_in_ns}},
                                 .check = nothing_old_is_left_in_ns},
          SEES(STORED) | SEES(REFUSED));
}

/** A put whose dot has index 2 is stored whenever it comes to it. */
static void stores_bare_put(struct stage *s)
{
    uint64_t version = OLD;
    struct slice tag;
    const struct cache_item item = stage_item(s, &version, &tag);
    const struct cache_key key = ns_key(s);
    stage_note(cache_put(s->c, s->now, &key, &item, 2));
}

static void puts_in_ns(void *stage)
{
    stores_bare_put(stage);
}

/** Interns the name with an L that was read before the lock was taken. */
static void interns_late_and_puts(void *stage)
{
    struct stage *s = stage;
    const uint64_t born = cache_index(s->c);
    cache_ns_enter(s->c);
    (void)names_add(&s->c->names, &cache_config(s->c)->hkey, slice_text("n"), born);
    cache_ns_leave(s->c);
    stores_bare_put(s);
}

static struct explorer_case ns_put_story(void (*put)(void *))
{
    (void)stage_publish(stage_open(&(struct stage_cfg){.mutant = SOUND}));
    return (struct explorer_case){.name = put == puts_in_ns
                                              ? "TH8 namespace dot, first put of that namespace"
                                              : "TH8 namespace dot, first put, L before the lock",
                                  .threads = {{"control", invalidates_ns}, {"put", put}},
                                  .check = nothing_old_is_left_in_ns};
}

Test(first_of_a_namespace, no_older_put_slips_past_a_dot_that_did_not_find_the_name)
{
    holds(ns_put_story(puts_in_ns), SEES(STORED) | SEES(REFUSED));
}

Test(first_of_a_namespace, mutant_that_reads_l_before_the_lock_is_found)
{
    breaks(ns_put_story(interns_late_and_puts));
}
