/** Dots of many keys against fills and reads: rules TH4, TH5, TH6 and TH7. */
#include <criterion/criterion.h>

#include "cache/inside.h"

#include "stage.h"

static void invalidates(struct stage *s, uint8_t kind, const char *target)
{
    const struct dot d = stage_dot(s, kind, target);
    stage_commit(s, NEW);
    (void)stage_apply(s, &d);
    stage_ack(s);
}

/* ---- TH4: a tag that may be interned at this moment ---- */

static void invalidates_tag(void *stage)
{
    invalidates(stage, DOT_TAG, "t");
}

static void invalidates_two_tags(void *stage)
{
    struct stage *s = stage;
    const struct dot other = stage_dot(s, DOT_TAG, "u");
    invalidates_tag(s);
    (void)stage_apply(s, &other);
}

static const struct explorer_case TAG_AND_FILL = {
    .name = "TH4 tag dot, fill that interns the tag",
    .threads = {{"control", invalidates_tag}, {"filler", worker_loads}},
    .check = nothing_old_is_left};

Test(tag_dot, no_fill_that_interns_its_tag_meanwhile_stays)
{
    (void)stage_open(&(struct stage_cfg){.tag = "t"});
    holds(TAG_AND_FILL, SEES(STORED) | SEES(REFUSED));
}

Test(tag_dot, mutant_that_records_after_unlocking_is_found)
{
    (void)stage_open(&(struct stage_cfg){.tag = "t", .mutant = RECORD_AFTER_UNLOCK});
    breaks(TAG_AND_FILL);
}

Test(tag_dot, forgotten_at_once_it_still_refuses_the_fill)
{
    (void)stage_open(&(struct stage_cfg){.tag = "t", .recent_max = 1});
    holds((struct explorer_case){.name = "TH4 TH3 two tag dots, a ring of one, fill",
                                 .threads = {{"control", invalidates_two_tags},
                                             {"filler", worker_loads}},
                                 .check = nothing_old_is_left},
          SEES(STORED) | SEES(REFUSED));
}

Test(tag_dot, no_read_after_its_acknowledgement_returns_the_old_value)
{
    struct stage *s = stage_open(&(struct stage_cfg){.tag = "t"});
    stage_fill(s, OLD, s->token);
    holds((struct explorer_case){.name = "TH4 tag dot, fill that replaces, read",
                                 .threads = {{"control", invalidates_tag},
                                             {"filler", worker_loads},
                                             {"reader", worker_reads}},
                                 .check = nothing_old_is_left},
          SEES(STORED) | SEES(REFUSED) | SEES(GOT_OLD) | SEES(GOT_NEW) | SEES(GOT_NOTHING));
}

/* The same without a lock, which the cache does not do, on two words: one for the record of the dot, one
 * for the tag that the fill interns. Each side writes its own and then looks at the other's. */
#define RECORD   asked[0]
#define INTERNED asked[1]

static bool meets(struct stage *s, _Atomic uint64_t *mine, const _Atomic uint64_t *others)
{
    atomic_store_explicit(mine, 1, memory_order_release);
    if (s->mutant != NO_FENCES)
        atomic_thread_fence(memory_order_seq_cst);
    return atomic_load_explicit(others, memory_order_acquire) != 0;
}

static void bare_dot(void *stage)
{
    struct stage *s = stage;
    s->index[0] = meets(s, &s->RECORD, &s->INTERNED);
}

static void bare_fill(void *stage)
{
    struct stage *s = stage;
    s->index[1] = meets(s, &s->INTERNED, &s->RECORD);
}

static void one_met_the_other(void *stage)
{
    const struct stage *s = stage;
    explorer_require(s->index[0] != 0 || s->index[1] != 0,
                     "neither the dot nor the fill met the other");
}

static const struct explorer_case BARE = {.name = "TH4 tag dot and fill without a lock",
                                          .threads = {{"control", bare_dot}, {"filler", bare_fill}},
                                          .check = one_met_the_other};

Test(tag_dot, without_a_lock_fences_would_do)
{
    (void)stage_open(&(struct stage_cfg){.mutant = SOUND});
    holds(BARE, 0);
}

Test(tag_dot, mutant_without_lock_and_fences_is_found_on_store_buffers)
{
    (void)stage_open(&(struct stage_cfg){.mutant = NO_FENCES});
    breaks_under_tso_only(BARE);
}

/* ---- TH7: every shard, then covered ---- */

static void invalidates_all(void *stage)
{
    invalidates(stage, DOT_ALL, "");
}

static void acknowledges_after_the_first_shard(void *stage)
{
    struct stage *s = stage;
    stage_commit(s, NEW);
    const uint64_t index = stage_publish(s);
    for (uint32_t i = 0; i < STAGE_SHARDS; i++) {
        shard_bar_all(cache_enter(s->c, i), index, false);
        cache_leave(s->c, i);
        if (i == 0)
            stage_ack(s);
    }
}

static void with_an_old_entry_in_each_shard(void)
{
    struct stage *s = stage_open(&(struct stage_cfg){.shards = STAGE_SHARDS});
    for (size_t i = 0; i < STAGE_SHARDS; i++) {
        uint64_t version = OLD;
        struct slice tag;
        const struct cache_item item = stage_item(s, &version, &tag);
        cr_assert_eq(cache_import(s->c, s->now, &s->key[i], &item, 1), CACHE_STORED);
    }
}

Test(wide_dot, no_shard_returns_the_old_value_after_its_acknowledgement)
{
    with_an_old_entry_in_each_shard();
    holds((struct explorer_case){.name = "TH7 wide dot, reads of two shards, fill",
                                 .threads = {{"control", invalidates_all},
                                             {"reader 0", worker_reads},
                                             {"reader 1", worker_reads_other},
                                             {"filler", worker_loads}},
                                 .check = nothing_old_is_left},
          SEES(STORED) | SEES(REFUSED) | SEES(GOT_OLD) | SEES(GOT_NEW) | SEES(GOT_NOTHING));
}

Test(wide_dot, mutant_that_acknowledges_after_the_first_shard_is_found)
{
    with_an_old_entry_in_each_shard();
    breaks((struct explorer_case){.name = "TH7 wide dot acknowledged early, read",
                                  .threads = {{"control", acknowledges_after_the_first_shard},
                                              {"reader 1", worker_reads_other}}});
}

/* ---- TH6: barriers are read after the request ---- */

/** Looks at a barrier before the request is there, and at the entry after. */
static void reads_under_an_old_barrier(void *stage)
{
    struct stage *s = stage;
    struct probe p;
    const uint64_t bar = cache_enter(s->c, 0)->allbar;
    cache_leave(s->c, 0);
    const bool acked = stage_acked(s);
    const struct item *it = shard_find(cache_enter(s->c, 0), &s->key[0], s->key[0].ns_i, &p);
    const bool lives = it != NULL && item_stamp(it) >= bar;
    cache_leave(s->c, 0);
    explorer_require(!acked || !lives, "an old value, after the acknowledgement");
}

Test(wide_dot, mutant_read_that_looks_at_the_barrier_before_the_request_is_found)
{
    with_an_old_entry_in_each_shard();
    breaks((struct explorer_case){
        .name = "TH6 wide dot, read under a barrier of before",
        .threads = {{"control", invalidates_all}, {"reader", reads_under_an_old_barrier}}});
}

static void invalidates_namespace(void *stage)
{
    invalidates(stage, DOT_NAMESPACE, "");
}

Test(wide_dot, a_namespace_is_covered_when_it_is_acknowledged)
{
    struct stage *s = stage_open(&(struct stage_cfg){.shards = 1});
    stage_fill(s, OLD, s->token);
    holds((struct explorer_case){.name = "TH6 namespace dot, fill, read",
                                 .threads = {{"control", invalidates_namespace},
                                             {"filler", worker_loads},
                                             {"reader", worker_reads}},
                                 .check = nothing_old_is_left},
          SEES(STORED) | SEES(REFUSED) | SEES(GOT_OLD) | SEES(GOT_NEW) | SEES(GOT_NOTHING));
}
