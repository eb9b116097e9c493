#include <criterion/criterion.h>
#include <stdlib.h>

#include "loop/spares.h"

static struct outbuf buffer_of(size_t cap)
{
    struct outbuf o;
    outbuf_init(&o, 4 * SPARES_LEN_MAX);
    cr_assert_neq(outbuf_reserve(&o, cap), NULL);
    return o;
}

/** Keep the memory of a buffer of so many bytes. Returns: was it kept? */
static bool keep(struct spares *s, size_t cap)
{
    const size_t before = s->n;
    struct outbuf o = buffer_of(cap);
    spares_keep(s, &o);
    cr_expect_eq(o.at, NULL);
    return s->n == before + 1;
}

Test(spares, the_piece_that_was_kept_last_is_lent_first)
{
    struct spares s = {.n = 0};
    struct outbuf first = buffer_of(4096), second = buffer_of(8192), to;
    const uint8_t *last = second.at;
    spares_keep(&s, &first);
    spares_keep(&s, &second);
    outbuf_init(&to, SPARES_LEN_MAX);
    spares_lend(&s, &to);
    cr_expect_eq(to.at, last);
    cr_expect_eq(to.cap, 8192);
    cr_expect_eq(s.len, 4096);
    outbuf_fini(&to);
    spares_fini(&s);
}

Test(spares, a_buffer_that_has_memory_is_lent_none)
{
    struct spares s = {.n = 0};
    struct outbuf o = buffer_of(4096);
    const uint8_t *own = o.at;
    cr_expect(keep(&s, 8192));
    spares_lend(&s, &o);
    cr_expect_eq(o.at, own);
    cr_expect_eq(s.n, 1);
    outbuf_fini(&o);
    spares_fini(&s);
}

Test(spares, none_are_lent_where_there_are_none)
{
    struct spares s = {.n = 0};
    struct outbuf o;
    outbuf_init(&o, 4096);
    spares_keep(&s, &o); /* it has no memory that could be kept */
    spares_lend(&s, &o);
    cr_expect_eq(o.at, NULL);
    cr_expect_eq(s.n, 0);
}

Test(spares, no_more_pieces_are_kept_than_the_limit)
{
    struct spares s = {.n = 0};
    for (int i = 0; i < SPARES_MAX; i++)
        cr_assert(keep(&s, 4096));
    cr_expect_not(keep(&s, 4096));
    cr_expect_eq(s.len, 4096 * SPARES_MAX);
    spares_fini(&s);
    cr_expect_eq(s.n, 0);
    cr_expect_eq(s.len, 0);
}

Test(spares, no_piece_is_kept_that_is_longer_than_the_limit)
{
    struct spares s = {.n = 0};
    cr_expect(keep(&s, SPARES_PIECE_MAX));
    cr_expect_not(keep(&s, SPARES_PIECE_MAX + 1));
    cr_expect_eq(s.len, SPARES_PIECE_MAX);
    spares_fini(&s);
}

Test(spares, no_more_bytes_are_kept_than_the_limit)
{
    struct spares s = {.n = 0};
    for (size_t len = 0; len < SPARES_LEN_MAX; len += SPARES_PIECE_MAX)
        cr_assert(keep(&s, SPARES_PIECE_MAX));
    cr_expect_not(keep(&s, 4096));
    cr_expect_eq(s.len, SPARES_LEN_MAX);
    spares_fini(&s);
}
