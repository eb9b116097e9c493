/* What answers to polls prove: certified reads beside fences that a part of the cluster cannot hear of. */
#include "base/attr.h"

#include "reader.h"
#include "story.h"

#define LATE_MS  700 /* how long an answer is under way: less than eight polls take */
#define FENCE_MS 400

static bool read_bounded(struct sim *s, uint32_t i, uint32_t key)
{
    const struct reading r = {
        .key = key, .caller = ++s->readers.callers, .within_ms = s->policies.fence_ms};
    return reader_ask(s, &s->nodes[i], &r) == READ_HIT;
}

/* Everybody votes, and n2 has a copy that it certifies. */
static void certify_copy(struct sim *s, uint32_t key)
{
    bool certified = false;
    s->policies.expect = s->cfg.expect = s->cfg.nodes;
    s->policies.fence_ms = s->cfg.fence_ms = FENCE_MS;
    s->work.cfg.think_us = 1000;
    story_begin(s);
    story_within(s, 20 * US_PER_SEC, story_all_vote, NULL, "everybody votes");
    for (uint32_t i = 0; i < 500 && !certified && !s->failed; i++) { /* a loader may give up */
        certified = read_bounded(s, 2, key);
        sim_run(s, 20 * US_PER_MS);
    }
    story_expect(s, certified, "a copy is there, and certified");
}

static void change_fenced(struct sim *s, uint32_t key)
{
    const struct change change = {.kind = DOT_KEY,
                                  .key = key,
                                  .target = key,
                                  .ack = {.level = ACK_FENCED},
                                  .timeout_ms = 1000};
    source_commit(&s->source, key);
    if (!s->failed)
        workload_issue(s, &s->nodes[0], &change);
}

/* n2 reads whenever it has proof; without, its reader would bring what the source has now. */
static void read_for(struct sim *s, uint32_t key, uint64_t us)
{
    struct sim_node *n = &s->nodes[2];
    for (uint64_t at = 0; at < us && !s->failed; at += 10 * US_PER_MS) {
        sim_run(s, 10 * US_PER_MS);
        if (!s->failed)
            promise_audit(s, n);
        const mono_us horizon = cache_horizon(n->cache);
        if (!s->failed && horizon != 0 && horizon + FENCE_MS * US_PER_MS >= sim_local(s, 2))
            (void)read_bounded(s, 2, key);
    }
}

/* n2 hears nothing of n0, and n1 late: what n1 answered before it had a dot comes when the fence of that dot
 * is over, and proves nothing any more. */
static void answer_overdue(struct sim *s)
{
    const uint32_t key = 7;
    certify_copy(s, key);
    sim_cut(s, 0, 2, true);
    link_at(s, 1, 2)->delay_min_us = LATE_MS * US_PER_MS;
    sim_run(s, (FENCE_MS + 200) * US_PER_MS);
    change_fenced(s, key);
    read_for(s, key, LATE_MS * US_PER_MS);
    const uint64_t fenced = s->counters.fenced_by_time;
    story_expect(s, fenced == 1, "the fence is over though n2 has not covered its dot");
    story_audit(s);
}

/* What n0 and n1 hold is lost with n1, and n2, which lacks it, meets the next n1 without n0. */
static void voter_restarts(struct sim *s)
{
    const uint32_t key = 7;
    certify_copy(s, key);
    sim_split(s, 1ULL << 2, true);
    change_fenced(s, key);
    sim_run(s, (FENCE_MS + 200) * US_PER_MS);
    const uint64_t fenced = s->counters.fenced_by_time;
    story_expect(s, fenced == 1, "the fence is over though n2 has not covered its dot");
    if (s->failed)
        return;
    sim_crash(s, 1, false);
    sim_split(s, 1ULL << 2, false);
    sim_split(s, 1ULL << 0, true);
    sim_boot(s, 1);
    read_for(s, key, 10 * US_PER_SEC);
    story_expect(s, !story_all_vote(s, NULL), "n1 learns nothing of n0, and does not vote");
    sim_split(s, 1ULL << 0, false);
    story_within(s, 20 * US_PER_SEC, story_all_vote, NULL, "everybody votes again");
    story_audit(s);
}

struct stories stories_proof(void)
{
    static const struct story STORIES[] = {
        {"answer_overdue", 3, 10, answer_overdue,
         "an answer proves what was when it was asked for, and nothing of when it came"},
        {"voter_restarts", 3, 10, voter_restarts,
         "who restarted promises nothing before a majority has told it what it held"},
    };
    return (struct stories){STORIES, ARRAY_LEN(STORIES)};
}
