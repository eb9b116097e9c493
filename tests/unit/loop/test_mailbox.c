#include <criterion/criterion.h>
#include <pthread.h>
#include <sched.h>

#include "loop/mailbox.h"

#define POSTERS 2
#define ITEMS   20000

static void never(struct ev_loop *ev, ev_async *wake, int revents)
{
    (void)ev;
    (void)wake;
    (void)revents;
}

/* Items are places in this row: number i is the i-th. */
static char row[POSTERS * (ITEMS + 2)];

static void *item_of(uintptr_t i)
{
    return &row[i];
}

static uintptr_t number_of(const void *item)
{
    return (uintptr_t)((const char *)item - row);
}

Test(mailbox, the_first_posted_is_the_first_taken)
{
    struct mailbox m;
    void *out[8];
    const struct mailbox_cfg cfg = {.ev = ev_loop_new(0), .ready = never, .cap = 4};
    cr_assert(mailbox_init(&m, &cfg));
    for (uintptr_t round = 0; round < 10; round++) {
        cr_assert(mailbox_post(&m, item_of(3 * round + 1)));
        cr_assert(mailbox_post(&m, item_of(3 * round + 2)));
        cr_expect_eq(mailbox_len(&m), 2);
        cr_assert_eq(mailbox_take(&m, out, 8), 2);
        cr_expect_eq(out[0], item_of(3 * round + 1));
        cr_expect_eq(out[1], item_of(3 * round + 2));
    }
    mailbox_fini(&m);
    ev_loop_destroy(cfg.ev);
}

Test(mailbox, a_full_one_refuses_and_keeps_what_it_has)
{
    struct mailbox m;
    void *out[8];
    const struct mailbox_cfg cfg = {.ev = ev_loop_new(0), .ready = never, .cap = 3};
    cr_assert(mailbox_init(&m, &cfg));
    for (uintptr_t i = 1; i <= 3; i++)
        cr_assert(mailbox_post(&m, item_of(i)));
    cr_expect_not(mailbox_post(&m, item_of(4)));
    cr_assert_eq(mailbox_take(&m, out, 2), 2);
    cr_expect(mailbox_post(&m, item_of(5)));
    cr_assert_eq(mailbox_take(&m, out, 8), 2);
    cr_expect_eq(out[0], item_of(3));
    cr_expect_eq(out[1], item_of(5));
    mailbox_fini(&m);
    ev_loop_destroy(cfg.ev);
}

/** A reader that checks the order of every poster. */
struct reader_state {
    struct mailbox m;
    uintptr_t last[POSTERS];
    size_t taken;
    bool in_order;
};

static void on_ready(struct ev_loop *ev, ev_async *wake, int revents)
{
    struct reader_state *s = wake->data;
    void *out[16];
    (void)revents;
    const size_t n = mailbox_take(&s->m, out, 16);
    for (size_t i = 0; i < n; i++) {
        const uintptr_t v = number_of(out[i]);
        s->in_order = s->in_order && v / POSTERS == s->last[v % POSTERS] + 1;
        s->last[v % POSTERS] = v / POSTERS;
    }
    s->taken += n;
    if (n == 16)
        mailbox_again(&s->m);
    if (s->taken == (size_t)POSTERS * ITEMS)
        ev_break(ev, EVBREAK_ALL);
}

struct poster {
    pthread_t thread;
    struct mailbox *m;
    uintptr_t i;
};

static void *post_all(void *ctx)
{
    const struct poster *p = ctx;
    for (uintptr_t k = 1; k <= ITEMS; k++) {
        while (!mailbox_post(p->m, item_of(k * POSTERS + p->i)))
            sched_yield();
    }
    return NULL;
}

Test(mailbox, threads_lose_nothing_and_keep_their_order, .timeout = 60)
{
    static struct reader_state s;
    struct poster posters[POSTERS];
    s.in_order = true;
    const struct mailbox_cfg cfg = {.ev = ev_loop_new(0), .ready = on_ready, .ctx = &s, .cap = 64};
    cr_assert(mailbox_init(&s.m, &cfg));
    for (uintptr_t i = 0; i < POSTERS; i++) {
        posters[i] = (struct poster){.m = &s.m, .i = i};
        cr_assert_eq(pthread_create(&posters[i].thread, NULL, post_all, &posters[i]), 0);
    }
    ev_run(cfg.ev, 0);
    for (size_t i = 0; i < POSTERS; i++)
        pthread_join(posters[i].thread, NULL);
    cr_expect_eq(s.taken, (size_t)POSTERS * ITEMS);
    cr_expect(s.in_order);
    mailbox_fini(&s.m);
    ev_loop_destroy(cfg.ev);
}
