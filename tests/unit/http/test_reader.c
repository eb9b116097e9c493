/** What a listener gets: places, gaps, and a block at a time. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "http/reader.h"

#include "one_node.h"

#define EPOCH 0xabcULL
#define NOW   (5 * US_PER_SEC)

/** A ring and somebody who listens. */
struct listening {
    struct http_events events;
    struct http_owners nobody;
    struct http_reader reader;
    struct hkey hkey;
    char text[1 << 18]; /* for a whole ring */
};

static void begin(struct listening *l, const char *last_id)
{
    http_reader_fini(&l->reader);
    http_reader_init(&l->reader, &l->events, EPOCH, last_id);
}

static struct listening *open_listening(void)
{
    static struct listening l;
    l = (struct listening){.hkey = {{1}}};
    cr_assert(http_events_init(&l.events));
    begin(&l, NULL);
    return &l;
}

static void close_listening(struct listening *l)
{
    http_reader_fini(&l->reader);
    http_events_fini(&l->events);
}

/** Everything that is to be taken, cap bytes at a time. */
static const char *hear_by(struct listening *l, size_t cap)
{
    const struct http_json_events j = {
        .owners = &l->nobody, .hkey = &l->hkey, .self = EPOCH, .now = NOW};
    size_t n = 0;
    size_t got = 0;
    while ((got = http_reader_take(&l->reader, &l->events, &j, l->text + n, cap)) > 0) {
        n += got;
        cr_assert_lt(n + cap, sizeof l->text);
    }
    l->text[n] = '\0';
    return l->text;
}

static const char *hear(struct listening *l)
{
    return hear_by(l, 4096);
}

static void happen(struct listening *l, size_t n)
{
    for (size_t i = 0; i < n; i++)
        http_events_state(&l->events, NOW - US_PER_MS, "ready");
}

Test(reader, begins_with_its_place_and_the_pause)
{
    struct listening *l = open_listening();
    cr_assert_str_eq(hear(l), "retry: 2000\nid: 0000000000000abc-0\n\n");
    cr_assert_str_eq(hear(l), "");
    close_listening(l);
}

Test(reader, tells_what_happened_since)
{
    struct listening *l = open_listening();
    happen(l, 1);
    begin(l, NULL);
    (void)hear(l);
    happen(l, 2);
    cr_assert_str_eq(hear(l), "id: 0000000000000abc-2\nevent: state\n"
                              "data: {\"state\":\"ready\",\"age_ms\":1}\n\n"
                              "id: 0000000000000abc-3\nevent: state\n"
                              "data: {\"state\":\"ready\",\"age_ms\":1}\n\n");
    close_listening(l);
}

Test(reader, gives_the_same_bytes_in_parts_of_any_size)
{
    char whole[4096];
    struct listening *l = open_listening();
    happen(l, 5);
    begin(l, "0000000000000abc-0");
    (void)snprintf(whole, sizeof whole, "%.4000s", hear(l));
    for (size_t cap = 1; cap < 100; cap++) {
        begin(l, "0000000000000abc-0");
        cr_assert_str_eq(hear_by(l, cap), whole, "by %zu", cap);
    }
    close_listening(l);
}

Test(reader, goes_on_behind_the_last_id)
{
    struct listening *l = open_listening();
    happen(l, 3);
    begin(l, "0000000000000abc-2");
    const char *text = hear(l);
    cr_assert_eq(strncmp(text, "retry: 2000\nid: 0000000000000abc-2\n\n", 36), 0, "%s", text);
    cr_assert_not_null(strstr(text, "id: 0000000000000abc-3\nevent: state\n"));
    cr_assert_null(strstr(text, "gap"));
    close_listening(l);
}

Test(reader, who_was_away_for_too_long_is_told_how_much_is_missing)
{
    struct listening *l = open_listening();
    happen(l, EVENTS_MAX + 5);
    begin(l, "0000000000000abc-5");
    cr_assert_null(strstr(hear(l), "gap"), "the sixth is the oldest that is kept");
    begin(l, "0000000000000abc-4");
    const char *text = hear(l);
    cr_assert_not_null(
        strstr(
            text,
            "id: 0000000000000abc-5\nevent: gap\ndata: {\"missed\":1}\n\nid: 0000000000000abc-6"),
        "%s", text);
    cr_assert_eq(l->reader.gaps, 1);
    close_listening(l);
}

Test(reader, a_slow_one_gets_a_gap_and_costs_one_block)
{
    struct listening *l = open_listening();
    (void)hear(l);
    happen(l, 10 * EVENTS_MAX);
    const char *text = hear(l);
    char wanted[64];
    (void)snprintf(wanted, sizeof wanted, "event: gap\ndata: {\"missed\":%d}\n\n", 9 * EVENTS_MAX);
    cr_assert_not_null(strstr(text, wanted));
    cr_assert_eq(l->reader.missed, 9 * EVENTS_MAX);
    cr_assert_leq(l->reader.block.cap, 1024);
    close_listening(l);
}

Test(reader, ids_of_other_runs_and_forged_ones_begin_with_a_gap_from_now_on)
{
    static const char *const ids[] = {"0000000000000abd-1",
                                      "0000000000000abc-4", /* not yet given */
                                      "0000000000000abc-",
                                      "0000000000000abc--1",
                                      "0000000000000abc- 1",
                                      "0000000000000abc-1x",
                                      "0000000000000abc-99999999999999999999999999",
                                      "",
                                      "abc",
                                      "\xff\n"};
    struct listening *l = open_listening();
    happen(l, 3);
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        begin(l, ids[i]);
        cr_assert_str_eq(hear(l),
                         "retry: 2000\nid: 0000000000000abc-3\n\n"
                         "id: 0000000000000abc-3\nevent: gap\ndata: {\"missed\":null}\n\n",
                         "\"%s\"", ids[i]);
    }
    close_listening(l);
}

Test(reader, a_beat_is_said_only_into_silence)
{
    struct listening *l = open_listening();
    http_reader_beat(&l->reader);
    cr_assert_null(strstr(hear(l), ":\n\n"), "its place had not been taken yet");
    http_reader_beat(&l->reader);
    cr_assert(http_reader_behind(&l->reader, &l->events));
    cr_assert_str_eq(hear(l), ":\n\n");
    close_listening(l);
}

Test(reader, names_are_escaped)
{
    struct listening *l = open_listening();
    const struct swim_member m = {.name = slice_text("x\n\ndata: {}\"\xff<"),
                                  .state = SWIM_ALIVE,
                                  .addr = {.ip = {127, 0, 0, 1}, .ip_len = 4, .port = 1}};
    (void)hear(l);
    http_events_member(&l->events, NOW, SWIM_JOIN, &m);
    const char *text = hear(l);
    cr_assert_not_null(
        strstr(text, "event: member\ndata: {\"what\":\"joined\",\"name\":\"x\\\\x0a"), "%s", text);
    cr_assert_str_eq(strstr(text, "\n\n"), "\n\n", "one block: %s", text);
    close_listening(l);
}
