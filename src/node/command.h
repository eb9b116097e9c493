/**
 * node/command.h - the meaning of client requests, for the thread that read them.
 *
 * Requests that touch only shards (hello, ping, get, fill, touch, mget, mfill) are answered here, at
 * once. The others are handed to the control thread: invalidate and put as a node_command, and, when
 * a put's reply comes back, its value is stored here. Pure: the simulator calls the same functions.
 * Thread: any; one struct command_ctx per thread.
 */
#pragma once

#include "base/bytes.h"
#include "cache/cache.h"
#include "node/node.h"
#include "wire/client.h"

/** What a thread needs to answer. Lends everything. */
struct command_ctx {
    struct cache *cache;
    struct slice node_name;
    struct slice cluster;
    uint64_t epoch;
};

/** What to do with a request. */
enum command_step {
    COMMAND_DONE,      /* the reply was appended */
    COMMAND_ISSUE,     /* send `targets` to control as a node_command */
    COMMAND_SUBSCRIBE, /* the connection's own business: add or remove filters */
    COMMAND_INSPECT    /* members, stats, node, vectors: control renders it */
};

/** Targets of a COMMAND_ISSUE. Names are lent from the request's frame. */
struct command_issue {
    struct node_target targets[NODE_TARGETS_MAX];
    size_t targets_n;
};

/**
 * Carry out one decoded request, appending its reply to w.
 *
 * now:     the control clock, read after the request was read from its socket (rule TH6).
 * Errors:  w->err is ERR_SPACE when w had too little room. Every op but get and mget fits into
 *          command_room(); for those two nothing but reading has happened: take w back to where it was
 *          and call again with command_room_max().
 */
enum command_step command_run(const struct command_ctx *ctx, mono_us now,
                              const struct client_request *request, struct writer *w,
                              struct command_issue *issue);

/** Room, in bytes, that is enough for the reply to request if it carries no long value. */
size_t command_room(const struct client_request *request);

/** Room, in bytes, that is enough for any reply. A hit of an mget that would not fit is told as a MISS
 *  without a token: ask for it alone. */
size_t command_room_max(const struct command_ctx *ctx);

/** What an invalidation of name in ns aims at; name is empty for a namespace and for everything. Lends
 *  ns and name. Both are within the limits of keys and namespaces. */
struct node_target command_target(const struct hkey *hkey, enum client_scope scope, struct slice ns,
                                  struct slice name);

/** Why a node issues no dots: the protocol's error name and a text; both static. */
struct command_refusal {
    const char *name;
    const char *text;
};

/** The words for the err of a node_reply that is not OK. */
struct command_refusal command_refusal(enum err err);

/** Finish an invalidate whose dots were issued: append `[stamp, acks]`, or the error. */
void command_issued(const struct command_ctx *ctx, uint32_t id, const struct node_reply *reply,
                    struct writer *w);

/** What a put keeps until its dot was issued; all slices must stay valid. */
struct command_put {
    uint32_t id;
    struct slice ns;
    struct client_fill fill;
};

/** Finish a put: store the value under the rules of a put, then append `[stamp, acks]` or the error. */
void command_put_issued(const struct command_ctx *ctx, mono_us now, const struct command_put *put,
                        const struct node_reply *reply, struct writer *w);
