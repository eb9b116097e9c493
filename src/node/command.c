#include "node/command.h"

#include <assert.h>
#include <string.h>

#include "node/command_inside.h"

static const char *const FEATURES[] = {
    "get",       "fill",       "put",        "invalidate", "touch",   "mget",      "mfill",
    "subscribe", "members",    "stats",      "node",       "vectors", "trace",     "namespaces",
    "begin",     "commit",     "abort",      "after",      "stale",   "wait",      "within",
    "fresh",     "version",    "soft",       "tags_all",   "dry_run", "ack_local", "ack_nodes",
    "ack_all",   "ack_quorum", "ack_fenced", "txn",        "matrix"};

void command_fault(struct writer *w, uint32_t id, const char *name, const char *text)
{
    struct client_fault fault = {.has_id = true, .id = id, .name = name};
    const size_t len = strlen(text);
    assert(len < sizeof fault.text);
    memcpy(fault.text, text, len + 1);
    client_reply_error(w, &fault);
}

static void say_hello(const struct command_ctx *ctx, uint32_t id, struct writer *w)
{
    const struct client_hello hello = {.version = NODE_VERSION,
                                       .node = ctx->node_name,
                                       .epoch = ctx->epoch,
                                       .cluster = ctx->cluster,
                                       .features = FEATURES,
                                       .features_n = ARRAY_LEN(FEATURES),
                                       .value_max = cache_config(ctx->cache)->value_max};
    client_reply_hello(w, id, &hello);
}

/** Refuse to do what this node is not configured for. false: nothing of the kind is asked for. */
static bool refuse_unconfigured(const struct command_ctx *ctx, const struct client_request *request,
                                struct writer *w)
{
    const enum client_ack_level level = request->ack.level;
    if (ctx->policies->expect != 0)
        return false;
    if (request->read.within_ms == 0 && level != ACK_QUORUM && level != ACK_FENCED)
        return false;
    command_fault(w, request->id, "NOT_CONFIGURED",
                  "within_ms, quorum and fenced need to know how many nodes there are: start every "
                  "node with --expect N");
    return true;
}

/** Ops that are answered at once whatever happens. */
static enum command_step answer(const struct command_ctx *ctx, const struct command_call *call,
                                const struct client_request *request, struct writer *w)
{
    switch (request->op) {
    case OP_HELLO:
        say_hello(ctx, request->id, w);
        return COMMAND_DONE;
    case OP_PING:
        client_reply_text(w, request->id, slice_text("pong"));
        return COMMAND_DONE;
    case OP_FILL:
        command_fill(ctx, call->now, request, w);
        return COMMAND_DONE;
    case OP_TOUCH:
        command_touch(ctx, call->now, request, w);
        return COMMAND_DONE;
    case OP_MFILL:
        command_mfill(ctx, call->now, request, w);
        return COMMAND_DONE;
    case OP_SUBSCRIBE:
    case OP_UNSUBSCRIBE:
        return COMMAND_SUBSCRIBE;
    default:
        return COMMAND_INSPECT;
    }
}

enum command_step command_run(const struct command_ctx *ctx, const struct command_call *call,
                              const struct client_request *request, struct writer *w,
                              struct command_issue *issue)
{
    if (refuse_unconfigured(ctx, request, w))
        return COMMAND_DONE;
    switch (request->op) {
    case OP_GET:
        return command_get(ctx, call, request, w, issue);
    case OP_MGET:
        return command_mget(ctx, call, request, w, issue);
    case OP_PUT:
    case OP_INVALIDATE:
    case OP_BEGIN:
    case OP_COMMIT:
    case OP_ABORT:
    case OP_TRACE:
    case OP_MATRIX:
        return command_plan(ctx, request, w, issue);
    default:
        return answer(ctx, call, request, w);
    }
}

size_t command_room(const struct client_request *request)
{
    if (request->op == OP_MGET)
        return VALUE_ROOM + request->targets_n * CLIENT_GOT_MAX;
    if (request->op == OP_MFILL)
        return REPLY_ROOM + request->fills_n * CLIENT_GOT_MAX;
    return VALUE_ROOM;
}

size_t command_room_max(const struct command_ctx *ctx)
{
    return cache_config(ctx->cache)->value_max + CLIENT_FRAME_EXTRA +
           CLIENT_MGET_MAX * CLIENT_GOT_MAX;
}
