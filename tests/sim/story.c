#include "story.h"

#include <string.h>

#define BEGIN_US (15 * US_PER_SEC)

bool story_expect(struct sim *s, bool holds, const char *claim)
{
    sim_checked(s, CHECK_CLAIM);
    if (!holds)
        sim_fail(s, "claim: %s", claim);
    return holds && !s->failed;
}

bool story_within(struct sim *s, uint64_t limit_us, sim_predicate *holds, void *ctx,
                  const char *claim)
{
    const bool held = sim_run_until(s, holds, ctx, limit_us);
    sim_checked(s, CHECK_CLAIM);
    if (!held && !s->failed)
        sim_fail(s, "not within %llu ms: %s", (unsigned long long)(limit_us / US_PER_MS), claim);
    return held;
}

void story_audit(struct sim *s)
{
    for (uint32_t i = 0; i < s->cfg.nodes && !s->failed; i++) {
        if (!s->nodes[i].up || s->nodes[i].frozen)
            continue;
        oracle_audit(s, &s->nodes[i]);
        promise_audit(s, &s->nodes[i]);
        announce_audit(s, &s->nodes[i]);
    }
}

void story_begin(struct sim *s)
{
    sim_boot_all(s);
    story_within(s, BEGIN_US, sim_settled, NULL, "all nodes find each other");
    sim_run(s, 3 * US_PER_SEC + rng_below(&s->boot_rng, 2 * US_PER_SEC));
}

bool story_all_told(struct sim *s, void *ctx)
{
    const struct story_about *about = ctx;
    for (uint32_t i = 0; i < s->cfg.nodes; i++)
        if (i != about->member && s->nodes[i].up &&
            sim_events(s, i, about->member, about->event)->n < about->at_least + !about->at_least)
            return false;
    return true;
}

bool story_all_hold(struct sim *s, void *ctx)
{
    const struct story_about *about = ctx;
    struct swim_member member;
    for (uint32_t i = 0; i < s->cfg.nodes; i++)
        if (i != about->member && s->nodes[i].up &&
            (!sim_member(s, i, about->member, &member) || member.state != about->state))
            return false;
    return true;
}

bool story_all_vote(struct sim *s, void *ctx)
{
    (void)ctx;
    for (uint32_t i = 0; i < s->cfg.nodes; i++)
        if (!s->nodes[i].up || sim_view(s, i).votes.mode == VOTE_NONE)
            return false;
    return true;
}

uint32_t story_events_but(struct sim *s, enum swim_event_kind kind, uint32_t but)
{
    return sim_events_all(s, UINT32_MAX, kind) -
           (but == UINT32_MAX ? 0 : sim_events_all(s, but, kind));
}

const char *story_open(const char *name)
{
    static const struct {
        const char *name, *why;
    } OPEN[] = {
        {NULL, NULL}, /* ends the list; all hold at present */
    };

    for (size_t i = 0; OPEN[i].name != NULL; i++)
        if (strcmp(OPEN[i].name, name) == 0)
            return OPEN[i].why;
    return NULL;
}
