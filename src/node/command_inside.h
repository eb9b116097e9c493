/** node/command_inside.h - what the files of node/command.h share; nobody else includes it. */
#pragma once

#include "node/command.h"

#define REPLY_ROOM 1024 /* any reply without values and names: stamps, texts, tokens */
#define VALUE_ROOM 4096 /* most replies with a value */

/** Append an error reply; text is shorter than a fault's. */
void command_fault(struct writer *w, uint32_t id, const char *name, const char *text);

#define GROUP 32 /* keys of an mget or mfill that wait for memory together */

/** Keys of one request, one after the other, and what was derived from each of a group. */
struct command_group {
    struct slice ns;
    size_t likely_len; /* bytes of key and value that are about to be read; 0: they are filled */
    size_t n;
    struct cache_key keys[GROUP];
    struct cache_hint hints[GROUP];
};

/** Derive one more key of a group. It must be within the limits, as the codec checks them. */
void command_group_add(const struct command_ctx *ctx, struct command_group *group,
                       struct slice key);

/** All were added that will be: ask for the memory that they will need. */
void command_group_hint(struct command_group *group);

/* ---- command_get.c ---- */
enum command_step command_get(const struct command_ctx *ctx, const struct command_call *call,
                              const struct client_request *request, struct writer *w,
                              struct command_issue *issue); /**< get */
enum command_step command_mget(const struct command_ctx *ctx, const struct command_call *call,
                               const struct client_request *request, struct writer *w,
                               struct command_issue *issue); /**< mget */

/** A plain get. Returns: what it was answered with. */
enum client_status command_get_plain(const struct command_ctx *ctx, const struct command_call *call,
                                     const struct command_plain *plain, struct writer *w);

/* ---- command_store.c ---- */
void command_fill(const struct command_ctx *ctx, mono_us now, const struct client_request *request,
                  struct writer *w); /**< fill */
void command_fill_plain(const struct command_ctx *ctx, mono_us now,
                        const struct command_plain *plain, struct writer *w); /**< plain fill */
void command_mfill(const struct command_ctx *ctx, mono_us now, const struct client_request *request,
                   struct writer *w); /**< mfill */
void command_touch(const struct command_ctx *ctx, mono_us now, const struct client_request *request,
                   struct writer *w); /**< touch */

/** The item of a fill or put under the policy of its namespace. Lends from fill. */
struct cache_item command_item(const struct command_ctx *ctx, struct slice ns,
                               const struct client_fill *fill);

/* ---- command_issue.c ---- */
enum command_step command_plan(const struct command_ctx *ctx, const struct client_request *request,
                               struct writer *w,
                               struct command_issue *issue); /**< what control is to do */

/** Read the request's stamps into issue. false: one is malformed, and the error was appended. */
bool command_stamps(const struct command_ctx *ctx, uint32_t id, struct slice bytes,
                    struct command_issue *issue, struct writer *w);
