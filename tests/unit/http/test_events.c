/** The ring of events, and what it keeps of them. */
#include <criterion/criterion.h>
#include <string.h>

#include "http/events.h"

#define NOW (5 * US_PER_SEC)

static struct node_applied dot_of(uint64_t seq, struct slice ns)
{
    return (struct node_applied){
        .dot = {.epoch = 7,
                .seq = seq,
                .kind = DOT_KEY,
                .name = {.known = true, .ns = ns, .target = slice_text("a secret key")}}};
}

static struct http_events with(uint64_t n)
{
    struct http_events e;
    cr_assert(http_events_init(&e));
    for (uint64_t i = 1; i <= n; i++) {
        const struct node_applied applied = dot_of(i, slice_text("shop"));
        http_events_applied(&e, NOW + i, &applied);
    }
    return e;
}

Test(events, an_empty_ring_holds_none)
{
    struct http_events e = with(0);
    cr_assert_eq(e.added, 0);
    cr_assert_eq(http_events_oldest(&e), 1);
    http_events_fini(&e);
}

Test(events, all_are_there_up_to_the_limit)
{
    struct http_events e = with(EVENTS_MAX);
    cr_assert_eq(http_events_oldest(&e), 1);
    cr_assert_eq(http_events_at(&e, 1)->dot.seq, 1);
    cr_assert_eq(http_events_at(&e, EVENTS_MAX)->dot.seq, EVENTS_MAX);
    http_events_fini(&e);
}

Test(events, one_more_pushes_the_oldest_out)
{
    struct http_events e = with(EVENTS_MAX + 1);
    cr_assert_eq(http_events_oldest(&e), 2);
    for (uint64_t id = 2; id <= EVENTS_MAX + 1; id++) {
        cr_assert_eq(http_events_at(&e, id)->id, id);
        cr_assert_eq(http_events_at(&e, id)->dot.seq, id);
        cr_assert_eq(http_events_at(&e, id)->at, NOW + id);
    }
    http_events_fini(&e);
}

Test(events, targets_are_not_kept)
{
    static const char secret[] = "a secret key";
    struct http_events e = with(1);
    const struct http_event *event = http_events_at(&e, 1);
    cr_assert_null(memmem(event, sizeof *event, secret, strlen(secret)));
    cr_assert_eq(event->dot.ns_len, 4);
    cr_assert_eq(memcmp(event->dot.ns, "shop", 4), 0);
    http_events_fini(&e);
}

Test(events, a_namespace_is_kept_at_its_limit_and_not_beyond)
{
    static const char text[CLIENT_NS_MAX + 1];
    struct http_events e = with(0);
    const struct node_applied most = dot_of(1, slice_of(text, CLIENT_NS_MAX));
    const struct node_applied over = dot_of(2, slice_of(text, CLIENT_NS_MAX + 1));
    http_events_applied(&e, NOW, &most);
    http_events_applied(&e, NOW, &over);
    cr_assert(http_events_at(&e, 1)->dot.named);
    cr_assert_eq(http_events_at(&e, 1)->dot.ns_len, CLIENT_NS_MAX);
    cr_assert_not(http_events_at(&e, 2)->dot.named);
    http_events_fini(&e);
}

Test(events, members_are_copied_with_their_names)
{
    char name[] = "b";
    struct http_events e = with(0);
    const struct swim_member m = {.name = slice_text(name),
                                  .state = SWIM_SUSPECT,
                                  .version = 3,
                                  .generation = 9,
                                  .accuser = slice_text("c")};
    http_events_member(&e, NOW, SWIM_SUSPECTED, &m);
    name[0] = 'x';
    const struct http_event *event = http_events_at(&e, 1);
    cr_assert_eq(event->kind, EVENT_MEMBER);
    cr_assert_eq(event->member.what, SWIM_SUSPECTED);
    cr_assert_eq(event->member.state, SWIM_SUSPECT);
    cr_assert_eq(event->member.name.len, 1);
    cr_assert_eq(event->member.name.at[0], 'b');
    cr_assert_eq(event->member.accuser.at[0], 'c');
    http_events_fini(&e);
}
