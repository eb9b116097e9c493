/** The end of a prefix barrier: sweep, floor, removal, against fills and reads: rule TH5. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "stage.h"

static void bar_prefix(struct stage *s, const char *prefix)
{
    const struct dot d = stage_dot(s, DOT_PREFIX, prefix);
    (void)stage_apply(s, &d);
}

/** The barrier of key[0]'s prefix is the oldest of as many as there is room for: one more ends it. */
static struct stage *with_full_table(enum mutant mutant)
{
    struct stage *s = stage_open(&(struct stage_cfg){.mutant = mutant});
    char key[2] = {(char)s->key[0].key.at[0], '\0'};
    stage_fill(s, OLD, s->token);
    stage_commit(s, NEW);
    bar_prefix(s, key);
    stage_ack(s);
    while (prefixes_take(&stage_shard(s, 0)->prefixes, 2)) {
        char other[16];
        snprintf(other, sizeof other, "%02u", stage_shard(s, 0)->prefixes.used % 100);
        bar_prefix(s, other);
    }
    cr_assert_eq(prefixes_oldest(&stage_shard(s, 0)->prefixes)->index, 2);
    return s;
}

static void ends_the_oldest_barrier(void *stage)
{
    struct stage *s = stage;
    const struct dot one_more = stage_dot(s, DOT_PREFIX, "zz");
    (void)stage_apply(s, &one_more);
}

static void sweep_before(struct stage *s)
{
    while (cache_step(s->c, s->now))
        ;
    cr_assert_leq(prefixes_oldest(&stage_shard(s, 0)->prefixes)->pass,
                  stage_shard(s, 0)->sweep.done);
}

static const struct explorer_case END_AND_FILL = {
    .name = "TH5 end of a swept prefix, fill of before",
    .threads = {{"control", ends_the_oldest_barrier}, {"filler", worker_fills_late}},
    .check = nothing_old_is_left};

Test(prefix_end, refuses_the_fill_that_the_barrier_would_have_refused)
{
    sweep_before(with_full_table(SOUND));
    holds(END_AND_FILL, SEES(REFUSED));
}

Test(prefix_end, mutant_that_raises_the_floor_after_the_removal_is_found)
{
    sweep_before(with_full_table(FLOOR_AFTER_UNLOCK));
    breaks(END_AND_FILL);
}

Test(prefix_end, a_sweep_that_is_under_way_changes_nothing_for_fills_and_reads)
{
    (void)with_full_table(SOUND);
    holds((struct explorer_case){.name = "TH5 sweep, end of a prefix, fill of before, read",
                                 .threads = {{"sweeper", worker_steps},
                                             {"control", ends_the_oldest_barrier},
                                             {"filler", worker_fills_late},
                                             {"reader", worker_reads}},
                                 .check = nothing_old_is_left},
          SEES(REFUSED) | SEES(GOT_NOTHING));
}

static void invalidates_prefix(void *stage)
{
    struct stage *s = stage;
    const char key[2] = {(char)s->key[0].key.at[0], '\0'};
    stage_commit(s, NEW);
    bar_prefix(s, key);
    stage_ack(s);
}

Test(prefix_dot, no_fill_or_read_slips_past_it)
{
    struct stage *s = stage_open(&(struct stage_cfg){.shards = 1});
    stage_fill(s, OLD, s->token);
    holds((struct explorer_case){.name = "TH5 prefix dot, fill, read",
                                 .threads = {{"control", invalidates_prefix},
                                             {"filler", worker_loads},
                                             {"reader", worker_reads}},
                                 .check = nothing_old_is_left},
          SEES(STORED) | SEES(REFUSED) | SEES(GOT_OLD) | SEES(GOT_NEW) | SEES(GOT_NOTHING));
}

/* ---- reads: the table is looked at in the hold that finds the entry ---- */

/** Copies the entry under the lock, and looks for prefixes in a later hold. */
static void reads_in_two_holds(void *stage)
{
    struct stage *s = stage;
    struct probe p;
    struct shard *shard = stage_shard(s, 0);
    const struct cache_cfg *cfg = cache_config(s->c);
    cfg->lock(cfg->lock_ctx, 0);
    const struct item *it = shard_find(shard, &s->key[0], s->key[0].ns_i, &p);
    const bool found = it != NULL;
    const uint64_t stamp = found ? item_stamp(it) : 0;
    cfg->unlock(cfg->lock_ctx, 0);
    cfg->lock(cfg->lock_ctx, 0);
    const bool killed =
        prefixes_cover(&shard->prefixes, &cfg->hkey, s->key[0].ns, s->key[0].key, stamp);
    cfg->unlock(cfg->lock_ctx, 0);
    explorer_require(!found || killed, "an old value, after the acknowledgement");
}

static void sweeps_and_ends(void *stage)
{
    worker_steps(stage);
    ends_the_oldest_barrier(stage);
}

Test(prefix_end, mutant_read_that_looks_for_prefixes_after_unlocking_is_found)
{
    (void)with_full_table(SOUND);
    breaks((struct explorer_case){
        .name = "TH5 sweep, end of a prefix, read in two holds",
        .threads = {{"control", sweeps_and_ends}, {"reader", reads_in_two_holds}}});
}
