#include "lives.h"

#include "process.h"
#include "world.h"

#define BUCKET_BITS 12 /* of the hashes in a DOT_BUCKETS */

mono_us lives_until(const struct sim *s, const struct sim_node *n, uint64_t ttl_ms)
{
    return ttl_ms == 0 ? 0 : sim_local(s, n->i) + ttl_ms * US_PER_MS;
}

static bool is_over(const struct sim *s, const struct sim_node *n, const struct oracle_entry *e)
{
    return e->until != 0 && sim_local(s, n->i) >= e->until;
}

/* ---- what ends a copy ---- */

void lives_everything(struct sim *s, struct sim_node *n)
{
    for (uint32_t key = 0; key < s->source.keys_n; key++)
        n->oracle.entries[key].aimed = true;
}

static uint32_t bucket_of(struct sim *s, struct sim_node *n, uint32_t key)
{
    return dot_bucket(process_key(s, n, key)->hash, BUCKET_BITS);
}

/* What went as one dot for many keys ends their neighbours, too. */
static void aim_near(struct sim *s, struct sim_node *n, uint32_t target)
{
    const uint32_t bucket = bucket_of(s, n, target);
    for (uint32_t key = 0; key < s->source.keys_n; key++)
        if (bucket_of(s, n, key) == bucket)
            n->oracle.entries[key].aimed = true;
}

static void aim_buckets(struct sim *s, struct sim_node *n, const struct oracle_dot *dot)
{
    aim_near(s, n, dot->target);
    for (uint32_t i = 0; i < dot->more_n; i++)
        aim_near(s, n, dot->more[i]);
}

static void aim(struct sim *s, struct sim_node *n, const struct oracle_dot *dot)
{
    for (uint32_t key = 0; key < s->source.keys_n; key++) {
        struct oracle_entry *e = &n->oracle.entries[key];
        if (e->stored && !e->aimed)
            e->aimed = floors_aimed(&s->source, dot, e->state);
    }
}

void lives_dot(struct sim *s, struct sim_node *n, const struct dot *d,
               const struct oracle_dot *issued)
{
    if (issued->kind == DOT_UNKNOWN)
        lives_everything(s, n);
    else if (issued->kind == DOT_BUCKETS)
        aim_buckets(s, n, issued);
    else if (dot_names_key(issued->kind))
        n->oracle.entries[issued->target].aimed = true;
    else
        aim(s, n, issued);
    if (d->kind == DOT_NOSTORE && issued->kind == DOT_KEY) {
        mono_us *until = &n->oracle.lives.nostore[issued->target];
        *until = time_max(*until, sim_local(s, n->i) + d->ms * US_PER_MS);
        s->counters.cooled++;
    }
}

/* What may end copies without a dot that aims at them, as the node and its cache count it. */
static uint64_t count_doubts(const struct sim_node *n)
{
    struct node_view view;
    struct cache_stats stats;
    node_inspect(n->node, &view);
    cache_stats(n->cache, &stats);
    return view.node.broad + view.ledger.closed + stats.evicted + stats.prefixes_folded +
           stats.conjunctions_folded + stats.tags_full;
}

/* ---- what is held against that ---- */

void lives_stored(struct sim *s, struct sim_node *n, uint32_t key)
{
    struct cache_stats stats;
    sim_checked_if(s, CHECK_NOSTORE, n->oracle.lives.nostore[key] != 0);
    if (sim_local(s, n->i) >= n->oracle.lives.nostore[key])
        return;
    cache_stats(n->cache, &stats);
    if (stats.quarantine_full == 0)
        sim_violate(s, CHECK_NOSTORE, "n%u stores %s, which nobody may store now", n->i,
                    s->source.keys[key].text);
}

void lives_hit(struct sim *s, struct sim_node *n, uint32_t key)
{
    const struct oracle_entry *e = &n->oracle.entries[key];
    sim_checked_if(s, CHECK_LIFE, e->until != 0);
    if (is_over(s, n, e))
        sim_violate(s, CHECK_LIFE, "n%u gives %s %llu us after its time", n->i,
                    s->source.keys[key].text, (unsigned long long)(sim_local(s, n->i) - e->until));
}

void lives_look(struct sim *s, struct sim_node *n)
{
    const uint64_t doubts = count_doubts(n);
    if (doubts != n->oracle.lives.doubts)
        lives_everything(s, n);
    n->oracle.lives.doubts = doubts;
}

void lives_asked(struct sim *s, struct sim_node *n, uint32_t key, enum cache_found found)
{
    const struct oracle_entry *e = &n->oracle.entries[key];
    const bool known = e->stored && !e->aimed && !e->unproven && e->stamp != 0 && e->run == n->run;
    if (!known || is_over(s, n, e) || cache_gate(n->cache) != CACHE_OPEN)
        return;
    sim_checked(s, CHECK_NEEDLESS);
    s->counters.kept += found != CACHE_ABSENT;
    if (found == CACHE_ABSENT)
        sim_violate(s, CHECK_NEEDLESS, "n%u has lost %s, at which nothing aimed", n->i,
                    s->source.keys[key].text);
}
