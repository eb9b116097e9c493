#include "gifts.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "node/view.h"

#include "process.h"
#include "world.h"

struct oracle_entry *gifts_said(struct sim *s, struct sim_node *n)
{
    struct gifts *g = &n->gifts;
    const uint64_t given = node_warm_view(n->node).counters.given;
    const size_t len = s->source.keys_n * sizeof *n->oracle.entries;
    if (g->run != n->run)
        g->given = 0;
    g->run = n->run;
    if (given == g->given)
        return NULL;
    g->given = given;
    struct oracle_entry *said = malloc(len);
    assert(said != NULL);
    memcpy(said, n->oracle.entries, len);
    return said;
}

/* As FNV-1a, but eight bytes a step: for each frame that brings gifts all values are looked at twice. */
static uint64_t digest(struct slice value)
{
    uint64_t sum = 14695981039346656037ULL;
    for (size_t i = 0; i < value.len; i += sizeof sum) {
        const size_t left = value.len - i;
        uint64_t word = 0;
        memcpy(&word, value.at + i, left < sizeof word ? left : sizeof word);
        sum = (sum ^ word) * 1099511628211ULL;
        sum ^= sum >> 32;
    }
    return sum;
}

static void note_answer(void *ctx, const struct cache_hit *hit)
{
    struct gifts_answer *to = ctx;
    *to = (struct gifts_answer){.there = true,
                                .has_version = hit->has_version,
                                .age_ms = hit->age_ms,
                                .ttl_left_ms = hit->ttl_left_ms,
                                .version = hit->version,
                                .value = digest(hit->value)};
}

/* The namespaces that the cache has ever heard of, a bit set; the first keys are one of each. A joiner
 * knows none, and nothing is in them. */
static uint32_t known_ns(struct sim *s, struct sim_node *n)
{
    uint32_t known = 0;
    for (uint32_t key = 0; key < SOURCE_NAMESPACES && key < s->source.keys_n; key++)
        if (process_key(s, n, key)->ns_known)
            known |= 1U << s->source.keys[key].ns;
    return known;
}

/* The oracle is not asked: it may have yet to be told. */
static struct gifts_answer answer_of(struct sim *s, struct sim_node *n, uint32_t key,
                                     uint32_t known)
{
    static const struct cache_ask fresh;
    struct gifts_answer answer = {.there = false};
    if ((known >> s->source.keys[key].ns & 1) == 0)
        return answer;
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
    const struct warm_view view = node_warm_view(n->node);
    g->watching = view.state == WARM_RUNNING && !n->foreign;
    if (!g->watching)
        return;
    if (g->held == NULL)
        g->held = malloc(s->source.keys_n * sizeof *g->held);
    assert(g->held != NULL);
    g->taken = view.counters.taken;
    const uint32_t known = known_ns(s, n);
    for (uint32_t key = 0; key < s->source.keys_n; key++)
        g->held[key] = answer_of(s, n, key, known);
}

void gifts_after(struct sim *s, struct sim_node *n, const struct oracle_entry *said)
{
    struct gifts *g = &n->gifts;
    if (!g->watching || s->failed || node_warm_view(n->node).counters.taken == g->taken)
        return;
    assert(said != NULL);
    const uint32_t known = known_ns(s, n);
    for (uint32_t key = 0; key < s->source.keys_n && !s->failed; key++) {
        const struct gifts_answer now = answer_of(s, n, key, known);
        if (!now.there)
            continue;
        if (are_one(&g->held[key], &now)) {
            if (now.age_ms == 0) /* or the gift of a very like one, which has a stamp of its own */
                n->oracle.entries[key].stamp = 0;
            continue;
        }
        struct oracle_entry gift = said[key];
        gift.stamp =
            0; /* it was stored with none of a token, though it may be our own that comes back */
        gift.until = now.ttl_left_ms == UINT64_MAX ? 0 : lives_until(s, n, now.ttl_left_ms + 1);
        s->counters.gifts++;
        oracle_stored(s, n, &gift);
    }
}

void gifts_free(struct gifts *g)
{
    free(g->held);
    *g = (struct gifts){0};
}
