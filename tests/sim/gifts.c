#include "gifts.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "node/view.h"

#include "process.h"
#include "world.h"

static struct warm_view view_of(const struct sim_node *n)
{
    struct node_view view;
    node_inspect(n->node, &view);
    return view.warm;
}

void gifts_said(struct sim *s, struct sim_node *n)
{
    struct gifts *g = &n->gifts;
    const uint64_t given = view_of(n).counters.given;
    const size_t len = s->source.keys_n * sizeof *g->said;
    if (g->run != n->run)
        g->given = 0;
    g->run = n->run;
    if (given == g->given)
        return;
    g->given = given;
    if (g->said == NULL)
        g->said = calloc(1, len);
    assert(g->said != NULL);
    /* What a process said before it ended may still arrive. */
    for (uint32_t key = 0; key < s->source.keys_n; key++)
        if (n->oracle.entries[key].stored)
            g->said[key] = n->oracle.entries[key];
}

static void note_answer(void *ctx, const struct cache_hit *hit)
{
    struct gifts_answer *to = ctx;
    *to = (struct gifts_answer){.there = true,
                                .has_version = hit->has_version,
                                .age_ms = hit->age_ms,
                                .ttl_left_ms = hit->ttl_left_ms,
                                .version = hit->version,
                                .value = 14695981039346656037ULL};
    for (size_t i = 0; i < hit->value.len; i++) /* FNV-1a */
        to->value = (to->value ^ hit->value.at[i]) * 1099511628211ULL;
}

/* The oracle is not asked: it may have yet to be told. */
static struct gifts_answer answer_of(struct sim *s, struct sim_node *n, uint32_t key)
{
    static const struct cache_ask fresh;
    struct gifts_answer answer = {.there = false};
    (void)cache_get(n->cache, sim_local(s, n->i), process_key(s, n, key), &fresh, note_answer,
                    &answer);
    return answer;
}

/* Both were looked at in one moment. */
static bool are_one(const struct gifts_answer *a, const struct gifts_answer *b)
{
    return a->there == b->there && a->age_ms == b->age_ms && a->ttl_left_ms == b->ttl_left_ms &&
           a->has_version == b->has_version && a->version == b->version && a->value == b->value;
}

void gifts_before(struct sim *s, struct sim_node *n)
{
    struct gifts *g = &n->gifts;
    const struct warm_view view = view_of(n);
    g->watching = view.state == WARM_RUNNING && !n->foreign;
    if (!g->watching)
        return;
    if (g->held == NULL)
        g->held = malloc(s->source.keys_n * sizeof *g->held);
    assert(g->held != NULL);
    g->taken = view.counters.taken;
    for (uint32_t key = 0; key < s->source.keys_n; key++)
        g->held[key] = answer_of(s, n, key);
}

void gifts_after(struct sim *s, struct sim_node *n, const struct sim_node *from)
{
    struct gifts *g = &n->gifts;
    if (!g->watching || s->failed || view_of(n).counters.taken == g->taken)
        return;
    for (uint32_t key = 0; key < s->source.keys_n && !s->failed; key++) {
        const struct gifts_answer now = answer_of(s, n, key);
        if (!now.there)
            continue;
        if (are_one(&g->held[key], &now)) {
            if (now.age_ms == 0) /* or the gift of a very like one, which has a stamp of its own */
                n->oracle.entries[key].stamp = 0;
            continue;
        }
        struct oracle_entry gift = from->gifts.said[key];
        gift.stamp =
            0; /* it was stored with none of a token, though it may be our own that comes back */
        gift.until = now.ttl_left_ms == UINT64_MAX ? 0 : lives_until(s, n, now.ttl_left_ms + 1);
        s->counters.gifts++;
        oracle_stored(s, n, &gift);
    }
}

void gifts_free(struct gifts *g)
{
    free(g->said);
    free(g->held);
    *g = (struct gifts){0};
}
