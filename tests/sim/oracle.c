#include "oracle.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "process.h"
#include "world.h"

static void *clear(void *at, size_t n, size_t size)
{
    if (at == NULL)
        at = calloc(n, size);
    else
        memset(at, 0, n * size);
    assert(at != NULL);
    return at;
}

void oracle_begin(struct sim *s, struct sim_node *n)
{
    const struct oracle_view was = n->oracle;
    n->oracle =
        (struct oracle_view){.keys = clear(was.keys, s->source.keys_n, sizeof *was.keys),
                             .entries = clear(was.entries, s->source.keys_n, sizeof *was.entries),
                             .seen = was.seen,
                             .seen_cap = was.seen_cap};
}

/* Does this dot aim at the key that is watched? */
static bool is_watched(const struct sim *s, const struct oracle_dot *dot)
{
    if (s->cfg.watch < 0)
        return false;
    const struct source_key *k = &s->source.keys[s->cfg.watch];
    switch (dot->kind) {
    case DOT_KEY:
    case DOT_PUT:
        return dot->target == (uint32_t)s->cfg.watch;
    case DOT_TAG:
        return dot->target / SOURCE_TAGS == k->ns;
    case DOT_PREFIX:
        return dot->target == k->prefix[0] || dot->target == k->prefix[1];
    case DOT_NAMESPACE:
        return dot->target == k->ns;
    default:
        return true;
    }
}

static void watch_dot(struct sim *s, const struct sim_node *n, const char *what,
                      const struct oracle_dot *dot)
{
    if (is_watched(s, dot))
        sim_watch(s, (uint32_t)s->cfg.watch, "n%u %s a dot of kind %u, target %u, commit %u", n->i,
                  what, dot->kind, dot->target, dot->commit);
}

void oracle_issue(struct sim *s, struct sim_node *n, const struct oracle_dot *dot)
{
    struct oracle_run *run = &s->runs[n->run];
    if (run->dots_n == run->dots_cap) {
        run->dots_cap = run->dots_cap == 0 ? 256 : run->dots_cap * 2;
        run->dots = realloc(run->dots, run->dots_cap * sizeof *run->dots);
        assert(run->dots != NULL);
    }
    run->dots[run->dots_n++] = *dot;
    watch_dot(s, n, "issues", dot);
}

void oracle_refused(struct sim *s, struct sim_node *n, uint32_t count)
{
    s->runs[n->run].dots_n -= count;
}

static void raise(uint32_t *floor, uint32_t commit)
{
    if (*floor < commit)
        *floor = commit;
}

static void cover(struct oracle_view *v, const struct oracle_dot *dot)
{
    switch (dot->kind) {
    case DOT_KEY:
    case DOT_PUT:
        raise(&v->keys[dot->target], dot->commit);
        break;
    case DOT_TAG:
        raise(&v->tags[dot->target], dot->commit);
        break;
    case DOT_PREFIX:
        raise(&v->prefixes[dot->target], dot->commit);
        break;
    case DOT_NAMESPACE:
        raise(&v->ns[dot->target], dot->commit);
        break;
    default:
        raise(&v->everything, dot->commit);
        break;
    }
}

uint32_t oracle_run_of(const struct sim *s, uint64_t epoch)
{
    for (uint32_t i = s->runs_n; i > 0; i--)
        if (s->runs[i - 1].epoch == epoch)
            return i - 1;
    return UINT32_MAX;
}

/* What was seen of an origin, looked for first where the ledger has it now; NULL when nothing. */
static struct oracle_seen *seen_of(const struct oracle_view *v, uint64_t epoch, uint32_t i)
{
    if (i < v->seen_n && v->seen[i].epoch == epoch)
        return &v->seen[i];
    for (i = 0; i < v->seen_n; i++)
        if (v->seen[i].epoch == epoch)
            return &v->seen[i];
    return NULL;
}

static uint32_t run_seen(const struct sim *s, const struct oracle_view *v, uint64_t epoch)
{
    const struct oracle_seen *seen = seen_of(v, epoch, 0);
    return seen != NULL ? seen->run : oracle_run_of(s, epoch);
}

/* Is a dot what its origin issued? From a long log a put comes back as a key, which kills more. */
static bool is_issued(const struct oracle_dot *dot, const struct dot *d)
{
    if (dot->kind == DOT_PUT && d->kind == DOT_KEY && hash128_zero(&d->digest))
        return dot->hash == d->hash;
    return dot->kind == d->kind && dot->hash == d->hash &&
           (d->kind != DOT_PUT ||
            memcmp(dot->digest.bytes, d->digest.bytes, sizeof d->digest.bytes) == 0);
}

void oracle_applied(struct sim *s, struct sim_node *n, const struct dot *d)
{
    const uint32_t run_i = run_seen(s, &n->oracle, d->epoch);
    const struct oracle_run *run = run_i == UINT32_MAX ? NULL : &s->runs[run_i];
    if (run == NULL || d->seq == 0 || d->seq > run->dots_n) {
        sim_violate(s, CHECK_I6, "n%u applied a dot that nobody issued: seq %llu", n->i,
                    (unsigned long long)d->seq);
        return;
    }
    const struct oracle_dot *dot = &run->dots[d->seq - 1];
    if (!is_issued(dot, d))
        sim_violate(s, CHECK_I6, "n%u applied dot %llu of n%u with kind %u, issued with %u", n->i,
                    (unsigned long long)d->seq, run->node, d->kind, dot->kind);
    watch_dot(s, n, "applies", dot);
    cover(&n->oracle, dot);
}

static struct oracle_seen *add_seen(struct oracle_view *v)
{
    if (v->seen_n == v->seen_cap) {
        v->seen_cap = v->seen_cap == 0 ? 64 : v->seen_cap * 2;
        v->seen = realloc(v->seen, v->seen_cap * sizeof *v->seen);
        assert(v->seen != NULL);
    }
    return &v->seen[v->seen_n++];
}

static struct oracle_seen *see(struct sim *s, struct sim_node *n, uint32_t i, uint64_t epoch)
{
    struct oracle_seen *seen = seen_of(&n->oracle, epoch, i);
    if (seen != NULL)
        return seen;
    const uint32_t run = oracle_run_of(s, epoch);
    if (run == UINT32_MAX || s->nodes[s->runs[run].node].foreign) {
        sim_violate(s, run == UINT32_MAX ? CHECK_I6 : CHECK_S7,
                    "n%u knows an origin that never was one of ours", n->i);
        return NULL;
    }
    seen = add_seen(&n->oracle);
    *seen = (struct oracle_seen){.run = run, .epoch = epoch};
    return seen;
}

/* An origin that was retired, and then forgotten, is a new one when it is heard of again: what it said
 * is missing anew, and closed by a barrier. */
static void forget_seen(struct oracle_seen *was, uint64_t forgotten)
{
    if (forgotten > was->forgotten)
        was->applied = was->head = 0;
}

static void look_at(struct sim *s, struct sim_node *n, uint32_t i, uint64_t forgotten)
{
    struct origin_view now;
    node_origin_at(n->node, i, &now);
    struct oracle_seen *was = see(s, n, i, now.epoch);
    if (was == NULL)
        return;
    if (now.applied < was->applied || now.head < was->head)
        forget_seen(was, forgotten);
    const struct oracle_run *run = &s->runs[was->run];
    if (now.applied > now.head || now.head > run->dots_n || now.applied < was->applied ||
        now.head < was->head) {
        sim_violate(s, CHECK_I7,
                    "n%u: vector of n%u's run: applied %llu -> %llu, head %llu -> %llu, issued %u",
                    n->i, run->node, (unsigned long long)was->applied,
                    (unsigned long long)now.applied, (unsigned long long)was->head,
                    (unsigned long long)now.head, run->dots_n);
        return;
    }
    for (uint64_t seq = was->applied; seq < now.applied; seq++) {
        watch_dot(s, n, "covers", &run->dots[seq]);
        cover(&n->oracle, &run->dots[seq]);
    }
    was->applied = now.applied;
    was->head = now.head;
    was->forgotten = forgotten;
}

void oracle_look(struct sim *s, struct sim_node *n)
{
    struct node_view view;
    node_inspect(n->node, &view);
    for (uint32_t i = 0; i < view.origins && !s->failed; i++)
        look_at(s, n, i, view.ledger.forgotten);
}

/* The newest commit that a covered dot matching this entry speaks of. */
static uint32_t floor_of(const struct source *src, const struct oracle_view *v, uint32_t state)
{
    const struct source_state *st = &src->states[state];
    const struct source_key *k = &src->keys[st->key];
    uint32_t floor = v->everything;
    raise(&floor, v->ns[k->ns]);
    raise(&floor, v->keys[st->key]);
    raise(&floor, v->prefixes[k->prefix[0]]);
    raise(&floor, v->prefixes[k->prefix[1]]);
    for (uint32_t tag = 0; tag < SOURCE_TAGS; tag++)
        if ((st->tags >> tag & 1) != 0)
            raise(&floor, v->tags[k->ns * SOURCE_TAGS + tag]);
    return floor;
}

void oracle_stored(struct sim *s, struct sim_node *n, const struct oracle_entry *e)
{
    const struct source_state *st = &s->source.states[e->state];
    sim_watch(s, st->key, "n%u stores value %u tags %x%s", n->i, st->value, st->tags,
              e->unproven ? ", unproven" : "");
    n->oracle.entries[st->key] = *e;
    const uint32_t floor = floor_of(&s->source, &n->oracle, e->state);
    if (!e->unproven && st->over <= floor)
        sim_violate(s, CHECK_I2,
                    "n%u stores %s as it was before commit %u, and covered a dot after commit %u",
                    n->i, s->source.keys[st->key].text, st->over, floor);
}

void oracle_hit(struct sim *s, struct sim_node *n, uint32_t key, const struct cache_hit *hit)
{
    const struct source *src = &s->source;
    const struct oracle_entry *e = &n->oracle.entries[key];
    const struct source_key *k = &src->keys[key];
    if (!e->stored || e->unproven != hit->unproven || !source_is_value(src, e->state, hit->value)) {
        sim_violate(s, CHECK_VALUE, "n%u: a hit of %s that was never stored (%zu B)", n->i, k->text,
                    hit->value.len);
        return;
    }
    const uint32_t over = src->states[e->state].over;
    const uint32_t floor = floor_of(src, &n->oracle, e->state);
    if (!hit->unproven && over <= floor)
        sim_violate(s, CHECK_I2,
                    "n%u serves %s as it was before commit %u, and covered a dot after commit %u",
                    n->i, k->text, over, floor);
}

struct looking {
    struct sim *s;
    struct sim_node *n;
    uint32_t key;
};

static void on_hit(void *ctx, const struct cache_hit *hit)
{
    const struct looking *l = ctx;
    oracle_hit(l->s, l->n, l->key, hit);
}

bool oracle_get(struct sim *s, struct sim_node *n, uint32_t key)
{
    struct looking looking = {s, n, key};
    static const struct cache_ask fresh;
    return cache_get(n->cache, sim_local(s, n->i), process_key(s, n, key), &fresh, on_hit,
                     &looking) == CACHE_HIT;
}

void oracle_audit(struct sim *s, struct sim_node *n)
{
    for (uint32_t key = 0; key < s->source.keys_n && !s->failed; key++)
        oracle_get(s, n, key);
}
