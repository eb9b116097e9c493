#include "cache/packed.h"

#include <assert.h>
#include <string.h>

#define VALUE_LEN_MAX ((1U << 24) - 1)
#define KEY_LEN_MAX   (1U << 10)
#define TAGS_N_MAX    ((1U << 5) - 1)
#define FLAGS_MAX     ((1U << 5) - 1)
#define LIFE_MAX      ((1U << 7) - 1)
#define CREATED_LOW   33 /* bits of the time that lie in word 2; above them that of the end */
#define CREATED_MASK  ((1ULL << 38) - 1) /* ms */
#define EXPIRES_LOW   (64 - CREATED_LOW)
#define EXPIRES_NEVER ((1ULL << 49) - 1) /* us; 17 years after the machine's start, and later */
#define AHEAD_MS      (1ULL << 20)       /* that a store can seem to lie in the future */
#define CLASS_BITS    7                  /* of the class in the word of the fresh time */

static size_t words_n(uint8_t flags)
{
    return (size_t)((flags & ITEM_VERSION) != 0) + ((flags & ITEM_FRESH) != 0);
}

uint64_t item_size(const struct item_shape *shape)
{
    const uint64_t len = sizeof(struct item) + words_n(shape->flags) * sizeof(uint64_t) +
                         shape->tags_n * sizeof(uint32_t) + shape->key_len + shape->value_len;
    return (len + ITEM_ALIGN - 1) / ITEM_ALIGN * ITEM_ALIGN;
}

uint64_t item_len(const struct item *it)
{
    return item_size(&(struct item_shape){.flags = item_flags(it),
                                          .tags_n = item_tags_n(it),
                                          .key_len = item_key_len(it),
                                          .value_len = item_value_len(it)});
}

static void set_word_of_head(struct item *it, size_t i, uint64_t word)
{
    memcpy(&it->halves[2 * i], &word, sizeof word);
}

/** Replace n bits of a word from bit `at` on. */
static void set_bits(struct item *it, size_t i, unsigned at, unsigned n, uint64_t value)
{
    const uint64_t mask = ((1ULL << n) - 1) << at;
    set_word_of_head(it, i, (item_word(it, i) & ~mask) | value << at);
}

static void set_expires(struct item *it, mono_us expires_us)
{
    const uint64_t us = expires_us < EXPIRES_NEVER ? expires_us : EXPIRES_NEVER;
    set_bits(it, 1, 46, 18, us >> EXPIRES_LOW);
    set_bits(it, 2, CREATED_LOW, EXPIRES_LOW, us & ((1ULL << EXPIRES_LOW) - 1));
}

void item_begin(struct item *it, const struct item_head *head)
{
    const uint64_t created = head->created_ms & CREATED_MASK;
    assert(head->value_len <= VALUE_LEN_MAX && head->key_len > 0 && head->key_len <= KEY_LEN_MAX);
    assert(head->tags_n <= TAGS_N_MAX && head->stamp <= ITEM_STAMP_MAX);
    assert(head->flags <= FLAGS_MAX && head->life <= LIFE_MAX);
    set_word_of_head(it, 0,
                     head->value_len | (uint64_t)(head->key_len - 1) << 24 |
                         (uint64_t)head->tags_n << 34 | (uint64_t)head->ns_i << 39 |
                         (uint64_t)head->life << 47 | (uint64_t)head->flags << 54 |
                         created >> CREATED_LOW << 59);
    set_word_of_head(it, 1, head->stamp);
    set_word_of_head(it, 2, created & ((1ULL << CREATED_LOW) - 1));
    set_expires(it, head->expires_us);
}

uint64_t item_age_ms(const struct item *it, mono_us now)
{
    const uint64_t created =
        item_bits(it, 0, 59, 5) << CREATED_LOW | item_bits(it, 2, 0, CREATED_LOW);
    const uint64_t age = (now / US_PER_MS - created) & CREATED_MASK;
    if (age > CREATED_MASK - AHEAD_MS) /* a clock read before the store, by another thread */
        return 0;
    return age < ITEM_AGE_MAX_MS ? age : ITEM_AGE_MAX_MS;
}

mono_us item_expires(const struct item *it)
{
    const uint64_t us =
        item_bits(it, 1, 46, 18) << EXPIRES_LOW | item_bits(it, 2, CREATED_LOW, EXPIRES_LOW);
    return us == EXPIRES_NEVER ? NEVER : us;
}

void item_mark(struct item *it, uint8_t flags)
{
    set_bits(it, 0, 54, 5, item_flags(it) | flags);
}

void item_expire_at(struct item *it, mono_us expires_us, uint8_t life)
{
    set_expires(it, expires_us);
    set_bits(it, 0, 47, 7, life);
}

/* ---- the optional words; they lie on 4 bytes, so they are copied ---- */

static uint64_t word(const struct item *it, size_t i)
{
    uint64_t out;
    memcpy(&out, (const uint8_t *)(it + 1) + i * sizeof out, sizeof out);
    return out;
}

static void set_word(struct item *it, size_t i, uint64_t value)
{
    memcpy((uint8_t *)(it + 1) + i * sizeof value, &value, sizeof value);
}

void item_set_version(struct item *it, uint64_t version)
{
    assert((item_flags(it) & ITEM_VERSION) != 0);
    set_word(it, 0, version);
}

void item_set_fresh(struct item *it, mono_us until, uint8_t fresh)
{
    assert((item_flags(it) & ITEM_FRESH) != 0 && fresh < 1U << CLASS_BITS);
    const uint64_t most = UINT64_MAX >> CLASS_BITS;
    set_word(it, words_n(item_flags(it)) - 1, (until < most ? until : most) << CLASS_BITS | fresh);
}

bool item_version(const struct item *it, uint64_t *out)
{
    if ((item_flags(it) & ITEM_VERSION) == 0)
        return false;
    *out = word(it, 0);
    return true;
}

mono_us item_fresh_until(const struct item *it)
{
    if ((item_flags(it) & ITEM_FRESH) == 0)
        return NEVER;
    const uint64_t until = word(it, words_n(item_flags(it)) - 1) >> CLASS_BITS;
    return until == UINT64_MAX >> CLASS_BITS ? NEVER : until;
}

uint8_t item_fresh(const struct item *it)
{
    if ((item_flags(it) & ITEM_FRESH) == 0)
        return 0;
    return (uint8_t)(word(it, words_n(item_flags(it)) - 1) & ((1U << CLASS_BITS) - 1));
}

uint32_t *item_tags(struct item *it)
{
    return (uint32_t *)(void *)((uint8_t *)(it + 1) + words_n(item_flags(it)) * sizeof(uint64_t));
}

const uint32_t *item_tag_ids(const struct item *it)
{
    return (const uint32_t *)(const void *)((const uint8_t *)(it + 1) +
                                            words_n(item_flags(it)) * sizeof(uint64_t));
}

uint8_t *item_text(struct item *it)
{
    return (uint8_t *)(item_tags(it) + item_tags_n(it));
}

struct slice item_key(const struct item *it)
{
    return slice_of((const uint8_t *)(item_tag_ids(it) + item_tags_n(it)), item_key_len(it));
}

struct slice item_value(const struct item *it)
{
    return slice_of(item_key(it).at + item_key_len(it), item_value_len(it));
}
