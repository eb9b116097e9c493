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
    const uint32_t keys = s->source.keys_n;
    n->oracle = (struct oracle_view){.hard.keys = clear(was.hard.keys, keys, sizeof *was.hard.keys),
                                     .soft.keys = clear(was.soft.keys, keys, sizeof *was.soft.keys),
                                     .entries = clear(was.entries, keys, sizeof *was.entries),
                                     .refusals = clear(was.refusals, keys, sizeof *was.refusals),
                                     .seen = was.seen,
                                     .seen_cap = was.seen_cap,
                                     .lives.nostore =
                                         clear(was.lives.nostore, keys, sizeof *was.lives.nostore)};
    n->sim = s;
}

void oracle_end(struct sim_node *n)
{
    free(n->oracle.hard.keys);
    free(n->oracle.soft.keys);
    free(n->oracle.entries);
    free(n->oracle.refusals);
    free(n->oracle.seen);
    free(n->oracle.lives.nostore);
    n->oracle = (struct oracle_view){0};
}

/* Does this dot aim at the key that is watched, as it is now? */
static bool is_watched(const struct sim *s, const struct oracle_dot *dot)
{
    return s->cfg.watch >= 0 &&
           (floors_aimed(&s->source, dot, s->source.keys[s->cfg.watch].state) ||
            dot->kind == DOT_TAG || dot->kind == DOT_TAGS_ALL);
}

static void watch_dot(struct sim *s, const struct sim_node *n, const char *what,
                      const struct oracle_dot *dot)
{
    if (is_watched(s, dot))
        sim_watch(s, (uint32_t)s->cfg.watch, "n%u %s a%s dot of kind %u, target %u, commit %u",
                  n->i, what, dot->soft ? " soft" : "", dot->kind, dot->target, dot->commit);
}

static void add_dot(struct oracle_run *run, const struct oracle_dot *dot)
{
    if (run->dots_n == run->dots_cap) {
        run->dots_cap = run->dots_cap == 0 ? 256 : run->dots_cap * 2;
        run->dots = realloc(run->dots, run->dots_cap * sizeof *run->dots);
        assert(run->dots != NULL);
    }
    run->dots[run->dots_n++] = *dot;
}

void oracle_issue(struct sim *s, struct sim_node *n, const struct oracle_dot *dot)
{
    add_dot(&s->runs[n->run], dot);
    watch_dot(s, n, "issues", dot);
}

void oracle_refused(struct sim *s, struct sim_node *n, uint32_t count)
{
    s->runs[n->run].dots_n -= count;
}

void oracle_fold(struct sim *s, struct sim_node *n, uint32_t count)
{
    struct oracle_run *run = &s->runs[n->run];
    assert(count >= 1 && count <= FLOOR_KEYS && count <= run->dots_n);
    run->dots_n -= count;
    struct oracle_dot *one = &run->dots[run->dots_n++];
    for (uint32_t i = 1; i < count; i++)
        one->more[i - 1] = (uint16_t)one[i].target;
    one->more_n = (uint8_t)(count - 1);
    one->kind = DOT_BUCKETS;
    one->hash = 0;
    watch_dot(s, n, "issues", one);
}

const struct oracle_dot *oracle_dot_at(const struct oracle_run *run, uint64_t seq)
{
    return seq == 0 || seq > run->dots_n ? NULL : &run->dots[seq - 1];
}

/* The first dot that a node issues of itself once it votes anew is its barrier. */
static void note_anew(struct sim *s, const struct sim_node *n, struct oracle_run *run)
{
    if (run->anew_seq != 0 || sim_view(s, n->i).votes.mode != VOTE_ANEW)
        return;
    run->anew_seq = run->dots_n;
    run->anew_at = s->now;
}

/* A node issues some dots of itself: when a voter begins anew, when an intent runs out. What they are
 * is told with their effects, mostly. */
static void note_inside(struct sim *s, const struct sim_node *n, uint64_t head)
{
    struct oracle_run *run = &s->runs[n->run];
    while (run->dots_n < head) {
        s->counters.inside++;
        add_dot(run, &(struct oracle_dot){.kind = DOT_UNKNOWN, .commit = s->source.commits});
        note_anew(s, n, run);
    }
}

static void cover(struct oracle_view *v, const struct oracle_dot *dot)
{
    floors_raise(dot->soft ? &v->soft : &v->hard, dot);
}

uint32_t oracle_run_of(const struct sim *s, uint64_t epoch)
{
    for (uint32_t i = s->runs_n; i > 0; i--)
        if (s->runs[i - 1].epoch == epoch)
            return i - 1;
    return UINT32_MAX;
}

uint32_t oracle_add_run(struct sim *s, const struct sim_node *n, uint64_t epoch)
{
    if (s->runs_n == s->runs_cap) {
        s->runs_cap = s->runs_cap == 0 ? 64 : s->runs_cap * 2;
        s->runs = realloc(s->runs, s->runs_cap * sizeof *s->runs);
        assert(s->runs != NULL);
    }
    s->runs[s->runs_n] = (struct oracle_run){.node = n->i, .epoch = epoch};
    return s->runs_n++;
}

/* Who finds another process with its own epoch says so as an origin of its own, with one dot: whatever
 * the two have said is void, and everything from before that dot goes. */
static uint32_t find_or_note(struct sim *s, const struct sim_node *n, uint64_t epoch)
{
    struct node_view view;
    const uint32_t run = oracle_run_of(s, epoch);
    if (run != UINT32_MAX || !s->runs[n->run].cloned)
        return run;
    node_inspect(n->node, &view);
    if (view.node.poisoned == 0)
        return UINT32_MAX;
    const uint32_t teller = oracle_add_run(s, n, epoch);
    s->counters.poisons++;
    add_dot(&s->runs[teller],
            &(struct oracle_dot){.kind = DOT_POISON, .commit = s->source.commits});
    return teller;
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

static uint32_t run_seen(struct sim *s, const struct sim_node *n, uint64_t epoch)
{
    const struct oracle_seen *seen = seen_of(&n->oracle, epoch, 0);
    return seen != NULL ? seen->run : find_or_note(s, n, epoch);
}

/* From a long log dots of keys and tags come back as plain ones, which kill more. */
static bool is_thin(const struct oracle_dot *dot, const struct dot *d)
{
    const bool plain = !d->soft && !d->has_version && hash128_zero(&d->digest);
    return plain && dot->hash == d->hash &&
           ((d->kind == DOT_KEY && dot_names_key(dot->kind)) ||
            (d->kind == DOT_TAG && dot->kind == DOT_TAG));
}

/* Is a dot what its origin issued? A key that changes all the time goes out as one not to store. */
static bool is_issued(const struct oracle_dot *dot, const struct dot *d)
{
    const bool cooled = d->kind == DOT_NOSTORE && dot->kind == DOT_KEY && !dot->soft;
    if (is_thin(dot, d) || (cooled && dot->hash == d->hash))
        return true;
    return dot->kind == d->kind && dot->hash == d->hash && dot->soft == d->soft &&
           dot->has_version == d->has_version && dot->version == d->version &&
           (d->kind != DOT_PUT ||
            memcmp(dot->digest.bytes, d->digest.bytes, sizeof d->digest.bytes) == 0);
}

/* What a node issued of itself: everything is barred, or an intent is ended that nobody ended. */
static void learn(const struct sim *s, struct oracle_dot *dot, const struct dot *d)
{
    const uint32_t run = oracle_run_of(s, d->subject_epoch);
    const struct oracle_dot *begun =
        run == UINT32_MAX ? NULL : oracle_dot_at(&s->runs[run], d->subject_seq);
    if (run != UINT32_MAX && s->runs[run].cloned)
        return; /* whose intent it was nobody knows */
    if (d->kind == DOT_COMMIT && (begun == NULL || begun->kind != DOT_BEGIN))
        return;
    if (d->kind == DOT_COMMIT)
        dot->target = begun->target;
    else if (d->kind != DOT_ALL)
        return;
    dot->kind = d->kind;
    dot->hash = d->hash;
}

/* By what a token is too old: the effect of a dot of its key has an index past the one that the node
 * had before this event. An equal value, or a version, may pass; and what is thin says less. */
static void refuse_below(struct sim_node *n, const struct oracle_dot *dot, uint64_t own_seq)
{
    const bool plain = dot->kind == DOT_KEY || dot->kind == DOT_BEGIN || dot->kind == DOT_COMMIT;
    if (!plain || dot->has_version)
        return;
    struct oracle_refusal *r = &n->oracle.refusals[dot->target];
    *r = (struct oracle_refusal){.below = n->checks.index + 1,
                                 .own_below = r->below,
                                 .own_seq = dot->with_put ? own_seq : 0};
}

void oracle_everything(struct sim *s, struct sim_node *n)
{
    lives_everything(s, n);
    reader_everything(s, n);
    announce_everything(n);
}

void oracle_applied(struct sim *s, struct sim_node *n, const struct dot *d)
{
    const uint32_t run_i = run_seen(s, n, d->epoch);
    struct oracle_run *run = run_i == UINT32_MAX ? NULL : &s->runs[run_i];
    if (d->epoch == s->runs[n->run].epoch)
        note_inside(s, n, d->seq);
    if (run != NULL && run->cloned) {
        oracle_everything(s, n);
        return;
    }
    if (run == NULL || d->seq == 0 || d->seq > run->dots_n) {
        sim_violate(s, CHECK_I6, "n%u applied a dot that nobody issued: seq %llu", n->i,
                    (unsigned long long)d->seq);
        return;
    }
    sim_checked(s, CHECK_I6);
    struct oracle_dot *dot = &run->dots[d->seq - 1];
    if (dot->kind == DOT_UNKNOWN)
        learn(s, dot, d);
    if (dot->kind != DOT_UNKNOWN && !is_issued(dot, d))
        sim_violate(s, CHECK_I6, "n%u applied dot %llu of n%u with kind %u, issued with %u", n->i,
                    (unsigned long long)d->seq, run->node, d->kind, dot->kind);
    watch_dot(s, n, "applies", dot);
    refuse_below(n, dot, run_i == n->run ? d->seq : 0);
    cover(&n->oracle, dot);
    lives_dot(s, n, d, dot);
    reader_dot(s, n, dot);
    if (d->kind == DOT_BEGIN || d->kind == DOT_COMMIT || d->kind == DOT_ABORT)
        announce_applied(s, n, d, dot->target);
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
    const uint32_t run = find_or_note(s, n, epoch);
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
    if (now.epoch == s->runs[n->run].epoch)
        note_inside(s, n, now.head);
    if (s->runs[was->run].cloned)
        return;
    if (now.applied < was->applied || now.head < was->head)
        forget_seen(was, forgotten);
    const struct oracle_run *run = &s->runs[was->run];
    sim_checked(s, CHECK_I5);
    sim_checked(s, CHECK_I7);
    const bool beyond = now.applied > now.head || now.head > run->dots_n;
    if (beyond || now.applied < was->applied || now.head < was->head) {
        sim_violate(s, beyond ? CHECK_I5 : CHECK_I7,
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
    const struct node_pulse v = node_pulse(n->node);
    for (uint32_t i = 0; i < v.origins && !s->failed; i++)
        look_at(s, n, i, v.forgotten);
}

/* The newest commit that a covered dot matching this entry speaks of; hard ones alone for what is given
 * as out of date. */
static uint32_t floor_of(const struct source *src, const struct oracle_view *v, uint32_t state,
                         bool stale)
{
    const uint32_t hard = floors_of(&v->hard, src, state);
    const uint32_t soft = stale || !v->soft.raised ? 0 : floors_of(&v->soft, src, state);
    return hard > soft ? hard : soft;
}

void oracle_stored(struct sim *s, struct sim_node *n, const struct oracle_entry *e)
{
    const struct source_state *st = &s->source.states[e->state];
    sim_watch(s, st->key, "n%u stores value %u tags %x version %lld%s", n->i, st->value, st->tags,
              e->has_version ? (long long)e->version : -1LL, e->unproven ? ", unproven" : "");
    n->oracle.entries[st->key] = *e;
    announce_stored(s, n, st->key);
    lives_stored(s, n, st->key);
    reader_load_ended(s, n, st->key);
    const uint32_t floor = floor_of(&s->source, &n->oracle, e->state, false);
    sim_checked(s, CHECK_I2);
    if (e->is_void && e->stamp != 0 && !s->runs[n->run].cloned)
        sim_violate(s, CHECK_I2, "n%u stores %s by a token of another process", n->i,
                    s->source.keys[st->key].text);
    if (!e->unproven && st->over <= floor && !e->is_void)
        sim_violate(s, CHECK_I2,
                    "n%u stores %s as it was before commit %u, and covered a dot after commit %u",
                    n->i, s->source.keys[st->key].text, st->over, floor);
}

void oracle_hit(struct sim *s, struct sim_node *n, uint32_t key, const struct cache_hit *hit)
{
    const struct source *src = &s->source;
    const struct oracle_entry *e = &n->oracle.entries[key];
    const struct source_key *k = &src->keys[key];
    sim_checked(s, CHECK_VALUE);
    if (!e->stored || e->unproven != hit->unproven || e->has_version != hit->has_version ||
        (e->has_version && e->version != hit->version) ||
        !source_is_value(src, e->state, hit->value)) {
        sim_violate(s, CHECK_VALUE, "n%u: a hit of %s that was never stored (%zu B, version %lld)",
                    n->i, k->text, hit->value.len,
                    hit->has_version ? (long long)hit->version : -1LL);
        return;
    }
    const uint32_t over = src->states[e->state].over;
    const uint32_t floor = floor_of(src, &n->oracle, e->state, hit->stale);
    sim_checked(s, CHECK_I2);
    if (!hit->unproven && over <= floor && !e->is_void)
        sim_violate(s, CHECK_I2,
                    "n%u serves %s%s as it was before commit %u, and covered a dot after commit %u",
                    n->i, k->text, hit->stale ? " as out of date" : "", over, floor);
    lives_hit(s, n, key);
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

static enum cache_found look(struct sim *s, struct sim_node *n, uint32_t key,
                             const struct cache_ask *ask)
{
    struct looking looking = {s, n, key};
    return cache_get(n->cache, sim_local(s, n->i), process_key(s, n, key), ask, on_hit, &looking);
}

bool oracle_get(struct sim *s, struct sim_node *n, uint32_t key)
{
    static const struct cache_ask fresh;
    return look(s, n, key, &fresh) == CACHE_HIT;
}

/* Nothing makes an entry newer than the read that it came from. */
static void check_stamp(struct sim *s, struct sim_node *n, uint32_t key)
{
    const struct oracle_entry *e = &n->oracle.entries[key];
    if (!e->stored || e->stamp == 0 || e->run != n->run)
        return;
    sim_checked(s, CHECK_I1);
    const struct cache_ask newer = {.stale_ok = true, .min_stamp = e->stamp + 1};
    if (look(s, n, key, &newer) != CACHE_ABSENT)
        sim_violate(s, CHECK_I1, "n%u: %s passes for newer than its token of L %llu", n->i,
                    s->source.keys[key].text, (unsigned long long)e->stamp);
}

void oracle_filled(struct sim *s, struct sim_node *n, uint32_t key, const struct oracle_entry *e)
{
    const struct oracle_refusal *r = &n->oracle.refusals[key];
    const bool own = e->ended_seq != 0 && e->ended_seq == r->own_seq;
    const uint64_t below = own ? r->own_below : r->below;
    const uint64_t stamp = e->stamp;
    sim_checked(s, CHECK_I4);
    if (stamp < below)
        sim_violate(s, CHECK_I4, "n%u stores %s with a token of L %llu, after a dot past L %llu",
                    n->i, s->source.keys[key].text, (unsigned long long)stamp,
                    (unsigned long long)below - 1);
    check_stamp(s, n, key);
}

void oracle_audit(struct sim *s, struct sim_node *n)
{
    static const struct cache_ask any = {.stale_ok = true};
    lives_look(s, n);
    for (uint32_t key = 0; key < s->source.keys_n && !s->failed; key++) {
        lives_asked(s, n, key, look(s, n, key, &any));
        check_stamp(s, n, key);
    }
}

/* ---- when all is quiet ---- */

/* What a node gives for a key, when everything that ever changed it is covered there and proven. */
static uint32_t state_at(struct sim *s, struct sim_node *n, uint32_t key)
{
    const struct oracle_entry *e = &n->oracle.entries[key];
    if (!n->up || n->frozen || (s->core >> n->i & 1) == 0 || !oracle_get(s, n, key) || e->unproven)
        return UINT32_MAX;
    const uint32_t floor = floor_of(&s->source, &n->oracle, e->state, false);
    return floor < s->source.keys[key].commit ? UINT32_MAX : e->state;
}

void oracle_compare(struct sim *s)
{
    for (uint32_t key = 0; key < s->source.keys_n && !s->failed; key++) {
        uint32_t first = UINT32_MAX;
        for (uint32_t i = 0; i < s->cfg.nodes && !s->failed; i++) {
            const uint32_t state = state_at(s, &s->nodes[i], key);
            sim_checked_if(s, CHECK_S10, first != UINT32_MAX && state != UINT32_MAX);
            if (first != UINT32_MAX && state != UINT32_MAX && state != first)
                sim_violate(s, CHECK_S10, "n%u has another %s than the nodes before it", i,
                            s->source.keys[key].text);
            first = first == UINT32_MAX ? state : first;
        }
    }
}

static bool is_there(const struct sim *s, const struct sim_node *n)
{
    return n->up && !n->frozen && (s->core >> n->i & 1) != 0;
}

/* Every copy that is given, against what all have covered together. */
static void hold_against(struct sim *s, struct sim_node *n, const struct floors *all)
{
    for (uint32_t key = 0; key < s->source.keys_n && !s->failed; key++) {
        const struct oracle_entry *e = &n->oracle.entries[key];
        const uint32_t floor = e->stored && !e->unproven ? floors_of(all, &s->source, e->state) : 0;
        sim_checked_if(s, CHECK_I9_ALL, e->stored && !e->unproven);
        if (s->source.states[e->state].over <= floor && oracle_get(s, n, key))
            sim_violate(s, CHECK_I9_ALL,
                        "n%u serves %s as it was before commit %u; a dot after commit %u is "
                        "covered elsewhere",
                        n->i, s->source.keys[key].text, s->source.states[e->state].over, floor);
    }
}

void oracle_everywhere(struct sim *s)
{
    struct floors all = {.keys = calloc(s->source.keys_n, sizeof *all.keys)};
    assert(all.keys != NULL);
    for (uint32_t i = 0; i < s->cfg.nodes; i++) {
        if (is_there(s, &s->nodes[i])) {
            floors_merge(&all, &s->nodes[i].oracle.hard, s->source.keys_n);
            floors_merge(&all, &s->nodes[i].oracle.soft, s->source.keys_n);
        }
    }
    for (uint32_t i = 0; i < s->cfg.nodes && !s->failed; i++)
        if (is_there(s, &s->nodes[i]))
            hold_against(s, &s->nodes[i], &all);
    free(all.keys);
}
