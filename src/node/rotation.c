#include "node/rotation.h"

#include <assert.h>
#include <string.h>

#include "base/bytes.h"
#include "node/inside.h"

#define ID_LEN    4
#define CALLED_US (2 * ROTATION_LOOK_US) /* a packet is looked at at least once */

_Static_assert(ID_LEN *KEYRING_KEYS_MAX <= SWIM_META_MAX, "a record has room for all ids");

/* A whole struct that is made up first would leave the keys on the stack. */
void rotation_begin(struct rotation *r, mono_us now, const struct keyring *ring)
{
    r->ring = *ring;
    r->wanted = *ring;
    r->looked_at = now;
    r->look_at = NEVER;
    for (size_t i = 0; i < KEYRING_KEYS_MAX; i++)
        r->heard[i].at = now;
}

void rotation_fini(struct rotation *r)
{
    keyring_fini(&r->ring);
    keyring_fini(&r->wanted);
}

/* ---- words ---- */

static const struct {
    const char *word, *text, *advice;
} WHYS[] = {
    [ROTATION_OPEN] = {"open", "nothing is in its way", "nothing"},
    [ROTATION_FULL] = {"full", "the ring holds four keys, and one of them has to go first",
                       "wait until a key was retired"},
    [ROTATION_CLASH] = {"clash", "another key of the ring has its id",
                        "draw another key: jay keyring generate"},
    [ROTATION_JOINING] = {"joining", "this node does not reach its members",
                          "wait until it is ready and meets them"},
    [ROTATION_UNTOLD] = {"untold", "a live member does not say which keys it holds",
                         "give it the same file, or a version that says so"},
    [ROTATION_LACKS] = {"lacks", "a live member does not hold the key", "give it the same file"},
    [ROTATION_PRIMARY] = {"primary", "this node seals with it",
                          "wait until the first key of the file seals, or put this one back"},
    [ROTATION_SEALS] = {"seals", "a live member seals with it", "give it the same file"},
    [ROTATION_HEARD] = {"heard", "packets came under it, or it was in use, not long ago",
                        "wait: it goes by itself"},
};

const char *rotation_why_word(enum node_rotation_why why)
{
    assert(why <= ROTATION_HEARD);
    return WHYS[why].word;
}

const char *rotation_why_text(enum node_rotation_why why)
{
    assert(why <= ROTATION_HEARD);
    return WHYS[why].text;
}

const char *rotation_why_advice(enum node_rotation_why why)
{
    assert(why <= ROTATION_HEARD);
    return WHYS[why].advice;
}

bool rotation_can_force(enum node_rotation_why why)
{
    return why == ROTATION_JOINING || why == ROTATION_UNTOLD || why == ROTATION_LACKS ||
           why == ROTATION_SEALS || why == ROTATION_HEARD;
}

/* ---- what members tell ---- */

static bool is_gated(const struct packet_ctx *seal)
{
    return seal->ring->n > 0 && mode_takes_sealed(packet_mode(seal));
}

struct swim_meta rotation_meta(const struct packet_ctx *seal)
{
    struct swim_meta meta = {.len = 0};
    struct writer w = writer_of(meta.bytes, sizeof meta.bytes);
    for (size_t i = 0; i < seal->ring->n && is_gated(seal); i++)
        write_u32(&w, seal->ring->keys[i].id);
    assert(w.err == OK);
    meta.len = (uint8_t)w.len;
    return meta;
}

/** What is in the way of a step at one member, by what it tells of a key. */
static enum node_rotation_why obstacle_at(const struct swim_member *m, enum keyring_step step,
                                          uint32_t key)
{
    struct reader r = reader_of(slice_of(m->meta.bytes, m->meta.len));
    if (m->meta.len == 0 || m->meta.len % ID_LEN != 0)
        return ROTATION_UNTOLD;
    bool holds = false;
    const bool seals = read_u32(&r) == key;
    for (size_t i = 1; i < m->meta.len / ID_LEN; i++)
        holds = read_u32(&r) == key || holds;
    if (step == KEYRING_PROMOTE)
        return holds || seals ? ROTATION_OPEN : ROTATION_LACKS;
    return seals ? ROTATION_SEALS : ROTATION_OPEN;
}

/** Ask what all live members tell. */
static void survey(const struct node *n, struct rotation_pending *p)
{
    for (size_t i = 0; i < swim_members(n->swim); i++) {
        const struct swim_member m = swim_member_at(n->swim, i);
        if (m.self || !swim_lives(m.state))
            continue;
        const enum node_rotation_why why = obstacle_at(&m, p->step, p->key);
        if (why == ROTATION_OPEN)
            continue;
        if (p->members_n++ == 0) {
            p->why = why;
            p->member = m.id;
        }
    }
}

/* ---- gates ---- */

static uint64_t quiet_us(const struct node *n)
{
    const uint64_t doubt = 2 * swim_suspicion_max_us(n->swim);
    return n->cfg.key_quiet_us > doubt ? n->cfg.key_quiet_us : doubt;
}

/** Was the i-th key silent for long enough? */
static void listen_for(const struct node *n, mono_us now, size_t i, struct rotation_pending *p)
{
    const struct rotation *r = &n->rotation;
    p->until = r->heard[i].at + quiet_us(n);
    if (now >= p->until)
        return;
    p->why = ROTATION_HEARD;
    p->member = r->heard[i].from;
}

/** Did somebody just seal with the i-th key? Who does not reach its members may be cut off because they have
 *  forgotten its own key: then it is this one that they open. */
static bool is_called(const struct node *n, mono_us now, size_t i)
{
    const struct rotation_heard *heard = &n->rotation.heard[i];
    return heard->from != 0 && heard->from != n->seal.self && now <= heard->at + CALLED_US;
}

static bool is_cut_off(const struct node *n)
{
    return n->life.state == NODE_JOINING || swim_isolated(n->swim);
}

/** What is in the way of promoting or retiring the i-th key? */
static struct rotation_pending gate(const struct node *n, mono_us now, enum keyring_step step,
                                    size_t i)
{
    struct rotation_pending p = {.step = step, .key = n->rotation.ring.keys[i].id};
    if (!is_gated(&n->seal))
        return p;
    if (is_cut_off(n) && !(step == KEYRING_PROMOTE && is_called(n, now, i))) {
        p.why = ROTATION_JOINING;
        return p;
    }
    survey(n, &p);
    if (p.why == ROTATION_OPEN && step == KEYRING_RETIRE)
        listen_for(n, now, i, &p);
    return p;
}

/* ---- one look at what is wanted ---- */

/** What was found to be in the way. */
struct look {
    struct rotation_pending at[ROTATION_STEPS_MAX];
    size_t n;
};

static void refuse(struct look *l, const struct rotation_pending *p)
{
    assert(l->n < ROTATION_STEPS_MAX);
    l->at[l->n++] = *p;
}

static struct slice name_of(const struct node *n, uint64_t id)
{
    struct swim_member m;
    return id != 0 && swim_find(n->swim, id, &m) ? m.name : (struct slice){0};
}

static struct node_rotated told_of(const struct node *n, const struct rotation_pending *p)
{
    const uint64_t at = n->rotation.looked_at;
    return (struct node_rotated){.step = p->step,
                                 .key = p->key,
                                 .why = p->why,
                                 .member = name_of(n, p->member),
                                 .members_n = p->members_n,
                                 .wait_us =
                                     p->why == ROTATION_HEARD && p->until > at ? p->until - at : 0};
}

/** A step was taken, perhaps against what stood in its way: members and people are told. */
static void tell_taken(struct node *n, mono_us now, const struct rotation_pending *p)
{
    struct rotation_counters *c = &n->rotation.n;
    struct node_out out = {.kind = NODE_OUT_ROTATED, .rotated = told_of(n, p)};
    const struct swim_meta meta = rotation_meta(&n->seal);
    c->installed += p->step == KEYRING_INSTALL;
    c->promoted += p->step == KEYRING_PROMOTE;
    c->retired += p->step == KEYRING_RETIRE;
    c->forced += p->why != ROTATION_OPEN;
    out.rotated.taken = true;
    notice_add(n->notices, &out);
    swim_set_meta(n->swim, now, &meta);
}

/** Add the next key that is wanted and not there. Returns: was a step taken? */
static bool install(struct node *n, mono_us now, struct look *l)
{
    struct rotation *r = &n->rotation;
    for (size_t i = 0; i < r->wanted.n; i++) {
        const struct keyring_key *key = &r->wanted.keys[i];
        struct rotation_pending p = {.step = KEYRING_INSTALL, .key = key->id};
        if (keyring_place(&r->ring, key) < r->ring.n)
            continue;
        if (keyring_find(&r->ring, key->id) != NULL)
            p.why = ROTATION_CLASH;
        else if (r->ring.n == KEYRING_KEYS_MAX)
            p.why = ROTATION_FULL;
        if (p.why != ROTATION_OPEN) {
            refuse(l, &p);
            continue;
        }
        r->heard[r->ring.n] = (struct rotation_heard){.at = now};
        r->ring.keys[r->ring.n++] = *key;
        tell_taken(n, now, &p);
        return true;
    }
    return false;
}

/** Make the i-th key the first; the others keep their order. */
static void put_first(struct rotation *r, size_t i)
{
    const struct rotation_heard heard = r->heard[i];
    memmove(&r->heard[1], &r->heard[0], i * sizeof heard);
    r->heard[0] = heard;
    keyring_put_first(&r->ring, i);
}

/** Let the key seal that is wanted to. Returns: was a step taken? */
static bool promote(struct node *n, mono_us now, struct look *l)
{
    struct rotation *r = &n->rotation;
    const size_t i = keyring_place(&r->ring, &r->wanted.keys[0]);
    if (i == 0 || i == r->ring.n)
        return false;
    const struct rotation_pending p = gate(n, now, KEYRING_PROMOTE, i);
    if (p.why != ROTATION_OPEN && !keyring_forces(&r->wanted, KEYRING_PROMOTE, p.key)) {
        refuse(l, &p);
        return false;
    }
    /* Until now this node itself sealed with the first. */
    r->heard[0] = (struct rotation_heard){.at = now, .from = n->seal.self};
    put_first(r, i);
    tell_taken(n, now, &p);
    return true;
}

static void remove_key(struct rotation *r, size_t i)
{
    keyring_remove(&r->ring, i);
    const size_t after = r->ring.n - i;
    memmove(&r->heard[i], &r->heard[i + 1], after * sizeof r->heard[0]);
}

/** Drop the next key that is not wanted; never the one that seals. Returns: was a step taken? */
static bool retire(struct node *n, mono_us now, struct look *l)
{
    struct rotation *r = &n->rotation;
    for (size_t i = 0; i < r->ring.n; i++) {
        if (keyring_place(&r->wanted, &r->ring.keys[i]) < r->wanted.n)
            continue;
        struct rotation_pending p = gate(n, now, KEYRING_RETIRE, i);
        if (i == 0)
            p = (struct rotation_pending){
                .step = KEYRING_RETIRE, .key = p.key, .why = ROTATION_PRIMARY};
        const bool forced = i > 0 && keyring_forces(&r->wanted, KEYRING_RETIRE, p.key);
        if (p.why != ROTATION_OPEN && !forced) {
            refuse(l, &p);
            continue;
        }
        remove_key(r, i);
        tell_taken(n, now, &p);
        return true;
    }
    return false;
}

/** Was this told already, of this file? */
static bool is_old_news(const struct rotation *r, const struct rotation_pending *p)
{
    for (size_t i = 0; i < r->pending_n; i++) {
        const struct rotation_pending *old = &r->pending[i];
        if (old->step == p->step && old->key == p->key && old->why == p->why)
            return true;
    }
    return false;
}

/** What is refused now: people are told of what they do not know yet. */
static void keep_refused(struct node *n, const struct look *l)
{
    struct rotation *r = &n->rotation;
    for (size_t i = 0; i < l->n; i++) {
        if (is_old_news(r, &l->at[i]))
            continue;
        r->n.refused++;
        notice_add(n->notices,
                   &(struct node_out){.kind = NODE_OUT_ROTATED, .rotated = told_of(n, &l->at[i])});
    }
    memcpy(r->pending, l->at, l->n * sizeof l->at[0]);
    r->pending_n = l->n;
}

/** Each step that is taken may open the way for another: a key that goes makes room. */
static void look(struct node *n, mono_us now)
{
    struct look l = {.n = 0};
    n->rotation.looked_at = now;
    while (install(n, now, &l) || promote(n, now, &l) || retire(n, now, &l))
        l.n = 0;
    keep_refused(n, &l);
    n->rotation.look_at = l.n > 0 ? now + ROTATION_LOOK_US : NEVER;
}

/* ---- what the node does ---- */

/** Labels are for people, and may change without a step. */
static void take_labels(struct rotation *r)
{
    for (size_t i = 0; i < r->ring.n; i++) {
        const size_t at = keyring_place(&r->wanted, &r->ring.keys[i]);
        if (at < r->wanted.n)
            memcpy(r->ring.keys[i].label, r->wanted.keys[at].label, sizeof r->ring.keys[i].label);
    }
}

void rotation_want(struct node *n, mono_us now, const struct keyring *ring)
{
    struct rotation *r = &n->rotation;
    assert((ring->n == 0) == (r->ring.n == 0)); /* a node without keys cannot get any */
    if (ring->n == 0)
        return;
    r->wanted = *ring;
    r->pending_n = 0;
    look(n, now);
    take_labels(r);
}

void rotation_heard(struct node *n, mono_us now, const struct packet_head *head)
{
    struct rotation *r = &n->rotation;
    for (size_t i = 0; i < r->ring.n; i++) {
        if (r->ring.keys[i].id != head->key_id)
            continue;
        r->heard[i] = (struct rotation_heard){.at = now, .from = head->sender};
    }
}

void rotation_tick(struct node *n, mono_us now)
{
    if (now >= n->rotation.look_at)
        look(n, now);
}

mono_us rotation_deadline(const struct node *n)
{
    return n->rotation.look_at;
}

void rotation_inspect(const struct node *n, struct rotation_view *out)
{
    const struct rotation *r = &n->rotation;
    *out = (struct rotation_view){
        .pending_n = r->pending_n, .quiet_us = quiet_us(n), .counters = r->n};
    for (size_t i = 0; i < r->pending_n; i++)
        out->pending[i] = told_of(n, &r->pending[i]);
}
