/** Dots of one key against fills, reads and the forgetting of records: rules TH1, TH2, TH3 and TH9. */
#include <criterion/criterion.h>

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
    if (s->mutant == ACK_BEFORE_EFFECTS)
        stage_ack(s);
    (void)stage_apply(s, &d);
    if (s->mutant != ACK_BEFORE_EFFECTS)
        stage_ack(s);
}

/** An old entry lies in the cache before the story begins. */
static struct stage *with_old_entry(enum mutant mutant)
{
    struct stage *s = stage_open(&(struct stage_cfg){.mutant = mutant});
    stage_fill(s, OLD, s->token);
    return s;
}

/* ---- TH1, TH2: kill and record in one hold, check and store in one hold ---- */

static const struct explorer_case KEY_AND_FILL = {
    .name = "TH1 TH2 key dot, fill",
    .threads = {{"control", invalidates_key}, {"filler", worker_loads}},
    .check = nothing_old_is_left};

Test(key_dot, no_fill_that_read_before_it_stays)
{
    (void)stage_open(&(struct stage_cfg){.mutant = SOUND});
    holds(KEY_AND_FILL, SEES(STORED) | SEES(REFUSED));
}

Test(key_dot, no_fill_that_read_before_it_stays_though_nothing_is_left_out)
{
    struct explorer_case story = KEY_AND_FILL;
    (void)stage_open(&(struct stage_cfg){.mutant = SOUND});
    story.name = "TH1 TH2 key dot, fill, nothing left out";
    story.every_order = true;
    holds(story, SEES(STORED) | SEES(REFUSED));
}

Test(key_dot, mutant_that_records_after_unlocking_is_found)
{
    (void)stage_open(&(struct stage_cfg){.mutant = RECORD_AFTER_UNLOCK});
    breaks(KEY_AND_FILL);
}

Test(key_dot, mutant_that_unlocks_between_check_and_store_is_found)
{
    (void)stage_open(&(struct stage_cfg){.mutant = LOCK_DROPPED_IN_FILL});
    breaks(KEY_AND_FILL);
}

static const struct explorer_case KEY_FILL_READ = {
    .name = "TH1 key dot, fill, read",
    .threads = {{"control", invalidates_key}, {"filler", worker_loads}, {"reader", worker_reads}},
    .check = nothing_old_is_left};

Test(key_dot, no_read_begun_after_its_acknowledgement_returns_the_old_value)
{
    (void)with_old_entry(SOUND);
    holds(KEY_FILL_READ,
          SEES(STORED) | SEES(REFUSED) | SEES(GOT_OLD) | SEES(GOT_NEW) | SEES(GOT_NOTHING));
}

Test(key_dot, two_fills_and_it_leave_nothing_old)
{
    (void)stage_open(&(struct stage_cfg){.mutant = SOUND});
    holds((struct explorer_case){.name = "TH1 TH2 key dot, two fills",
                                 .threads = {{"control", invalidates_key},
                                             {"filler", worker_loads},
                                             {"late", worker_fills_late}},
                                 .check = nothing_old_is_left},
          SEES(STORED) | SEES(REFUSED));
}

static const struct explorer_case KEY_AND_READ = {
    .name = "TH1 key dot, read",
    .threads = {{"control", invalidates_key}, {"reader", worker_reads}},
    .check = nothing_old_is_left};

Test(key_dot, a_read_begun_before_its_acknowledgement_may_return_the_old_value)
{
    (void)with_old_entry(SOUND);
    holds(KEY_AND_READ, SEES(OVERTAKEN) | SEES(GOT_NOTHING));
}

Test(key_dot, mutant_that_acknowledges_before_the_kill_is_found)
{
    (void)with_old_entry(ACK_BEFORE_EFFECTS);
    breaks(KEY_AND_READ);
}

/* ---- TH3: a record is forgotten ---- */

/** A ring of one record: the second dot drives the first out. */
static void invalidates_two_keys(void *stage)
{
    struct stage *s = stage;
    const struct dot other = {.epoch = 1, .seq = 2, .kind = DOT_KEY, .hash = s->key[1].hash};
    invalidates_key(s);
    (void)stage_apply(s, &other);
}

Test(forgotten_record, leaves_a_floor_that_refuses_the_fill)
{
    (void)stage_open(&(struct stage_cfg){.recent_max = 1});
    holds((struct explorer_case){.name = "TH3 two key dots, a ring of one, fill",
                                 .threads = {{"control", invalidates_two_keys},
                                             {"filler", worker_loads}},
                                 .check = nothing_old_is_left},
          SEES(STORED) | SEES(REFUSED));
}

/** As if records were forgotten without the lock: the floor first, then the record. */
static void forgets(void *stage)
{
    struct stage *s = stage;
    struct recent *recent = &stage_shard(s, 0)->recent;
    explorer_step(recent, "forget: raise the floor");
    recent_raise_floor(recent, 2);
    explorer_step(recent, "forget: drop the record");
    recent_add(recent, &(struct record){.hash = s->key[1].hash, .index = 2});
}

/** The same, the wrong way round. */
static void forgets_too_early(void *stage)
{
    struct stage *s = stage;
    struct recent *recent = &stage_shard(s, 0)->recent;
    explorer_step(recent, "forget: drop the record");
    recent_add(recent, &(struct record){.hash = s->key[1].hash, .index = 2});
    recent->floor = 0;
    explorer_step(recent, "forget: raise the floor");
    recent_raise_floor(recent, 2);
}

/** The dot was applied, its record is the only one, and a fill with an older token is on its way. */
static struct stage *with_record(enum mutant mutant)
{
    struct stage *s = stage_open(&(struct stage_cfg){.recent_max = 1, .mutant = mutant});
    invalidates_key(s);
    s->unlocked = true;
    return s;
}

/* What the forgetter touches is no step of the fill: every order is run. */
static const struct explorer_case FORGET_UNLOCKED = {
    .name = "TH3 unlocked eviction, floor first; fill",
    .threads = {{"forgetter", forgets}, {"filler", worker_fills_late}},
    .check = nothing_old_is_left,
    .every_order = true};

Test(forgotten_record, may_go_without_the_lock_as_fills_read_the_floor_last)
{
    (void)with_record(SOUND);
    holds(FORGET_UNLOCKED, SEES(REFUSED));
}

Test(forgotten_record, mutant_fill_that_reads_the_floor_first_is_found)
{
    (void)with_record(FLOOR_READ_FIRST);
    breaks(FORGET_UNLOCKED);
}

Test(forgotten_record, mutant_that_raises_the_floor_after_forgetting_is_found)
{
    (void)with_record(SOUND);
    breaks((struct explorer_case){
        .name = "TH3 unlocked eviction, record first; fill",
        .threads = {{"forgetter", forgets_too_early}, {"filler", worker_fills_late}},
        .check = nothing_old_is_left,
        .every_order = true});
}

Test(forgotten_record, what_goes_without_the_lock_does_not_go_unseen)
{
    with_record(SOUND)->unlocked = false;
    breaks(FORGET_UNLOCKED);
}

/* ---- TH9: the token is taken at the MISS ---- */

static void loads_with_a_late_token(void *stage)
{
    struct stage *s = stage;
    uint8_t token[TOKEN_LEN];
    const uint64_t version = stage_source(s);
    if (cache_token(s->c, s->now, &s->key[0], token) == OK)
        stage_fill(s, version, token);
}

Test(token, mutant_that_takes_it_after_reading_the_source_is_found)
{
    (void)stage_open(&(struct stage_cfg){.mutant = SOUND});
    breaks((struct explorer_case){
        .name = "TH9 key dot, fill with a late token",
        .threads = {{"control", invalidates_key}, {"filler", loads_with_a_late_token}},
        .check = nothing_old_is_left});
}

/** L rises for something else at the same time: the token may show either number. */
static void publishes_and_invalidates(void *stage)
{
    (void)stage_publish(stage);
    invalidates_key(stage);
    (void)stage_publish(stage);
}

Test(token, a_smaller_index_than_the_newest_is_safe)
{
    (void)stage_open(&(struct stage_cfg){.mutant = SOUND});
    holds((struct explorer_case){.name = "TH9 L rises thrice, key dot, fill",
                                 .threads = {{"control", publishes_and_invalidates},
                                             {"filler", worker_loads}},
                                 .check = nothing_old_is_left},
          SEES(STORED) | SEES(REFUSED));
}
