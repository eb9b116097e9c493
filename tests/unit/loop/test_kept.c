/** Requests that are not whole yet: what all connections together may keep of them. */
#include <criterion/criterion.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/socket.h>

#include "loop/hungry.h"
#include "loop/kept.h"

#include "kit.h"

#define LONG (KEPT_LONG + 1)
#define PART (200U << 10) /* of a long request: more than one read needs */

static uint8_t bytes[2 * KIT_VALUE_MAX];

/* ---- memory ---- */

static struct kept put(struct kept_room *room, size_t len, size_t need)
{
    struct kept k = {.at = NULL};
    cr_assert(kept_put(&k, room, slice_of(bytes, len), need));
    return k;
}

Test(kept, a_long_frame_takes_its_memory_at_once)
{
    struct kept_room room = {.max = 4 * LONG};
    struct kept k = put(&room, 10, LONG);
    cr_expect(kept_is_long(&k) && !kept_is_hungry(&k));
    cr_expect_eq(k.cap, LONG);
    cr_expect_eq(room.used, LONG);
    kept_drop(&k, &room);
    cr_expect_eq(room.used, 0);
}

Test(kept, a_frame_that_is_not_long_takes_what_was_read)
{
    struct kept_room room = {.max = 4 * LONG};
    struct kept k = put(&room, 10, KEPT_LONG);
    cr_expect_not(kept_is_long(&k));
    const struct slice kept = kept_take(&k, &room);
    cr_expect(slice_eq(kept, slice_of(bytes, 10)));
    cr_expect_null(k.at);
    cr_expect_eq(room.used, 0);
    free((void *)kept.at);
}

Test(kept, what_was_read_with_its_end_is_put_behind_it)
{
    struct kept_room room = {.max = 4 * LONG};
    struct kept k = put(&room, 10, 10);
    const struct slice alone = kept_join(kept_take(&k, &room), (struct slice){0});
    cr_expect_eq(alone.len, 10);
    const struct slice both = kept_join(alone, slice_text("rest"));
    cr_assert_eq(both.len, 14);
    cr_expect_eq(memcmp(both.at + 10, "rest", 4), 0);
    free((void *)both.at);
}

Test(kept, beyond_half_of_the_room_a_long_frame_waits_with_what_was_read)
{
    struct kept_room room = {.max = 4 * LONG};
    struct kept one = put(&room, 10, LONG), two = put(&room, 10, LONG);
    cr_expect_not(kept_is_hungry(&two), "half of the room is theirs");
    struct kept three = put(&room, 10, LONG);
    cr_expect(kept_is_hungry(&three));
    cr_expect_not(kept_feed(&three, &room));
    cr_expect_eq(room.used, 2 * LONG + 10, "what was refused is not counted");
    kept_drop(&one, &room);
    cr_expect(kept_feed(&three, &room));
    cr_expect(slice_eq(slice_of(three.at, three.len), slice_of(bytes, 10)));
    cr_expect_eq(room.used, 2 * LONG);
    kept_drop(&two, &room);
    kept_drop(&three, &room);
}

Test(kept, what_was_read_is_kept_whatever_there_is)
{
    struct kept_room room = {.max = 15};
    struct kept one = put(&room, 10, 0), two = put(&room, 5, 0);
    cr_expect_not(kept_room_is_over(&room));
    struct kept three = put(&room, 1, 0);
    cr_expect(kept_room_is_over(&room));
    kept_drop(&one, &room);
    kept_drop(&two, &room);
    kept_drop(&three, &room);
}

/* ---- who has to go, in a worker that stands still ---- */

struct table {
    struct loop *loop;
    struct worker *worker;
    int ends[8]; /* of the clients */
    int ends_n;
};

static struct table table_new(void)
{
    struct table t = {.loop = kit_still(0)};
    t.worker = t.loop->workers[0];
    return t;
}

static void table_free(struct table *t)
{
    while (!LIST_EMPTY(&t->worker->conns))
        conn_end(LIST_FIRST(&t->worker->conns));
    for (int i = 0; i < t->ends_n; i++)
        close(t->ends[i]);
    loop_free(t->loop);
}

/** A connection that keeps len bytes of a frame begun then. */
static struct conn *keeper(struct table *t, size_t len, size_t need, mono_us begun)
{
    int pair[2];
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    t->ends[t->ends_n++] = pair[0];
    atomic_fetch_add(&t->worker->world->connections, 1);
    atomic_fetch_add(&t->worker->load, 1);
    struct conn *c = conn_new(t->worker, pair[1]);
    cr_assert_not_null(c);
    cr_assert(kept_put(&c->kept, &t->worker->world->kept, slice_of(bytes, len), need));
    c->begun = begun;
    hungry_add(c);
    return c;
}

static uint64_t closed_n(const struct table *t)
{
    return atomic_load(&t->worker->counters.in_full);
}

static uint32_t open_n(const struct table *t)
{
    return atomic_load(&t->worker->load);
}

Test(kept, while_others_wait_the_largest_of_the_late_is_closed_each_second)
{
    struct table t = table_new();
    const mono_us now = 100 * US_PER_SEC, late = now - CONN_PROGRESS_US - 1;
    t.worker->world->kept.max = 2 * LONG + 1000;
    (void)keeper(&t, 100, KEPT_LONG, late);
    (void)keeper(&t, 200, KEPT_LONG, late);
    struct conn *early = keeper(&t, 300, KEPT_LONG, now - CONN_PROGRESS_US);
    hungry_hasten(t.worker, now);
    cr_expect_eq(closed_n(&t), 0, "nobody waits");
    struct conn *hungry = keeper(&t, 10, LONG, late);
    cr_assert(hungry->hungry);
    cr_expect_eq(atomic_load(&t.worker->counters.in_waits), 1);
    hungry_hasten(t.worker, now);
    cr_expect_eq(closed_n(&t), 1);
    cr_expect_eq(t.worker->world->kept.used, 410, "the largest that is late");
    hungry_hasten(t.worker, now);
    cr_expect_eq(closed_n(&t), 2);
    hungry_hasten(t.worker, now);
    cr_expect_eq(closed_n(&t), 2, "who waits is not late, and the other was begun just now");
    cr_expect_eq(open_n(&t), 2);
    cr_expect_eq(hungry_largest(t.worker), early);
    table_free(&t);
}

Test(kept, who_is_given_up_goes_at_once_and_hears_nothing_of_what_is_under_way)
{
    struct table t = table_new();
    struct conn *c = keeper(&t, 10, KEPT_LONG, 1);
    uint8_t *room = outbuf_reserve(&c->out, 4);
    cr_assert_not_null(room);
    memset(room, 0, 4); /* the beginning of a frame */
    outbuf_commit(&c->out, 4);
    c->owed = 1;
    conn_give_up(c);
    conn_finish(c);
    cr_expect(c->closed, "an answer that came now would stand in the middle of nothing");
    cr_expect_eq(recv(t.ends[0], bytes, 1, 0), 0);
    c->owed = 0;
    table_free(&t);
}

Test(kept, who_waits_is_served_in_order_as_soon_as_there_is_room)
{
    struct table t = table_new();
    struct kept_room *room = &t.worker->world->kept;
    room->max = 2 * LONG + 100;
    struct conn *first = keeper(&t, 10, LONG, 1), *second = keeper(&t, 10, LONG, 1);
    struct conn *third = keeper(&t, 10, LONG, 1);
    cr_expect(!first->hungry && second->hungry && third->hungry);
    hungry_feed(t.worker);
    cr_expect(second->hungry && third->hungry);
    conn_end(first);
    hungry_feed(t.worker);
    cr_expect(!second->hungry && third->hungry);
    cr_expect_eq(second->kept.cap, LONG);
    conn_end(third);
    cr_expect_eq(atomic_load(&room->hungry_n), 0, "who is closed does not wait");
    cr_expect_eq(atomic_load(&room->used), LONG);
    table_free(&t);
}

/* ---- a whole node ---- */

static void start(void)
{
    const struct loop_cfg cfg = kit_cfg();
    kit_make(&cfg);
    memset(bytes, 'v', sizeof bytes);
}

/** As if others had kept so much. */
static void launch_with(uint64_t used)
{
    atomic_store(&kit_loop->world.kept.used, used);
    kit_launch();
}

TestSuite(input, .init = start, .fini = kit_end, .timeout = 60);

/** The bytes of a fill of k with the longest value. */
static struct slice long_fill(struct client *c)
{
    static uint8_t frame[KIT_VALUE_MAX + 4096];
    const struct client_got got = kit_get(c, "k");
    struct writer w = writer_of(frame, sizeof frame);
    client_request_encode(&w,
                          &(struct client_request){.id = ++c->id,
                                                   .op = OP_FILL,
                                                   .fill = {.key = slice_text("k"),
                                                            .value = slice_of(bytes, KIT_VALUE_MAX),
                                                            .token = got.token}});
    cr_assert_eq(w.err, OK);
    return writer_slice(&w);
}

static void ping(struct client *c)
{
    cr_expect_eq(kit_call(c, (struct client_request){.op = OP_PING}).error.len, 0);
}

Test(input, what_is_kept_is_counted_until_it_is_used)
{
    launch_with(0);
    struct client c = kit_dial();
    const struct slice frame = long_fill(&c);
    struct client_reply reply;
    kit_send(&c, slice_of(frame.at, PART));
    while (kit_counters().input_kept == 0)
        sched_yield();
    cr_expect_eq(kit_counters().input_kept, frame.len, "its memory is taken at once");
    kit_send(&c, slice_of(frame.at + PART, frame.len - PART));
    cr_assert(kit_next(&c, &reply));
    cr_expect_eq(reply.error.len, 0);
    cr_expect_eq(kit_counters().input_kept, 0);
    cr_expect_eq(kit_counters().input_waits, 0);
    cr_expect_eq(kit_get(&c, "k").value.len, KIT_VALUE_MAX);
    kit_hang_up(&c);
}

Test(input, a_long_request_waits_until_others_have_used_theirs)
{
    const uint64_t others = kit_loop->world.kept.max / 2;
    launch_with(others);
    struct client c = kit_dial(), other = kit_dial();
    const struct slice frame = long_fill(&c);
    struct client_reply reply;
    kit_send(&c, slice_of(frame.at, PART));
    while (kit_counters().input_waits == 0)
        sched_yield();
    cr_expect_leq(kit_counters().input_kept, others + PART, "only what was read is kept");
    ping(&other);
    atomic_fetch_sub(&kit_loop->world.kept.used, others);
    kit_send(&c, slice_of(frame.at + PART, frame.len - PART));
    cr_assert(kit_next(&c, &reply));
    cr_expect_eq(reply.error.len, 0);
    cr_expect_eq(kit_get(&c, "k").value.len, KIT_VALUE_MAX);
    cr_expect_eq(kit_counters().input_full, 0);
    kit_hang_up(&c);
    kit_hang_up(&other);
}

Test(input, beyond_the_limit_of_all_who_keeps_most_is_closed)
{
    launch_with(kit_loop->world.kept.max - 50);
    struct client c = kit_dial(), other = kit_dial();
    const struct slice frame = long_fill(&c);
    struct client_reply reply;
    kit_send(&c, slice_of(frame.at, 100));
    cr_expect_not(kit_next(&c, &reply));
    cr_expect_eq(kit_counters().input_full, 1);
    while (kit_counters().input_kept != kit_loop->world.kept.max - 50)
        sched_yield(); /* it hangs up first */
    ping(&other);
    kit_hang_up(&c);
    kit_hang_up(&other);
}
