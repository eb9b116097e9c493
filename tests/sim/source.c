#include "source.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

#define ABA_VALUES  3
#define ABA_TAGSETS 2
#define ABA_STATES  (ABA_VALUES * ABA_TAGSETS)

/* Which tags a key has in its i-th set: none, one, two, or another one. */
static uint32_t tags_of(uint32_t key, uint32_t tagset)
{
    const uint32_t one = 1U << key % SOURCE_TAGS;
    const uint32_t other = 1U << (key + 1 + key / SOURCE_TAGS % (SOURCE_TAGS - 1)) % SOURCE_TAGS;
    switch (tagset % 4) {
    case 0:
        return one;
    case 1:
        return one | other;
    case 2:
        return other;
    default:
        return 0;
    }
}

static uint32_t add_state(struct source *src, const struct source_state *state)
{
    if (src->states_n == src->states_cap) {
        src->states_cap = src->states_cap == 0 ? 4096 : src->states_cap * 2;
        src->states = realloc(src->states, src->states_cap * sizeof *src->states);
        assert(src->states != NULL);
    }
    src->states[src->states_n] = *state;
    return src->states_n++;
}

static void name_key(struct source_key *k, uint32_t i)
{
    const uint32_t a = i / SOURCE_NAMESPACES % 3;
    const uint32_t b = i / SOURCE_NAMESPACES / 3 % 3;
    k->ns = (uint8_t)(i % SOURCE_NAMESPACES);
    k->len = (uint8_t)snprintf(k->text, sizeof k->text, "%c%c:%u", 'a' + (int)a, 'a' + (int)b, i);
    k->prefix[0] = (uint16_t)(k->ns * SOURCE_PREFIXES + a);
    k->prefix[1] = (uint16_t)(k->ns * SOURCE_PREFIXES + 3 + a * 3 + b);
}

void source_init(struct source *src, uint64_t seed, uint32_t keys_n)
{
    *src = (struct source){.keys_n = keys_n, .value_max = 64};
    rng_init(&src->rng, seed);
    src->keys = calloc(keys_n, sizeof *src->keys);
    assert(src->keys != NULL);
    for (uint32_t i = 0; i < keys_n; i++) {
        name_key(&src->keys[i], i);
        for (uint32_t j = 0; j < ABA_STATES; j++)
            add_state(src, &(struct source_state){.key = i,
                                                  .value = j % ABA_VALUES,
                                                  .tags = tags_of(i, j / ABA_VALUES)});
        src->keys[i].state = i * ABA_STATES;
        src->states[i * ABA_STATES].over = SOURCE_NOT_OVER;
    }
}

void source_free(struct source *src)
{
    free(src->keys);
    free(src->states);
    *src = (struct source){0};
}

uint32_t source_commit(struct source *src, uint32_t key)
{
    struct source_key *k = &src->keys[key];
    const uint32_t commit = ++src->commits;
    uint32_t next = key * ABA_STATES + (uint32_t)rng_below(&src->rng, ABA_STATES);
    if (!src->aba)
        next = add_state(src, &(struct source_state){.key = key,
                                                     .value = commit + ABA_VALUES,
                                                     .tags = tags_of(key, commit)});
    src->states[k->state].over = commit;
    src->states[next].over = SOURCE_NOT_OVER;
    k->state = next;
    k->commit = commit;
    return next;
}

uint32_t source_pick(const struct source *src, struct rng *r)
{
    return (uint32_t)rng_below(r, rng_below(r, src->keys_n) + 1);
}

struct slice source_name(const struct source *src, uint32_t key)
{
    return slice_of(src->keys[key].text, src->keys[key].len);
}

struct slice source_ns(uint32_t ns)
{
    static const char *const NAMES[SOURCE_NAMESPACES] = {"", "users", "pages"};
    return slice_text(NAMES[ns]);
}

struct slice source_tag(uint32_t tag)
{
    static const char *const NAMES[SOURCE_TAGS] = {"red",  "green", "blue", "white",
                                                   "grey", "black", "pink", "gold"};
    return slice_text(NAMES[tag]);
}

struct slice source_prefix(uint32_t prefix_i)
{
    static const char *const NAMES[SOURCE_PREFIXES] = {
        "a", "b", "c", "aa:", "ab:", "ac:", "ba:", "bb:", "bc:", "ca:", "cb:", "cc:"};
    return slice_text(NAMES[prefix_i % SOURCE_PREFIXES]);
}

static uint32_t length_of(const struct source *src, uint32_t state)
{
    const struct source_state *s = &src->states[state];
    const uint32_t mixed = (s->key * 2654435761U) ^ (s->value * 40503U);
    return SOURCE_VALUE_HEAD + mixed % src->value_max;
}

uint32_t source_value(const struct source *src, uint32_t state, uint8_t *out)
{
    const struct source_state *s = &src->states[state];
    const uint32_t len = length_of(src, state);
    assert(len <= SOURCE_VALUE_MAX);
    struct writer w = writer_of(out, SOURCE_VALUE_MAX);
    write_u64(&w, s->key);
    write_u64(&w, s->value);
    memset(out + SOURCE_VALUE_HEAD, (int)(s->value & 0xFF), len - SOURCE_VALUE_HEAD);
    return len;
}

bool source_is_value(const struct source *src, uint32_t state, struct slice bytes)
{
    const struct source_state *s = &src->states[state];
    if (bytes.len != length_of(src, state))
        return false;
    struct reader r = reader_of(bytes);
    const uint64_t key = read_u64(&r);
    const uint64_t value = read_u64(&r);
    const bool ends = bytes.len == SOURCE_VALUE_HEAD || bytes.at[bytes.len - 1] == (value & 0xFF);
    return key == s->key && value == s->value && ends;
}

uint32_t source_tags(const struct source *src, uint32_t state, struct slice out[SOURCE_TAGS])
{
    uint32_t n = 0;
    for (uint32_t tag = 0; tag < SOURCE_TAGS; tag++)
        if ((src->states[state].tags >> tag & 1) != 0)
            out[n++] = source_tag(tag);
    return n;
}
