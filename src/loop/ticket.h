/**
 * loop/ticket.h - one request on its way from a worker to the control thread and back.
 *
 * A ticket belongs to exactly one thread at a time: to the worker that makes it, then, while it is in
 * the control mailbox, to the control thread, then, by the worker's mailbox, to the worker again. So
 * it needs no lock. What the request's frame lent is copied, in one piece.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <sys/queue.h>

#include "base/slice.h"
#include "loop/loop.h"
#include "node/command.h"
#include "node/node.h"
#include "wire/client.h"

struct conn;
struct worker;

struct ticket {
    struct worker *worker; /* who gets it back; NULL = issued on the control thread */
    struct conn *conn;     /* who is answered; it lives at least as long as its tickets */
    uint32_t id;           /* of the request */
    uint32_t op;
    mono_us since; /* when its request was read */
    size_t bytes;  /* of memory */

    bool renders; /* control tells about itself: there is no command */
    struct node_command command;
    struct command_put put; /* OP_PUT */
    struct slice frame;     /* own copy; empty when renders */

    struct node_reply
        reply;           /* from control: what became of the command; its names are in `names` */
    struct slice *names; /* made by malloc, with their bytes behind them */
    uint8_t *rendered;   /* from control: one msgpack value, made by malloc */
    size_t rendered_len; /* 0 = could not be rendered */

    loop_done *done; /* when worker is NULL; NULL = nobody wants to know any more */
    void *ctx;

    LIST_ENTRY(ticket) asked; /* while the node has it: control's */

    struct node_target targets[];
};

/** What a ticket is made from: a request that needs control, with the frame that it came in. */
struct ticket_cfg {
    struct slice frame; /* every slice of request and issue lies inside */
    const struct client_request *request;
    const struct command_issue *issue; /* NULL = nothing to issue: render */
};

/** Make a ticket with copies of frame and targets. NULL = no memory. */
struct ticket *ticket_new(const struct ticket_cfg *cfg);

/** Is it what other nodes told, to be rendered? */
bool ticket_is_told(const struct node_reply *reply);

/** Keep reply, with copies of its names, which are only lent to control. Without memory for them the
 *  names are left out; whether the level was reached is not. */
void ticket_keep_reply(struct ticket *t, const struct node_reply *reply);

/** The number by which the node knows t, and the ticket of such a number. */
uint64_t ticket_number(const struct ticket *t);
struct ticket *ticket_of(uint64_t number); /**< of ticket_number() */

/** Release a ticket and what control put into it. */
void ticket_free(struct ticket *t);
