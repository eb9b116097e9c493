#include <stdlib.h>

#include "http/json.h"
#include "http/owners.h"

#define GAPS_SHOWN 4096 /* more are counted by /v1/node, not listed */

/** What is looked up for each origin, gathered once. */
struct lookup {
    struct http_owners owners;
    struct gap *gaps; /* ascending by epoch, then lo */
    size_t gaps_n;
    mono_us now;
};

static int compare(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int compare_gaps(const void *a, const void *b)
{
    const struct gap *x = a;
    const struct gap *y = b;
    const int order = compare(x->epoch, y->epoch);
    return order != 0 ? order : compare(x->lo, y->lo);
}

static bool gather(const struct node *n, const struct node_view *self, struct lookup *l)
{
    const size_t gaps_max = self->gaps < GAPS_SHOWN ? (size_t)self->gaps : GAPS_SHOWN;
    l->gaps = calloc(gaps_max + 1, sizeof *l->gaps);
    if (l->gaps == NULL || !http_owners_gather(&l->owners, n))
        return false;
    l->gaps_n = node_gap_list(n, l->gaps, gaps_max);
    qsort(l->gaps, l->gaps_n, sizeof *l->gaps, compare_gaps);
    return true;
}

static json_t *gap_of(const struct gap *g, mono_us now)
{
    return json_pack("{s:o, s:o, s:o, s:o}", "lo", http_json_number(g->lo), "hi",
                     http_json_number(g->hi), "index", http_json_number(g->g), "age_ms",
                     http_json_age(g->opened_at, now));
}

static json_t *gaps_of(const struct lookup *l, uint64_t epoch)
{
    json_t *out = json_array();
    for (size_t i = 0; i < l->gaps_n; i++) {
        if (l->gaps[i].epoch == epoch)
            (void)json_array_append_new(out, gap_of(&l->gaps[i], l->now));
    }
    return out;
}

static json_t *origin_of(const struct lookup *l, const struct origin_view *o)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "epoch", http_json_hex(o->epoch), "member",
                     http_owners_name(&l->owners, o->epoch), "applied",
                     http_json_number(o->applied), "head", http_json_number(o->head), "gaps",
                     o->gaps_n == 0 ? json_array() : gaps_of(l, o->epoch));
}

static json_t *origins_of(const struct node *n, const struct node_view *self,
                          const struct lookup *l)
{
    struct origin_view o;
    json_t *out = json_array();
    for (size_t i = 0; i < self->origins; i++) {
        node_origin_at(n, i, &o);
        (void)json_array_append_new(out, origin_of(l, &o));
    }
    return out;
}

json_t *http_json_vectors(const struct node *n, mono_us now)
{
    struct node_view self;
    struct lookup l = {.now = now};
    json_t *out = NULL;
    node_inspect(n, &self);
    if (gather(n, &self, &l))
        out = json_pack("{s:o, s:o, s:o, s:o, s:o}", "node", http_json_text(self.name),
                        "vector_hash", http_json_hex(self.vector_hash), "retired",
                        http_json_number(self.retired_n), "forgotten",
                        http_json_number(self.forgotten_n), "origins", origins_of(n, &self, &l));
    http_owners_fini(&l.owners);
    free(l.gaps);
    return out;
}
