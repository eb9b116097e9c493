#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"

#include "model.h"

/** The effect index of a wide dot: now, or, as one heard of earlier, a little ago. */
static uint64_t wide_index(struct model *m)
{
    const uint64_t a = event(m->w);
    return a > 6 ? a - model_below(m, 5) : a;
}

/** Sometimes a dot takes effect at the index at which it was heard of, and life goes on in between. */
static uint64_t key_index(struct model *m)
{
    const uint64_t g = event(m->w);
    for (uint64_t n = rng_chance(&m->rng, 200) ? 4 : 0; n > 0; n--) {
        if (rng_chance(&m->rng, 500))
            model_get(m);
        else
            model_fill(m);
        event(m->w);
    }
    return g;
}

void model_key_dot(struct model *m)
{
    const size_t key_i = model_below(m, REF_KEYS);
    struct key_dot told = {.soft = rng_chance(&m->rng, 400)};
    struct dot d = {.kind = DOT_KEY, .hash = m->ref->keys[key_i].hash, .soft = told.soft};
    told.index = key_index(m);
    if (rng_chance(&m->rng, 300))
        told.version = (uint8_t)(1 + model_below(m, 6));
    d.has_version = told.version != 0;
    d.version = told.version;
    issue_at(m->w, d, told.index);
    ref_key_dot(m->ref, key_i, &told);
}

static uint64_t end(struct model *m, size_t key_i, bool commit)
{
    struct ref_key *k = &m->ref->keys[key_i];
    struct begun *b = &k->begun[model_below(m, REF_BEGINS)];
    const uint64_t index = issue(m->w, (struct dot){.kind = commit ? DOT_COMMIT : DOT_ABORT,
                                                    .hash = k->hash,
                                                    .subject_epoch = 1,
                                                    .subject_seq = b->seq != 0 ? b->seq : 1});
    if (commit)
        ref_key_dot(m->ref, key_i, &(struct key_dot){.index = index});
    *b = (struct begun){.seq = 0};
    return index;
}

uint64_t model_end(struct model *m, size_t key_i)
{
    return end(m, key_i, true);
}

/** Begins and ends of quarantines, for few keys. */
void model_quarantine(struct model *m)
{
    const size_t key_i = model_below(m, 24);
    struct ref_key *k = &m->ref->keys[key_i];
    const uint64_t dice = model_below(m, 3);
    const uint32_t ms = (uint32_t)(1 + model_below(m, 60));
    const mono_us until = m->w->now + ms * US_PER_MS;
    if (dice == 0) {
        (void)end(m, key_i, rng_chance(&m->rng, 500));
        return;
    }
    const uint8_t kind = dice == 1 ? DOT_BEGIN : DOT_NOSTORE;
    struct begun *b = &k->begun[model_below(m, REF_BEGINS)];
    if (kind == DOT_BEGIN && m->w->now < b->until_us)
        return; /* no room to remember one more */
    const uint64_t index = issue(m->w, (struct dot){.kind = kind, .hash = k->hash, .ms = ms});
    ref_key_dot(m->ref, key_i, &(struct key_dot){.index = index});
    if (kind == DOT_BEGIN)
        *b = (struct begun){.seq = index, .until_us = until};
    else
        k->nostore_us = until > k->nostore_us ? until : k->nostore_us;
}

void model_tag_dot(struct model *m)
{
    char name[8];
    const uint8_t ns = (uint8_t)model_below(m, REF_NS);
    const uint16_t tag = model_tag(m);
    const uint64_t index = wide_index(m);
    snprintf(name, sizeof name, "t%u", (unsigned)tag);
    struct dot d = dot_of(m->w, DOT_TAG, model_ns(ns), name);
    d.soft = rng_chance(&m->rng, 400);
    issue_at(m->w, d, index);
    ref_raise(&m->ref->tags[ns][tag], index, d.soft);
}

/** Write the hashes of the tags of set, rising. */
static struct slice write_tags(struct model *m, const struct ref_set *set, struct tags_all *room)
{
    static char names[4][8];
    const char *texts[4];
    for (uint8_t i = 0; i < set->n; i++) {
        snprintf(names[i], sizeof names[i], "t%u", set->tags[i]);
        texts[i] = names[i];
    }
    return tags_all_of(m->w, model_ns(set->ns), texts, set->n, room).more;
}

void model_tags_all_dot(struct model *m)
{
    struct ref_set set = {.ns = (uint8_t)model_below(m, REF_NS)};
    struct tags_all room;
    const uint64_t pool = m->exact ? 5 : 9; /* exact: at most 3 x (10 + 10) sets, of 64 */
    const uint64_t n = 2 + model_below(m, m->exact ? 2 : 3);
    while (set.n < n)
        model_add_tag(set.tags, &set.n, (uint16_t)model_below(m, pool));
    set.bar = wide_index(m);
    const struct dot d = {.kind = DOT_TAGS_ALL, .more = write_tags(m, &set, &room)};
    issue_at(m->w, d, set.bar);
    ref_set(m->ref, &set);
}

void model_prefix_dot(struct model *m)
{
    char prefix[REF_KEY + 1] = {0};
    const struct ref_key *k = &m->ref->keys[model_below(m, REF_KEYS)];
    const size_t most = strlen(k->text) < m->prefix_max ? strlen(k->text) : m->prefix_max;
    const size_t len = 1 + model_below(m, most);
    const uint64_t index = wide_index(m);
    memcpy(prefix, k->text, len);
    apply_at(m->w, DOT_PREFIX, model_ns(k->ns), prefix, index);
    ref_prefix(m->ref, k->ns, prefix, len, index);
}

/** Buckets of a few keys, by a dot or by the closing of a gap, numbered with 12 bits or with fewer. */
void model_buckets_dot(struct model *m)
{
    uint8_t bits[DOT_BUCKETS_LEN] = {0};
    const bool dot = rng_chance(&m->rng, 500);
    const unsigned log2 = dot ? 12 : 5 + (unsigned)model_below(m, 8);
    const uint64_t index = wide_index(m);
    for (uint64_t n = 1 + model_below(m, 4); n > 0; n--) {
        const uint64_t hash = m->ref->keys[model_below(m, REF_KEYS)].hash >> (64 - log2);
        bits[hash / 8] |= (uint8_t)(1 << hash % 8);
    }
    if (dot)
        issue_at(m->w, (struct dot){.kind = DOT_BUCKETS, .more = slice_of(bits, sizeof bits)},
                 index);
    else
        cache_bar_buckets(m->w->c, bits, log2, index);
    for (size_t i = 0; i < REF_KEYS; i++) {
        struct ref_key *k = &m->ref->keys[i];
        const uint64_t bucket = k->hash >> (64 - log2);
        if ((bits[bucket / 8] >> bucket % 8 & 1) != 0 && index > k->bucket_bar)
            k->bucket_bar = index;
    }
}

void model_wider_dot(struct model *m)
{
    const uint64_t which = model_below(m, 8);
    const uint8_t ns = (uint8_t)model_below(m, REF_NS);
    const uint64_t index = wide_index(m);
    struct dot d = dot_of(m->w, which < 4 ? DOT_NAMESPACE : DOT_ALL, model_ns(ns), "");
    d.soft = rng_chance(&m->rng, 500);
    if (which < 6) {
        issue_at(m->w, d, index);
        ref_raise(which < 4 ? &m->ref->ns[ns] : &m->ref->all, index, d.soft);
    } else if (which == 6) {
        cache_bar(m->w->c, index);
        ref_raise(&m->ref->all, index, false);
    } else {
        cache_bar_tagged(m->w->c, index);
        m->ref->tagged_bar = index > m->ref->tagged_bar ? index : m->ref->tagged_bar;
    }
}
