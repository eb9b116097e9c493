#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "loop/ticket.h"

static struct slice part(const uint8_t *frame, size_t at, size_t len)
{
    return slice_of(frame + at, len);
}

Test(ticket, it_outlives_the_frame_that_it_came_in)
{
    uint8_t *frame = malloc(64);
    static struct command_issue issue;
    for (size_t i = 0; i < 64; i++)
        frame[i] = (uint8_t)i;
    const struct client_request request = {
        .id = 9,
        .op = OP_PUT,
        .ns = part(frame, 1, 2),
        .fill = {.key = part(frame, 4, 8),
                 .value = part(frame, 20, 44),
                 .tags = {part(frame, 12, 3), part(frame, 15, 5)},
                 .tags_n = 2}};
    issue.targets_n = 1;
    issue.targets[0] = (struct node_target){
        .kind = DOT_PUT, .hash = 77, .ns = request.ns, .target = request.fill.key};
    struct ticket *t = ticket_new(
        &(struct ticket_cfg){.frame = slice_of(frame, 64), .request = &request, .issue = &issue});
    cr_assert_neq(t, NULL);
    memset(frame, 0xff, 64);
    free(frame);

    cr_expect_eq(t->id, 9);
    cr_expect_eq(t->put.fill.key.at[0], 4);
    cr_expect_eq(t->put.fill.value.len, 44);
    cr_expect_eq(t->put.fill.value.at[43], 63);
    cr_expect_eq(t->put.fill.tags[1].at[4], 19);
    cr_expect_eq(t->put.fill.token.len, 0);
    cr_assert_eq(t->command.targets_n, 1);
    cr_expect_eq(t->command.targets[0].hash, 77);
    cr_expect_eq(t->command.targets[0].ns.at[1], 2);
    cr_expect_eq(ticket_of(t->command.ticket), t);
    cr_expect_geq(t->bytes, 64);
    ticket_free(t);
}

Test(ticket, one_without_dots_asks_for_a_rendering)
{
    const struct client_request request = {.id = 3, .op = OP_MEMBERS};
    struct ticket *t = ticket_new(&(struct ticket_cfg){.request = &request});
    cr_assert_neq(t, NULL);
    cr_expect(t->renders);
    cr_expect_eq(t->command.targets_n, 0);
    cr_expect_eq(t->op, OP_MEMBERS);
    ticket_free(t);
}

static struct ticket *ticket_with(const struct command_issue *issue)
{
    static const uint8_t frame[8];
    const struct client_request request = {.id = 4, .op = OP_INVALIDATE};
    struct ticket *t = ticket_new(
        &(struct ticket_cfg){.frame = slice_of(frame, 8), .request = &request, .issue = issue});
    cr_assert_neq(t, NULL);
    return t;
}

Test(ticket, it_tells_what_is_asked_and_how_long_to_wait)
{
    static struct command_issue issue = {.ask = NODE_AFTER,
                                         .ack = {.level = ACK_NODES, .k = 3},
                                         .timeout_us = 5,
                                         .stamps = {{.epoch = 1}, {.epoch = 2, .seq = 9}},
                                         .stamps_n = 2};
    struct ticket *t = ticket_with(&issue);
    cr_expect_not(t->renders);
    cr_expect_eq(t->command.ask, NODE_AFTER);
    cr_expect_eq(t->command.ack.k, 3);
    cr_expect_eq(t->command.timeout_us, 5);
    cr_expect_eq(t->command.stamps_n, 2);
    cr_expect_eq(t->command.stamps[1].seq, 9);
    ticket_free(t);
}

Test(ticket, names_of_a_reply_are_kept)
{
    static struct command_issue issue;
    struct slice applied[] = {slice_text("a"), slice_text("bb")}, missing[] = {slice_text("ccc")};
    struct node_reply reply = {.seq = 7,
                               .applied = applied,
                               .applied_n = 2,
                               .missing = missing,
                               .missing_n = 1,
                               .traced_n = 5};
    struct ticket *t = ticket_with(&issue);
    ticket_keep_reply(t, &reply);
    applied[0] = applied[1] = missing[0] = slice_text("gone");
    cr_expect_eq(t->reply.seq, 7);
    cr_assert_eq(t->reply.applied_n, 2);
    cr_assert_eq(t->reply.missing_n, 1);
    cr_expect(slice_eq(t->reply.applied[0], slice_text("a")));
    cr_expect(slice_eq(t->reply.applied[1], slice_text("bb")));
    cr_expect(slice_eq(t->reply.missing[0], slice_text("ccc")));
    cr_expect_eq(t->reply.traced_n, 0, "these were only lent");
    ticket_free(t);
}

Test(ticket, a_reply_without_names_needs_none)
{
    static struct command_issue issue;
    struct ticket *t = ticket_with(&issue);
    ticket_keep_reply(t, &(struct node_reply){.err = ERR_FULL});
    cr_expect_eq(t->reply.err, ERR_FULL);
    cr_expect_eq(t->reply.applied_n + t->reply.missing_n, 0);
    cr_expect_eq(t->names, NULL);
    ticket_free(t);
}

Test(ticket, a_name_outside_of_its_frame_is_a_programmers_error, .signal = SIGABRT)
{
    static const uint8_t frame[8], elsewhere[8];
    static struct command_issue issue;
    const struct client_request request = {.op = OP_INVALIDATE};
    issue.targets_n = 1;
    issue.targets[0] = (struct node_target){.kind = DOT_KEY, .target = slice_of(elsewhere, 8)};
    ticket_new(
        &(struct ticket_cfg){.frame = slice_of(frame, 8), .request = &request, .issue = &issue});
}
