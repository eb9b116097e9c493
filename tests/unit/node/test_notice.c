#include <criterion/criterion.h>
#include <stdlib.h>

#include "node/notice.h"

static struct notices *make(void **memory)
{
    struct arena arena;
    const size_t len = (size_t)16 << 20;
    *memory = calloc(1, len);
    arena_init(&arena, *memory, len);
    struct notices *q = notices_new(&arena);
    cr_assert_not_null(q);
    return q;
}

static struct dot named(const char *target)
{
    return (struct dot){.epoch = 1,
                        .seq = 1,
                        .kind = DOT_KEY,
                        .name = {.known = true, .target = slice_text(target)}};
}

Test(notice, what_goes_in_comes_out_in_order)
{
    void *memory;
    struct notices *q = make(&memory);
    struct node_out out;
    notice_add(q, &(struct node_out){.kind = NODE_OUT_REPLY, .reply = {.ticket = 1}});
    const struct dot d = named("k");
    notice_applied(q, &d);
    cr_assert(notice_take(q, &out));
    cr_assert_eq(out.reply.ticket, 1);
    cr_assert(notice_take(q, &out));
    cr_assert(slice_eq(out.applied.dot.name.target, slice_text("k")));
    cr_assert_not(notice_take(q, &out));
    free(memory);
}

Test(notice, too_many_dots_fold_into_everything_and_replies_stay)
{
    void *memory;
    struct notices *q = make(&memory);
    struct node_out out;
    const struct dot d = named("k");
    for (int i = 0; i < NOTICE_APPLIED + 100; i++)
        notice_applied(q, &d);
    notice_add(q, &(struct node_out){.kind = NODE_OUT_REPLY, .reply = {.ticket = 7}});
    size_t everything = 0;
    size_t replies = 0;
    while (notice_take(q, &out)) {
        everything += out.kind == NODE_OUT_APPLIED && out.applied.everything;
        replies += out.kind == NODE_OUT_REPLY;
    }
    cr_assert_eq(everything, 1);
    cr_assert_eq(replies, 1);
    free(memory);
}

Test(notice, names_that_do_not_fit_fold_into_everything)
{
    static uint8_t name[1024];
    void *memory;
    struct notices *q = make(&memory);
    struct node_out out;
    struct dot d = named("");
    d.name.target = slice_of(name, sizeof name);
    for (int i = 0; i < NOTICE_NAMES / 1024 + 1; i++)
        notice_applied(q, &d);
    size_t n = 0;
    bool everything = false;
    while (notice_take(q, &out)) {
        n++;
        everything = everything || out.applied.everything;
    }
    cr_assert(everything);
    cr_assert_eq(n, NOTICE_NAMES / 1024 + 1);
    free(memory);
}

Test(notice, a_drained_queue_begins_anew)
{
    void *memory;
    struct notices *q = make(&memory);
    struct node_out out;
    const struct dot d = named("again");
    for (int round = 0; round < 3 * NOTICE_MAX; round++) {
        notice_applied(q, &d);
        cr_assert(notice_take(q, &out));
        cr_assert_not(out.applied.everything);
        cr_assert(notices_empty(q));
    }
    free(memory);
}
