#include "floors.h"

#include "base/attr.h"

uint32_t floors_pair(uint32_t ns, uint32_t a, uint32_t b)
{
    return (ns * SOURCE_TAGS + a) * SOURCE_TAGS + b;
}

static void raise(uint32_t *floor, uint32_t commit)
{
    if (*floor < commit)
        *floor = commit;
}

void floors_raise(struct floors *f, const struct oracle_dot *dot)
{
    f->raised = true;
    switch (dot->kind) {
    case DOT_KEY:
    case DOT_PUT:
    case DOT_NOSTORE:
    case DOT_BEGIN:
    case DOT_COMMIT:
        raise(&f->keys[dot->target], dot->commit);
        break;
    case DOT_BUCKETS:
        raise(&f->keys[dot->target], dot->commit);
        for (uint32_t i = 0; i < dot->more_n; i++)
            raise(&f->keys[dot->more[i]], dot->commit);
        break;
    case DOT_TAG:
        raise(&f->tags[dot->target], dot->commit);
        break;
    case DOT_TAGS_ALL:
        raise(&f->pairs[dot->target], dot->commit);
        break;
    case DOT_PREFIX:
        raise(&f->prefixes[dot->target], dot->commit);
        break;
    case DOT_NAMESPACE:
        raise(&f->ns[dot->target], dot->commit);
        break;
    case DOT_ABORT:
    case DOT_UNKNOWN:
        break;
    default:
        raise(&f->everything, dot->commit);
        break;
    }
}

static void raise_all(uint32_t *into, const uint32_t *from, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        raise(&into[i], from[i]);
}

void floors_merge(struct floors *into, const struct floors *from, uint32_t keys_n)
{
    into->raised = into->raised || from->raised;
    raise(&into->everything, from->everything);
    raise_all(into->ns, from->ns, ARRAY_LEN(into->ns));
    raise_all(into->tags, from->tags, ARRAY_LEN(into->tags));
    raise_all(into->pairs, from->pairs, ARRAY_LEN(into->pairs));
    raise_all(into->prefixes, from->prefixes, ARRAY_LEN(into->prefixes));
    raise_all(into->keys, from->keys, keys_n);
}

static uint32_t of_tags(const struct floors *f, uint32_t ns, uint32_t tags)
{
    uint32_t floor = 0;
    for (uint32_t left = tags; left != 0; left &= left - 1) {
        const uint32_t a = (uint32_t)__builtin_ctz(left);
        raise(&floor, f->tags[ns * SOURCE_TAGS + a]);
        for (uint32_t more = left & (left - 1); more != 0; more &= more - 1)
            raise(&floor, f->pairs[floors_pair(ns, a, (uint32_t)__builtin_ctz(more))]);
    }
    return floor;
}

uint32_t floors_of(const struct floors *f, const struct source *src, uint32_t state)
{
    const struct source_state *st = &src->states[state];
    const struct source_key *k = &src->keys[st->key];
    uint32_t floor = f->everything;
    if (!f->raised)
        return 0;
    raise(&floor, f->ns[k->ns]);
    raise(&floor, f->keys[st->key]);
    raise(&floor, f->prefixes[k->prefix[0]]);
    raise(&floor, f->prefixes[k->prefix[1]]);
    raise(&floor, of_tags(f, k->ns, st->tags));
    return floor;
}

static bool lists_key(const struct oracle_dot *dot, uint32_t key)
{
    bool listed = dot->target == key;
    for (uint32_t i = 0; i < dot->more_n; i++)
        listed = listed || dot->more[i] == key;
    return listed;
}

static bool carries_pair(const struct source_key *k, uint32_t tags, uint32_t pair)
{
    const uint32_t both = 1U << pair % SOURCE_TAGS | 1U << pair / SOURCE_TAGS % SOURCE_TAGS;
    return pair / SOURCE_TAGS / SOURCE_TAGS == k->ns && (tags & both) == both;
}

bool floors_aimed(const struct source *src, const struct oracle_dot *dot, uint32_t state)
{
    const struct source_state *st = &src->states[state];
    const struct source_key *k = &src->keys[st->key];
    switch (dot->kind) {
    case DOT_KEY:
    case DOT_PUT:
    case DOT_NOSTORE:
    case DOT_BEGIN:
    case DOT_COMMIT:
        return dot->target == st->key;
    case DOT_BUCKETS:
        return lists_key(dot, st->key);
    case DOT_TAG:
        return dot->target / SOURCE_TAGS == k->ns &&
               (st->tags >> dot->target % SOURCE_TAGS & 1) != 0;
    case DOT_TAGS_ALL:
        return carries_pair(k, st->tags, dot->target);
    case DOT_PREFIX:
        return dot->target == k->prefix[0] || dot->target == k->prefix[1];
    case DOT_NAMESPACE:
        return dot->target == k->ns;
    case DOT_ABORT:
    case DOT_UNKNOWN:
        return false;
    default:
        return true;
    }
}
