#include "node/votes.h"

#include <assert.h>
#include <stdbool.h>

struct synced {
    uint64_t id; /* 0 = free */
    uint64_t epoch;
    bool voted; /* when the sync began */
};

struct votes {
    uint32_t expect;
    enum peer_vote mode;
    struct synced at[VOTES_MEMBERS];
    uint32_t places_n; /* ever used: those behind them are not looked at */
    uint64_t full;
};

struct votes *votes_new(struct arena *arena, uint32_t expect)
{
    assert(expect <= VOTES_EXPECT_MAX);
    struct votes *v = arena_take(arena, 1, sizeof *v);
    if (v == NULL)
        return NULL;
    /* A cluster of one: nobody else ever held a dot, and this cache is empty. */
    *v = (struct votes){.expect = expect, .mode = expect == 1 ? VOTE_REGULAR : VOTE_NONE};
    return v;
}

/** The member of this id; 0 finds a free place. */
static struct synced *find(struct votes *v, uint64_t id)
{
    for (size_t i = 0; i < v->places_n; i++)
        if (v->at[i].id == id)
            return &v->at[i];
    return id == 0 && v->places_n < VOTES_MEMBERS ? &v->at[v->places_n] : NULL;
}

struct votes_view votes_view(const struct votes *v)
{
    struct votes_view view = {.mode = v->mode, .expect = v->expect, .full = v->full};
    view.voters_min = v->expect - v->expect / 2; /* N - m + 1 with m = N / 2 + 1 */
    for (size_t i = 0; i < v->places_n; i++) {
        view.synced_n += v->at[i].id != 0 ? 1 : 0;
        view.voters_n += v->at[i].voted ? 1 : 0;
    }
    return view;
}

static void decide(struct votes *v)
{
    const struct votes_view view = votes_view(v);
    if (v->expect == 0 || v->mode != VOTE_NONE)
        return;
    if (view.voters_n >= view.voters_min)
        v->mode = VOTE_REGULAR;
    else if (view.synced_n + 1 >= v->expect)
        v->mode = VOTE_ANEW;
}

enum err votes_synced(struct votes *v, uint64_t id, uint64_t epoch, enum peer_vote vote)
{
    assert(id != 0 && epoch != 0);
    struct synced *s = find(v, id);
    if (s == NULL)
        s = find(v, 0);
    if (s == NULL) {
        v->full++;
        return ERR_FULL;
    }
    v->places_n += s == &v->at[v->places_n];
    *s = (struct synced){.id = id, .epoch = epoch, .voted = vote != VOTE_NONE};
    decide(v);
    return OK;
}

void votes_run(struct votes *v, uint64_t id, uint64_t epoch)
{
    struct synced *s = id == 0 ? NULL : find(v, id);
    if (s != NULL && s->epoch != epoch)
        *s = (struct synced){0};
}

void votes_gone(struct votes *v, uint64_t id)
{
    struct synced *s = id == 0 ? NULL : find(v, id);
    if (s != NULL)
        *s = (struct synced){0};
}

enum peer_vote votes_mode(const struct votes *v)
{
    return v->mode;
}
