#include "load/stencil.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "load/fatal.h"
#include "load/keys.h"

#define OVERHEAD 512 /* more than any protocol puts around the parts */

/** The parts of a trial, each filled with one letter; changed, with another. */
struct trial {
    uint8_t *key, *value, *token;
    struct parts parts;
    const struct stencil_shape *shape;
};

static uint8_t *part_of(uint32_t len, int letter)
{
    return memset(fatal_calloc(len, 1), letter, len);
}

static struct trial trial_of(const struct stencil_shape *shape)
{
    struct trial t = {.key = part_of(shape->key_len, 'a'),
                      .value = part_of(shape->value_len, 'a'),
                      .token = part_of(shape->token_len, 'a'),
                      .shape = shape};
    t.parts = (struct parts){.id = 0x1111,
                             .key = slice_of(t.key, shape->key_len),
                             .value = slice_of(t.value, shape->value_len),
                             .token = slice_of(t.token, shape->token_len),
                             .ttl_s = shape->ttl_s};
    return t;
}

static void trial_free(struct trial *t)
{
    free(t->key);
    free(t->value);
    free(t->token);
}

/** What is written of a trial. */
struct draft {
    const struct protocol *protocol;
    enum verb verb;
    size_t cap;
    uint8_t *bytes;
};

static size_t put(struct draft *d, const struct trial *t)
{
    struct writer w = writer_of(d->bytes, d->cap);
    d->protocol->write(&w, d->verb, &t->parts);
    assert(w.err == OK);
    return w.len;
}

static size_t first_difference(const uint8_t *a, const uint8_t *b, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (a[i] != b[i])
            return i;
    return STENCIL_ABSENT;
}

/** Where the request changes with the bytes of one part. */
static size_t find(const struct stencil *t, struct draft *d, const struct trial *trial,
                   uint8_t *part, size_t part_len)
{
    memset(part, 'b', part_len);
    const size_t len = put(d, trial);
    memset(part, 'a', part_len);
    assert(len == t->len);
    return first_difference(t->bytes, d->bytes, len);
}

static size_t find_id(const struct stencil *t, struct draft *d, struct trial *trial)
{
    trial->parts.id = 0x2222;
    const size_t len = put(d, trial);
    trial->parts.id = 0x1111;
    return first_difference(t->bytes, d->bytes, len);
}

static void find_places(struct stencil *t, struct draft *d, struct trial *trial)
{
    const struct stencil_shape *shape = trial->shape;
    t->id_at = find_id(t, d, trial);
    t->key_at = find(t, d, trial, trial->key, shape->key_len);
    t->value_at = find(t, d, trial, trial->value, shape->value_len);
    t->token_at = find(t, d, trial, trial->token, shape->token_len);
}

void stencil_make(struct stencil *t, const struct protocol *p, enum verb verb,
                  const struct stencil_shape *shape)
{
    struct trial trial = trial_of(shape);
    const size_t cap = OVERHEAD + shape->key_len + shape->value_len + shape->token_len;
    struct draft d = {.protocol = p, .verb = verb, .cap = cap, .bytes = fatal_calloc(cap, 1)};
    t->bytes = fatal_calloc(cap, 1);
    t->len = put(&d, &trial);
    t->token_len = shape->token_len;
    memcpy(t->bytes, d.bytes, t->len);
    find_places(t, &d, &trial);
    if (t->key_at != STENCIL_ABSENT) {
        key_write(t->bytes + t->key_at, shape->key_len, 0);
        t->key_at += shape->key_len - KEY_DIGITS;
    }
    free(d.bytes);
    trial_free(&trial);
}

void stencil_write(const struct stencil *t, const struct stencil_fill *f,
                   const struct value_book *b, uint8_t *at)
{
    memcpy(at, t->bytes, t->len);
    if (t->id_at != STENCIL_ABSENT) {
        at[t->id_at] = (uint8_t)(f->id >> 8);
        at[t->id_at + 1] = (uint8_t)f->id;
    }
    if (t->key_at != STENCIL_ABSENT)
        key_digits(at + t->key_at, f->key);
    if (t->value_at != STENCIL_ABSENT)
        value_write(b, f->key, at + t->value_at);
    if (t->token_at != STENCIL_ABSENT)
        memcpy(at + t->token_at, f->token, t->token_len);
}

void stencil_free(struct stencil *t)
{
    free(t->bytes);
    *t = (struct stencil){0};
}
