#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

#include <sys/socket.h>

#include "loop/outbuf.h"

#define MAX 100000

static void append(struct outbuf *o, uint8_t byte, size_t n)
{
    uint8_t *room = outbuf_reserve(o, n);
    cr_assert_neq(room, NULL);
    memset(room, byte, n);
    outbuf_commit(o, n);
}

Test(outbuf, it_takes_as_much_as_its_limit_and_not_a_byte_more)
{
    struct outbuf o;
    outbuf_init(&o, MAX);
    append(&o, 'a', MAX - 1);
    cr_expect_eq(outbuf_reserve(&o, 2), NULL);
    cr_expect_eq(outbuf_len(&o), MAX - 1);
    append(&o, 'b', 1);
    cr_expect_eq(outbuf_reserve(&o, 1), NULL);
    outbuf_fini(&o);
    cr_expect_eq(outbuf_len(&o), 0);
}

Test(outbuf, what_was_sent_makes_room_again)
{
    struct outbuf o;
    int fds[2];
    char got[4];
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    outbuf_init(&o, 4);
    for (int i = 0; i < 5; i++) {
        append(&o, 'x', 4);
        cr_expect_eq(outbuf_flush(&o, fds[0]), OUTBUF_EMPTY);
        cr_expect_eq(read(fds[1], got, sizeof got), 4);
    }
    cr_expect_eq(outbuf_flush(&o, fds[0]), OUTBUF_EMPTY);
    outbuf_fini(&o);
}

Test(outbuf, bytes_arrive_in_order_through_a_socket_that_takes_them_in_pieces)
{
    struct outbuf o;
    int fds[2];
    static uint8_t got[8 << 20];
    size_t got_n = 0;
    bool waited = false;
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    outbuf_init(&o, sizeof got);
    for (size_t i = 0; i < 64; i++)
        append(&o, (uint8_t)i, 65536);
    while (outbuf_len(&o) > 0) {
        waited |= outbuf_flush(&o, fds[0]) == OUTBUF_WAITING;
        const ssize_t n = read(fds[1], got + got_n, 100001);
        cr_assert_gt(n, 0);
        got_n += (size_t)n;
    }
    close(fds[0]);
    for (ssize_t n = 1; n > 0; got_n += (size_t)n)
        n = read(fds[1], got + got_n, sizeof got - got_n);
    cr_expect(waited);
    cr_assert_eq(got_n, 64 * 65536);
    for (size_t i = 0; i < got_n; i++)
        cr_assert_eq(got[i], i / 65536);
    outbuf_fini(&o);
}

Test(outbuf, the_other_end_gone_is_told)
{
    struct outbuf o;
    int fds[2];
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    outbuf_init(&o, MAX);
    append(&o, 'x', 10);
    close(fds[1]);
    cr_expect_eq(outbuf_flush(&o, fds[0]), OUTBUF_BROKEN);
    outbuf_fini(&o);
}

Test(outbuf, what_goes_by_another_way_waits_no_longer)
{
    struct outbuf o;
    outbuf_init(&o, MAX);
    cr_expect_eq(outbuf_rest(&o).len, 0);
    append(&o, 'x', 10);
    append(&o, 'y', 5);
    outbuf_drop(&o, 9);
    const struct slice rest = outbuf_rest(&o);
    cr_assert_eq(rest.len, 6);
    cr_expect(rest.at[0] == 'x' && rest.at[1] == 'y');
    outbuf_drop(&o, 6);
    cr_expect(outbuf_len(&o) == 0 && o.len == 0, "its room is room again");
    outbuf_fini(&o);
}

Test(outbuf, memory_moves_from_one_to_the_next)
{
    struct outbuf a, b;
    size_t cap = 0;
    outbuf_init(&a, MAX);
    outbuf_init(&b, MAX);
    cr_assert_neq(outbuf_reserve(&a, 5000), NULL);
    uint8_t *memory = outbuf_give(&a, &cap);
    cr_assert_neq(memory, NULL);
    cr_expect_geq(cap, 5000);
    outbuf_take(&b, memory, cap);
    cr_expect_eq(outbuf_reserve(&b, cap), memory);
    outbuf_fini(&a);
    outbuf_fini(&b);
}
