#include "cache/token.h"

#include <assert.h>
#include <stddef.h>

#include "base/bytes.h"

#define FORMAT   1
#define SIGNED   16 /* bytes before the mac */
#define BEHIND_S 5  /* a thread may look at its clock a little before the one that minted */

static uint64_t mac_of(const struct token_ctx *ctx, const uint8_t *token, uint64_t key_hash)
{
    uint8_t bytes[SIGNED + 8];
    struct writer w = writer_of(bytes, sizeof bytes);
    write_bytes(&w, slice_of(token, SIGNED));
    write_u64(&w, key_hash);
    return hash_bytes(&ctx->secret, writer_slice(&w));
}

static uint16_t seconds(mono_us now)
{
    return (uint16_t)(now / US_PER_SEC);
}

void token_mint(const struct token_ctx *ctx, mono_us now, uint64_t index, uint64_t key_hash,
                uint8_t out[TOKEN_LEN])
{
    struct writer w = writer_of(out, TOKEN_LEN);
    write_u8(&w, FORMAT);
    write_u8(&w, 0);
    write_u16(&w, seconds(now));
    write_u32(&w, ctx->epoch_low);
    write_u64(&w, index);
    write_u64(&w, mac_of(ctx, out, key_hash));
    assert(w.err == OK && w.len == TOKEN_LEN);
}

/** Ages are modulo 65,536 s: a token that seems to come from the near future is young. */
static bool is_young(mono_us now, uint16_t minted)
{
    const uint16_t age = (uint16_t)(seconds(now) - minted);
    return age <= TOKEN_AGE_S || age >= (uint16_t)-BEHIND_S;
}

enum token_verdict token_check(const struct token_ctx *ctx, mono_us now, struct slice bytes,
                               uint64_t key_hash, uint64_t *index)
{
    struct reader r = reader_of(bytes);
    const uint8_t format = read_u8(&r);
    (void)read_u8(&r); /* flags: none are known, the mac covers them */
    const uint16_t minted = read_u16(&r);
    const uint32_t epoch_low = read_u32(&r);
    const uint64_t stamp = read_u64(&r);
    const uint64_t mac = read_u64(&r);
    if (read_end(&r) != OK || format != FORMAT)
        return TOKEN_BAD;
    if (epoch_low != ctx->epoch_low)
        return TOKEN_NODE;
    if (mac != mac_of(ctx, bytes.at, key_hash)) /* one comparison of words: constant time */
        return TOKEN_KEY;
    if (!is_young(now, minted))
        return TOKEN_EXPIRED;
    *index = stamp;
    return TOKEN_OK;
}
