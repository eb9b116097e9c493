#include "ledger/touch.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#define DOT_BUCKETS_BITS 12 /* log2 of the bits of a DOT_BUCKETS */

bool ledger_touch_init(struct arena *arena, struct touch *touch, uint8_t bits)
{
    assert(bits >= LEDGER_BUCKET_BITS_MIN && bits <= LEDGER_BUCKET_BITS_MAX);
    uint64_t *at = arena_take(arena, (size_t)1 << bits, sizeof *at);
    if (at == NULL)
        return false;
    *touch = (struct touch){.at = at, .bits = bits};
    return true;
}

/** Touch all of our buckets that share targets with bucket b of 2^bits. */
static void touch_bucket(struct touch *touch, uint32_t b, uint8_t bits, uint64_t l)
{
    if (bits >= touch->bits) {
        touch->at[b >> (bits - touch->bits)] = l;
        return;
    }
    const uint32_t n = 1U << (touch->bits - bits);
    for (uint32_t i = 0; i < n; i++)
        touch->at[b * n + i] = l;
}

static void touch_bitmap(struct touch *touch, const uint8_t *map, uint8_t bits, uint64_t l)
{
    for (uint32_t b = 0; b < 1U << bits; b++)
        if ((map[b / 8] >> (b % 8) & 1) != 0)
            touch_bucket(touch, b, bits, l);
}

void ledger_touch_dot(struct touch *touch, const struct dot *d, uint64_t l)
{
    if (dot_names_key(d->kind))
        touch->at[dot_bucket(d->hash, touch->bits)] = l;
    else if (d->kind == DOT_TAG || d->kind == DOT_TAGS_ALL)
        touch->tagged = l;
    else if (d->kind == DOT_BUCKETS && d->more.len == DOT_BUCKETS_LEN)
        touch_bitmap(touch, d->more.at, DOT_BUCKETS_BITS, l);
    else if (d->kind != DOT_ABORT)
        touch->wide = l;
}

void ledger_touch_known(struct touch *touch, const struct ledger_touched *what, uint64_t l)
{
    const uint8_t bits = what->bucket_bits;
    if (what->everything || bits < LEDGER_BUCKET_BITS_MIN || bits > LEDGER_BUCKET_BITS_MAX) {
        ledger_touch_everything(touch, l);
        return;
    }
    if (what->tagged)
        touch->tagged = l;
    touch_bitmap(touch, what->bits, bits, l);
}

void ledger_touch_everything(struct touch *touch, uint64_t l)
{
    touch->all = l;
}

static uint8_t gather_byte(const uint64_t *at, uint64_t x)
{
    uint8_t byte = 0;
    for (unsigned i = 0; i < 8; i++)
        byte |= (uint8_t)((at[i] > x) << i);
    return byte;
}

void ledger_touch_since(const struct touch *touch, uint64_t x, struct ledger_touched *out)
{
    memset(out, 0, sizeof *out);
    out->bucket_bits = touch->bits;
    out->everything = touch->wide > x || touch->all > x;
    out->tagged = touch->tagged > x;
    if (out->everything)
        return;
    for (uint32_t i = 0; i < 1U << (touch->bits - 3); i++) {
        out->bits[i] = gather_byte(&touch->at[i * 8], x);
        out->set_n += (uint32_t)__builtin_popcount(out->bits[i]);
    }
}
