/** The same rules with a whole node on the control thread: TH1, TH9, TH10 and TH12 as node/ keeps them. */
#include <criterion/criterion.h>

#include "node/node.h"

#include "certified.h"
#include "stage.h"
#include "stage_wrap.h"

#define NODE_MEMORY ((size_t)12 << 20)

static struct node *node;

static void small(struct node_cfg *cfg)
{
    node_cfg_sizes(cfg, SWIM_POD, 1 << 20);
    cfg->members_max = cfg->tombstones_max = cfg->origins_max = cfg->windows_max = 4;
    cfg->retired_max = cfg->checkpoints_max = 4;
    cfg->log_max = cfg->recent_max = cfg->thin_max = 16;
    cfg->more_bytes = 512;
    cfg->bucket_bits = CACHE_BUCKET_BITS;
}

/** What the node said since: is a reply among it? */
static bool drain(mono_us now)
{
    struct node_out out;
    bool replied = false;
    while (node_poll(node, now, &out))
        replied = replied || out.kind == NODE_OUT_REPLY;
    return replied;
}

/** A node that is alone, votes, and is READY; an old entry that was stored after that. */
static void with_node(enum mutant mutant)
{
    static const struct keyring ring;
    static uint8_t token[TOKEN_LEN];
    struct stage *s = stage_open(&(struct stage_cfg){.mutant = SOUND}); /* until it is there */
    struct node_cfg cfg = {.cluster = slice_text("litmus"),
                           .name = slice_text("n"),
                           .addr = {.ip = {10, 0, 0, 1}, .ip_len = 4, .port = 1},
                           .run = {{1}},
                           .generation = 1,
                           .seed = 1,
                           .ring = &ring,
                           .policies = {.expect = 1, .fence_ms = 1000}};
    struct arena arena;
    small(&cfg);
    arena_init(&arena, stage_memory(NODE_MEMORY), NODE_MEMORY);
    node = node_new(&arena, &cfg, s->c, s->now);
    cr_assert_not_null(node);
    node_tick(node, s->now);
    (void)drain(s->now);
    cr_assert_eq(cache_token(s->c, s->now, &s->key[0], token), OK);
    stage_fill(s, OLD, token);
    cr_assert_eq(stage_get(s, 0), OLD);
    cr_assert_eq(cache_horizon(s->c), s->now, "it certifies");
    s->mutant = mutant;
}

/** The application commits and invalidates; who is told that it is covered is told by node_poll(). */
static void invalidates(struct stage *s, mono_us now)
{
    const struct node_target target = {.kind = DOT_KEY, .hash = s->key[0].hash};
    const struct node_command command = {.ticket = 1, .targets = &target, .targets_n = 1};
    stage_commit(s, NEW);
    certified_issued(s, now);
    node_recv(node, now, &(struct node_in){.kind = NODE_IN_COMMAND, .command = &command});
    const bool replied = drain(now);
    explorer_require(replied, "no reply");
    stage_ack(s);
}

static void control(void *stage)
{
    struct stage *s = stage;
    invalidates(s, s->now);
    stage_wrap_apply(s);
}

/** Its next turn publishes a horizon that is later than the dot. */
static void control_by_the_clock(void *stage)
{
    invalidates(stage, certified_clock(stage));
    const mono_us now = certified_clock(stage);
    node_tick(node, now);
    (void)drain(now);
    stage_wrap_apply(stage);
}

static const struct explorer_case READ = {
    .name = "TH1 TH9 node: command, fill, read",
    .threads = {{"control", control}, {"filler", worker_loads}, {"reader", worker_reads}},
    .check = nothing_old_is_left};

Test(node, no_read_begun_after_its_reply_returns_the_old_value)
{
    with_node(SOUND);
    holds(READ, SEES(STORED) | SEES(REFUSED) | SEES(GOT_OLD) | SEES(GOT_NEW) | SEES(GOT_NOTHING));
}

Test(node, mutant_that_replies_before_its_dot_takes_effect_is_found)
{
    with_node(EFFECTS_AFTER_REPLY);
    breaks(READ);
}

static const struct explorer_case CERTIFIED_READ = {.name =
                                                        "TH10 TH12 node: command, certified read",
                                                    .threads = {{"control", control_by_the_clock},
                                                                {"time", certified_time_jumps},
                                                                {"reader", certified_reads}},
                                                    .check = nothing_old_is_left};

Test(node, its_certified_reads_never_show_what_was_old_before_their_bound)
{
    with_node(SOUND);
    holds(CERTIFIED_READ, SEES(GOT_OLD) | SEES(GOT_NOTHING) | SEES(UNPROVEN));
}

Test(node, mutant_that_certifies_before_its_dot_takes_effect_is_found)
{
    with_node(EFFECTS_AFTER_REPLY);
    breaks(CERTIFIED_READ);
}
