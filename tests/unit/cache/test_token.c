#include <criterion/criterion.h>
#include <string.h>

#include "cache/token.h"

static const struct token_ctx ours = {.secret = {"fedcba987654321"}, .epoch_low = 0xabcd0123};

#define NOW  (5000 * US_PER_SEC)
#define HASH 0x1122334455667788ULL

static enum token_verdict check(mono_us now, const uint8_t *bytes, size_t len, uint64_t *index)
{
    return token_check(&ours, now, slice_of(bytes, len), HASH, index);
}

Test(token, gives_back_the_index_it_was_minted_with)
{
    uint8_t t[TOKEN_LEN];
    uint64_t index = 0;
    token_mint(&ours, NOW, 0x0102030405060708ULL, HASH, t);
    cr_assert_eq(check(NOW, t, TOKEN_LEN, &index), TOKEN_OK);
    cr_assert_eq(index, 0x0102030405060708ULL);
    cr_assert_eq(check(NOW, t, TOKEN_LEN, &index), TOKEN_OK, "more than once");
}

Test(token, is_laid_out_big_endian)
{
    static const uint8_t head[16] = {1,    0,    0x13, 0x88, 0xab, 0xcd, 0x01, 0x23,
                                     0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08};
    uint8_t t[TOKEN_LEN];
    token_mint(&ours, NOW, 0x0102030405060708ULL, HASH, t);
    cr_assert_arr_eq(t, head, sizeof head);
}

Test(token, another_length_or_format_is_bad)
{
    uint8_t t[TOKEN_LEN + 1] = {0};
    uint64_t index = 42;
    token_mint(&ours, NOW, 9, HASH, t);
    for (size_t len = 0; len <= TOKEN_LEN + 1; len++) {
        if (len != TOKEN_LEN)
            cr_assert_eq(check(NOW, t, len, &index), TOKEN_BAD, "length %zu", len);
    }
    t[0] = 2;
    cr_assert_eq(check(NOW, t, TOKEN_LEN, &index), TOKEN_BAD);
    cr_assert_eq(index, 42, "nothing is written");
}

Test(token, of_another_run_is_refused)
{
    struct token_ctx theirs = ours;
    uint8_t t[TOKEN_LEN];
    uint64_t index = 42;
    theirs.epoch_low++;
    token_mint(&theirs, NOW, 9, HASH, t);
    cr_assert_eq(check(NOW, t, TOKEN_LEN, &index), TOKEN_NODE);
    cr_assert_eq(index, 42);
}

Test(token, for_another_key_is_refused)
{
    uint8_t t[TOKEN_LEN];
    uint64_t index = 42;
    token_mint(&ours, NOW, 9, HASH + 1, t);
    cr_assert_eq(check(NOW, t, TOKEN_LEN, &index), TOKEN_KEY);
    cr_assert_eq(index, 42);
}

Test(token, with_any_bit_changed_is_refused)
{
    for (size_t bit = 0; bit < TOKEN_LEN * 8; bit++) {
        uint8_t t[TOKEN_LEN];
        uint64_t index = 42;
        token_mint(&ours, NOW, 9, HASH, t);
        t[bit / 8] ^= (uint8_t)(1 << bit % 8);
        cr_assert_neq(check(NOW, t, TOKEN_LEN, &index), TOKEN_OK, "bit %zu", bit);
        cr_assert_eq(index, 42);
    }
}

Test(token, with_another_secret_is_refused)
{
    struct token_ctx forger = ours;
    uint8_t t[TOKEN_LEN];
    uint64_t index = 42;
    forger.secret.bytes[3] ^= 1;
    token_mint(&forger, NOW, 9, HASH, t);
    cr_assert_eq(check(NOW, t, TOKEN_LEN, &index), TOKEN_KEY);
}

Test(token, expires_after_its_age_to_the_second)
{
    uint8_t t[TOKEN_LEN];
    uint64_t index = 42;
    token_mint(&ours, NOW, 9, HASH, t);
    const mono_us last = NOW + TOKEN_AGE_S * US_PER_SEC;
    cr_assert_eq(check(last - US_PER_SEC, t, TOKEN_LEN, &index), TOKEN_OK);
    cr_assert_eq(check(last, t, TOKEN_LEN, &index), TOKEN_OK);
    cr_assert_eq(check(last + US_PER_SEC, t, TOKEN_LEN, &index), TOKEN_EXPIRED);
    cr_assert_eq(check(NOW + 60000 * US_PER_SEC, t, TOKEN_LEN, &index), TOKEN_EXPIRED);
}

Test(token, age_survives_the_wrap_of_its_seconds)
{
    uint8_t t[TOKEN_LEN];
    uint64_t index = 42;
    const mono_us minted = 65530 * US_PER_SEC;
    token_mint(&ours, minted, 9, HASH, t);
    cr_assert_eq(check(minted + 600 * US_PER_SEC, t, TOKEN_LEN, &index), TOKEN_OK);
    cr_assert_eq(check(minted + 601 * US_PER_SEC, t, TOKEN_LEN, &index), TOKEN_EXPIRED);
}

Test(token, minted_by_a_thread_slightly_ahead_is_young)
{
    uint8_t t[TOKEN_LEN];
    uint64_t index = 42;
    token_mint(&ours, NOW, 9, HASH, t);
    cr_assert_eq(check(NOW - 1, t, TOKEN_LEN, &index), TOKEN_OK);
    cr_assert_eq(check(NOW - 5 * US_PER_SEC, t, TOKEN_LEN, &index), TOKEN_OK);
    cr_assert_eq(check(NOW - 6 * US_PER_SEC, t, TOKEN_LEN, &index), TOKEN_EXPIRED);
}
