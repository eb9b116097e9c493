#include "base/siphash.h"

#define WORD 8

/* Of a word of 8 bytes the compiler makes one load. */
static inline uint64_t little_endian(const uint8_t *at)
{
    return (uint64_t)at[0] | (uint64_t)at[1] << 8 | (uint64_t)at[2] << 16 | (uint64_t)at[3] << 24 |
           (uint64_t)at[4] << 32 | (uint64_t)at[5] << 40 | (uint64_t)at[6] << 48 |
           (uint64_t)at[7] << 56;
}

static inline uint64_t rotate(uint64_t x, unsigned n)
{
    return x << n | x >> (64 - n);
}

static inline void mix(uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] = rotate(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] = rotate(v[2], 32);
}

static inline void absorb(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    mix(v);
    mix(v);
    v[0] ^= word;
}

struct siphash siphash_begin(const uint8_t key[16])
{
    const uint64_t k0 = little_endian(key);
    const uint64_t k1 = little_endian(key + WORD);
    return (struct siphash){.v = {k0 ^ 0x736f6d6570736575ULL, k1 ^ 0x646f72616e646f6dULL,
                                  k0 ^ 0x6c7967656e657261ULL, k1 ^ 0x7465646279746573ULL}};
}

/** Up to 7 bytes; they may complete a word. */
static inline void add_few(struct siphash *s, const uint8_t *at, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        s->tail |= (uint64_t)at[i] << (s->len % WORD * 8);
        if (++s->len % WORD != 0)
            continue;
        absorb(s->v, s->tail);
        s->tail = 0;
    }
}

void siphash_add(struct siphash *s, struct slice piece)
{
    if (piece.len == 0)
        return; /* it may have no address */
    const unsigned shift = (unsigned)(s->len % WORD * 8);
    const size_t whole = piece.len / WORD * WORD;
    uint64_t v[4] = {s->v[0], s->v[1], s->v[2], s->v[3]};
    uint64_t tail = s->tail;
    for (size_t i = 0; i < whole; i += WORD) {
        const uint64_t word = little_endian(piece.at + i);
        absorb(v, tail | word << shift);
        tail = shift == 0 ? 0 : word >> (64 - shift);
    }
    *s = (struct siphash){.v = {v[0], v[1], v[2], v[3]}, .tail = tail, .len = s->len + whole};
    add_few(s, piece.at + whole, piece.len - whole);
}

uint64_t siphash_end(struct siphash *s)
{
    absorb(s->v, s->tail | s->len << 56);
    s->v[2] ^= 0xff;
    for (int i = 0; i < 4; i++)
        mix(s->v);
    return s->v[0] ^ s->v[1] ^ s->v[2] ^ s->v[3];
}
