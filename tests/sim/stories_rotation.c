/* One key after another, under load and loss, with a node that is away: nobody is split off.
 *
 *     jay-sim --story rotations                             100 rotations in one seed
 *     SIM_ROTATIONS=1000 jay-sim --story rotations --seed 2    so many
 *
 * A world's ring is the file as it is mounted now: whoever starts reads it, whoever runs is handed it within
 * three seconds. A key that goes has to be silent for twice the longest suspicion here, not for ten minutes. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"

#include "member.h"

#define ROTATIONS 100
#define LOSS      100 /* permille */
#define VICTIM    4   /* the node that is away now and then */
#define READ_US   (3 * US_PER_SEC)
#define STEP_US   (180 * US_PER_SEC) /* until a step is taken everywhere */
#define TEXT_MAX  (2 * KEYRING_LINE_MAX + 64)

/* Lines of a file. */
struct key_line {
    char text[KEYRING_LINE_MAX + 1];
    uint32_t id;
};

struct rotations {
    struct key_line old, new;
    uint32_t i;          /* of the rotation under way */
    uint64_t refused_by; /* packets refused for their key, by processes that have ended */
    uint64_t refused;    /* steps that were unsafe */
    uint64_t truncated;  /* ranges that were closed by what they may have touched */
    uint32_t away;       /* times that a node died */
};

static struct keyring parse(const char *text)
{
    struct keyring ring;
    struct keyring_fault fault;
    const enum err err = keyring_parse(slice_text(text), &ring, &fault);
    assert(err == OK);
    return ring;
}

static void draw_key(struct sim *s, struct key_line *out)
{
    uint8_t key[KEYRING_KEY_LEN];
    char label[16];
    for (size_t i = 0; i < sizeof key; i++)
        key[i] = (uint8_t)rng_next(&s->boot_rng);
    (void)snprintf(label, sizeof label, "k%u", (unsigned)rng_below(&s->boot_rng, 1000000));
    out->text[keyring_line(label, key, out->text)] = '\0';
    out->id = parse(out->text).keys[0].id;
}

/* ---- the file ---- */

static void hand(struct sim *s, uint32_t i, const struct keyring *ring)
{
    if (s->nodes[i].up && !s->failed)
        sim_input(s, i, &(struct node_in){.kind = NODE_IN_KEYRING, .keyring = ring});
}

/* The file becomes these two lines; one node after the other reads it. */
static void mount(struct sim *s, const char *first, const char *second)
{
    char text[TEXT_MAX];
    const uint32_t begin = (uint32_t)rng_below(&s->boot_rng, s->cfg.nodes);
    (void)snprintf(text, sizeof text, "%s%s", first, second);
    s->ring = parse(text);
    for (uint32_t k = 0; k < s->cfg.nodes && !s->failed; k++) {
        sim_run(s, rng_below(&s->boot_rng, READ_US / s->cfg.nodes));
        hand(s, (begin + k) % s->cfg.nodes, &s->ring);
    }
}

/* Do all that run hold what the file says? */
static bool all_follow(struct sim *s, void *ctx)
{
    (void)ctx;
    for (uint32_t i = 0; i < s->cfg.nodes; i++) {
        if (!s->nodes[i].up)
            continue;
        const struct node_view v = sim_view(s, i);
        if (v.rotation.pending_n > 0 || v.keys_n != s->ring.n || v.keys[0] != s->ring.keys[0].id)
            return false;
    }
    return true;
}

static void follow(struct sim *s, const char *claim)
{
    if (!s->failed)
        (void)member_within(s, STEP_US, all_follow, NULL, claim);
}

/* ---- what goes on beside it ---- */

static uint64_t key_refusals(struct sim *s, uint32_t i)
{
    const struct node_counters c = sim_view(s, i).node;
    return c.dropped_key + c.dropped_unauthentic + c.dropped_plain;
}

/* It dies, for so long that the others may or may not have noticed when it is back. */
static void go_away(struct sim *s, struct rotations *r)
{
    if (s->failed || !s->nodes[VICTIM].up)
        return;
    r->refused_by += key_refusals(s, VICTIM);
    r->truncated += sim_view(s, VICTIM).heal.touched_closed;
    r->away++;
    sim_crash(s, VICTIM, rng_chance(&s->boot_rng, 500));
    sim_restart(s, VICTIM, US_PER_SEC + rng_below(&s->boot_rng, 30 * US_PER_SEC), 0);
}

/* A node misses more than anybody keeps. */
static void miss_much(struct sim *s)
{
    if (s->failed)
        return;
    sim_split(s, 4, true);
    for (uint32_t key = 0; key < 64 && !s->failed; key++) {
        sim_invalidate(s, 0, key);
        sim_run(s, US_PER_MS);
    }
    sim_split(s, 4, false);
}

/* One node reads a file that the others do not have yet. */
static void hurry(struct sim *s, struct rotations *r)
{
    char text[TEXT_MAX];
    (void)snprintf(text, sizeof text, "%s%s", r->new.text, r->old.text);
    const struct keyring ring = parse(text);
    if (s->failed || !s->nodes[1].up)
        return;
    hand(s, 1, &ring);
    sim_run(s, 10 * US_PER_SEC);
    if (s->failed)
        return;
    const struct node_view v = sim_view(s, 1);
    story_expect(s, v.keys[0] == r->old.id, "no key is promoted that others lack");
    story_expect(s, v.rotation.pending_n == 1 && v.rotation.pending[0].why == ROTATION_LACKS,
                 "it is refused for that");
    r->refused++;
}

/* The old key is silent for long enough first; whoever started since has never held it. */
static void expect_patience(struct sim *s)
{
    const mono_us mounted_at = s->now;
    sim_run(s, 5 * US_PER_SEC);
    for (uint32_t i = 0; i < s->cfg.nodes && !s->failed; i++)
        if (s->nodes[i].up && s->nodes[i].up_at < mounted_at - READ_US)
            story_expect(s, sim_view(s, i).keys_n == 2, "no key goes that was in use just now");
}

/* ---- the rotations ---- */

static void rotate(struct sim *s, struct rotations *r)
{
    const uint32_t leaves_at = r->i % 3 == 0 ? (uint32_t)rng_below(&s->boot_rng, 3) : 3;
    draw_key(s, &r->new);
    if (r->i % 5 == 1)
        hurry(s, r);
    if (leaves_at == 0)
        go_away(s, r);
    mount(s, r->old.text, r->new.text);
    follow(s, "the new key is installed everywhere");
    if (leaves_at == 1)
        go_away(s, r);
    mount(s, r->new.text, r->old.text);
    if (r->i % 10 == 2)
        miss_much(s);
    follow(s, "the new key seals everywhere");
    if (leaves_at == 2)
        go_away(s, r);
    mount(s, r->new.text, "");
    expect_patience(s);
    follow(s, "the old key is gone everywhere");
    r->old = r->new;
}

static void begin(struct sim *s, struct rotations *r)
{
    const struct workload_cfg clients = {.ops_per_s = 10,
                                         .write_permille = 200,
                                         .wide_permille = 50,
                                         .think_us = 5000,
                                         .tell_us = 500};
    s->cfg.sealed = true;
    s->cfg.key_quiet_us = 1;
    s->cfg.log_max = 16;
    s->cfg.thin_max = 0;
    draw_key(s, &r->old);
    s->ring = parse(r->old.text);
    story_begin(s);
    workload_begin(s, &clients);
    link_set_all(s, &(struct link){
                        .loss = LOSS, .delay_min_us = 100, .delay_mean_us = 200, .capacity = 4096});
}

static bool all_up(struct sim *s, void *ctx)
{
    return s->nodes[VICTIM].up && sim_settled(s, ctx);
}

static void end(struct sim *s, struct rotations *r)
{
    uint64_t refused = r->refused_by;
    workload_stop(s);
    story_within(s, 120 * US_PER_SEC, all_up, NULL, "one view, equal vectors");
    for (uint32_t i = 0; i < s->cfg.nodes && !s->failed; i++) {
        refused += key_refusals(s, i);
        r->truncated += sim_view(s, i).heal.touched_closed;
    }
    if (s->failed)
        return;
    story_expect(s, refused == 0, "no packet was refused for its key at any time");
    story_expect(s, story_events_but(s, SWIM_FAIL, VICTIM) == 0, "nobody who runs is failed");
    story_expect(s, r->truncated > 0, "ranges were healed that nobody held any more");
    story_expect(s, r->refused > 0 && r->away > 0, "steps were refused, and a node was away");
}

static void rotations(struct sim *s)
{
    const char *text = getenv("SIM_ROTATIONS");
    const uint64_t asked = text == NULL ? 0 : strtoull(text, NULL, 10);
    const uint64_t n = asked > 0 ? asked : ROTATIONS;
    struct rotations r = {.i = 0};
    begin(s, &r);
    for (; r.i < n && !s->failed; r.i++)
        rotate(s, &r);
    end(s, &r);
    if (asked > 0 && !s->failed)
        printf("rotations: %u, steps refused for a while: %llu, restarts: %u, in %llu s\n", r.i,
               (unsigned long long)r.refused, r.away,
               (unsigned long long)((s->now - SIM_START) / US_PER_SEC));
}

/* What the gates are for: who seals with a key that the others lack is heard by nobody. */
static void rotation_forced(struct sim *s)
{
    struct rotations r = {.i = 0};
    struct swim_member m;
    char text[TEXT_MAX];
    begin(s, &r);
    draw_key(s, &r.new);
    (void)snprintf(text, sizeof text, "%s%sforce promote %08x\n", r.new.text, r.old.text, r.new.id);
    const struct keyring ring = parse(text);
    hand(s, 1, &ring);
    if (s->failed)
        return;
    story_expect(s, sim_view(s, 1).keys[0] == r.new.id, "the word in the file is obeyed");
    story_expect(s, sim_view(s, 1).rotation.counters.forced == 1, "and counted");
    sim_run(s, 60 * US_PER_SEC);
    workload_stop(s);
    for (uint32_t i = 0; i < s->cfg.nodes && !s->failed; i++) {
        if (i == 1)
            continue;
        story_expect(s, sim_member(s, i, 1, &m) && m.state == SWIM_DEAD, "it is not heard");
        story_expect(s, sim_view(s, i).node.dropped_key > 0, "its packets are counted");
    }
    mount(s, r.old.text, r.new.text); /* the others get the key */
    story_within(s, 60 * US_PER_SEC, sim_settled, NULL, "with the key it is met again");
}

/* Cut off while the others go from one key to the next, until they have forgotten the old one: nobody opens what
 * it seals any more. Its own file changes with theirs. */
static void rotation_missed(struct sim *s)
{
    struct rotations r = {.i = 0};
    begin(s, &r);
    draw_key(s, &r.new);
    mount(s, r.old.text, r.new.text);
    follow(s, "the new key is installed everywhere");
    sim_split(s, 1U << VICTIM, true);
    sim_run(s, rng_below(&s->boot_rng, 30 * US_PER_SEC));
    mount(s, r.new.text, r.old.text);
    sim_run(s, 60 * US_PER_SEC);
    mount(s, r.new.text, "");
    sim_run(s, 120 * US_PER_SEC);
    workload_stop(s);
    for (uint32_t i = 0; i < s->cfg.nodes && !s->failed; i++)
        story_expect(s, (sim_view(s, i).keys[0] == r.new.id) == (i != VICTIM),
                     "only who reaches its members promotes");
    for (uint32_t i = 0; i < VICTIM && !s->failed; i++)
        story_expect(s, sim_view(s, i).keys_n == 1, "and the others are done");
    sim_split(s, 1U << VICTIM, false);
    story_within(s, 60 * US_PER_SEC, sim_settled, NULL, "it is met again");
    follow(s, "and its old key goes, too");
}

struct stories stories_rotation(void)
{
    static const struct story STORIES[] = {
        {"rotations", 5, 1, rotations,
         "100 keys after one another under load, 10 % loss, a node away now and then: no split, no "
         "packet refused, equal vectors; unsafe steps are refused"},
        {"rotation_forced", 5, 3, rotation_forced,
         "a key that is forced to seal while others lack it splits its node off, until they have "
         "it"},
        {"rotation_missed", 5, 5, rotation_missed,
         "who is cut off until the others have forgotten its key hears the new one when it is "
         "back, "
         "and is met again under that"},
    };
    return (struct stories){STORIES, ARRAY_LEN(STORIES)};
}
