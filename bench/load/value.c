#include "load/value.h"

#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "load/fatal.h"

#define PLACES (1U << 15) /* where a value may be cut from the pattern */
#define SEED   0x6A61792DU

void value_book_init(struct value_book *b, uint32_t len)
{
    struct rng r;
    const size_t words = ((size_t)PLACES + len) / sizeof(uint64_t) + 1;
    uint64_t *pattern = fatal_calloc(words, sizeof *pattern);
    rng_init(&r, SEED);
    for (size_t i = 0; i < words; i++)
        pattern[i] = rng_next(&r);
    *b = (struct value_book){.pattern = (uint8_t *)pattern, .len = len};
}

void value_book_fini(struct value_book *b)
{
    free(b->pattern);
    *b = (struct value_book){0};
}

static const uint8_t *cut(const struct value_book *b, uint32_t key)
{
    return b->pattern + (key * 2654435761U >> 16) % PLACES;
}

static size_t number_len(const struct value_book *b)
{
    return b->len < sizeof(uint32_t) ? b->len : sizeof(uint32_t);
}

void value_write(const struct value_book *b, uint32_t key, uint8_t *at)
{
    memcpy(at, cut(b, key), b->len);
    memcpy(at, &key, number_len(b));
}

bool value_matches(const struct value_book *b, uint32_t key, struct slice bytes)
{
    const size_t head = number_len(b);
    if (bytes.len != b->len)
        return false;
    if (b->len == 0)
        return true;
    return memcmp(bytes.at, &key, head) == 0 &&
           memcmp(bytes.at + head, cut(b, key) + head, b->len - head) == 0;
}
