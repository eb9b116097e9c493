/**
 * node/command.h - the meaning of client requests, for the thread that read them.
 *
 * Requests that touch only shards (hello, ping, get, fill, touch, mget, mfill) are answered here, at
 * once. The others are handed to the control thread: invalidate, put, begin, commit and abort as a
 * node_command; a get with `after` asks it first from which index on an entry counts. When a put's
 * reply comes back, its value is stored here. Pure: the simulator calls the same functions.
 * Thread: any; one struct command_ctx per thread.
 */
#pragma once

#include "base/bytes.h"
#include "cache/cache.h"
#include "cache/count.h"
#include "cache/hint.h"
#include "node/node.h"
#include "node/policy.h"
#include "wire/client.h"
#include "wire/client_plain.h"

#define COMMAND_LEASE_US US_PER_SEC /* so long a caller that missed may load a key alone */

/** What a thread needs to answer. Lends everything. */
struct command_ctx {
    struct cache *cache;
    struct slice node_name;
    struct slice cluster;
    uint64_t epoch;
    const struct policies *policies;
    mono_us (*clock)(void *clock_ctx); /* the control clock, read anew: rule TH11 */
    void *clock_ctx;
};

#define COMMAND_CLAIMS 4 /* the newest loads of a caller that end when it goes */

/** Which keys a caller was told to load: target hashes, a ring. Begins zeroed. */
struct command_claims {
    uint64_t hashes[COMMAND_CLAIMS];
    uint32_t n; /* ever added */
};

/** What keys were answered with: by enum client_status. */
struct command_said {
    uint32_t n[CLIENT_STATUSES];
};

/** One request as it is carried out now, perhaps not for the first time. */
struct command_call {
    mono_us now;     /* read after the request was read from its socket (rule TH6) */
    uint64_t caller; /* the connection: who misses twice is not turned away by itself */
    struct command_claims *claims; /* of the caller; NULL = nobody asks when it goes */
    struct command_said
        *said;      /* gets one more for each key that was answered; NULL = nobody counts */
    bool waited;    /* wait_ms is over: answer whatever there is */
    bool has_after; /* control was asked about `after`: */
    uint64_t after; /* entries with an older stamp do not count */
};

/** What to do with a request. */
enum command_step {
    COMMAND_DONE,  /* the reply was appended */
    COMMAND_ISSUE, /* hand `issue` to control as a node_command */
    COMMAND_ASK,   /* the same; then call command_run() again with what it said of `after` */
    COMMAND_WAIT, /* nothing was appended: call again when the key's load ended, or the time is over */
    COMMAND_SUBSCRIBE, /* the connection's own business: add or remove filters */
    COMMAND_INSPECT,   /* members, stats, node, vectors, namespaces: control renders it */
    COMMAND_COUNT      /* a dry run: go on with command_count() */
};

/** What a COMMAND_ISSUE or COMMAND_ASK wants of control. Names are lent from the request's frame. */
struct command_issue {
    enum node_ask ask;
    struct client_ack ack;
    uint64_t timeout_us;
    struct stamp stamps[CLIENT_AFTER_MAX];
    size_t stamps_n;
    size_t targets_n;
    struct node_target targets[NODE_TARGETS_MAX];
};

/**
 * Carry out one decoded request, appending its reply to w.
 *
 * Errors:  w->err is ERR_SPACE when w had too little room. Every op but get and mget fits into
 *          command_room(); for those two nothing but reading has happened: take w back to where it was
 *          and call again with command_room_max().
 */
enum command_step command_run(const struct command_ctx *ctx, const struct command_call *call,
                              const struct client_request *request, struct writer *w,
                              struct command_issue *issue);

/** A plain get or fill on its way: as it was read, with what was derived from its key. */
struct command_plain {
    struct client_plain request;
    struct cache_key key;
    struct cache_hint hint;
};

/** Derive the key of p->request into p->key, and hint at it as soon as that can be. */
void command_plain_prepare(const struct command_ctx *ctx, struct command_plain *p);

/** Ask for the memory that a prepared one will need next: each of those that arrived together. Changes
 *  nothing, as all hints. */
void command_plain_hint(struct command_plain *p);

/** Then ask for what that memory names, for each of them. len: bytes that its value is likely to have. */
void command_plain_hint_item(const struct command_plain *p, size_t len);

/**
 * Carry a prepared one out, as command_run() does the same request, and append its reply. It is always
 * done at once.
 *
 * Returns: what a get was answered with, which call->said does not get; of a fill nothing that counts.
 * Errors:  as command_run(): for a get again with command_room_max().
 */
enum client_status command_plain_run(const struct command_ctx *ctx, const struct command_call *call,
                                     const struct command_plain *p, struct writer *w);

/** Room, in bytes, that is enough for the reply to request if it carries no long value. */
size_t command_room(const struct client_request *request);

/** The same of a plain one. */
size_t command_plain_room(const struct command_plain *p);

/** Room, in bytes, that is enough for any reply. A hit of an mget that would not fit is told as a MISS
 *  without a token: ask for it alone. */
size_t command_room_max(const struct command_ctx *ctx);

/** The caller is gone: whoever waits for one of its loads need not wait until they are late. */
void command_gone(const struct command_ctx *ctx, const struct command_claims *claims,
                  uint64_t caller);

/** The target hash of the key that a get asks for: who waits for it is woken by it. */
uint64_t command_wait_hash(const struct command_ctx *ctx, const struct client_request *request);

/** What an invalidation of name in ns aims at; name is empty for a namespace and for everything. Lends
 *  ns and name. Both are within the limits of keys and namespaces. Not for SCOPE_TAGS_ALL. */
struct node_target command_target(const struct hkey *hkey, enum client_scope scope, struct slice ns,
                                  struct slice name);

/** As command_target(), for entries that carry every one of the tags: 2 to 16, twice the same counts
 *  once. With one tag left it is a plain DOT_TAG. */
struct node_target command_target_tags(const struct hkey *hkey, struct slice ns,
                                       const struct slice *tags, size_t tags_n);

/**
 * One bounded step of a dry run, for every target in turn. *run begins zeroed.
 *
 * Returns: true when all was counted, and the reply was appended; false: call again.
 */
struct command_dry_run {
    size_t target_i;
    struct cache_count count;
};

bool command_count(const struct command_ctx *ctx, const struct command_call *call,
                   const struct client_request *request, struct command_dry_run *run,
                   struct writer *w); /**< see above */

/** Why a node issues no dots: the protocol's error name and a text; both static. */
struct command_refusal {
    const char *name;
    const char *text;
};

/** The words for the err of a node_reply that is not OK. */
struct command_refusal command_refusal(enum err err);

/** Finish an invalidate, commit or abort whose dots were issued: append the reply or the error. Room:
 *  command_issued_room(). */
void command_issued(const struct command_ctx *ctx, uint32_t id, const struct node_reply *reply,
                    struct writer *w);

/** Room for any of command_issued(), command_begin_issued() and command_put_issued(): it depends on the
 *  numbers of names and of dots. */
size_t command_issued_room(const struct node_reply *reply);

/** What a begin keeps until its dots were issued: the targets that command_run() planned; their names
 *  must stay valid. */
struct command_begin {
    uint32_t id;
    const struct node_target *targets;
    size_t targets_n;
};

/** Finish a begin: append `[txn, acks, [token...]]` or the error. The tokens count from the dots of the
 *  begin on, not from this reply, for which levels may have been waited for. */
void command_begin_issued(const struct command_ctx *ctx, mono_us now,
                          const struct command_begin *begin, const struct node_reply *reply,
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
