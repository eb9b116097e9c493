#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/inside.h"

/* The public header's numbers are those of the codec, so that a cast is enough. */
static_assert((int)SCRUBJAY_KEY == (int)SCOPE_KEY && (int)SCRUBJAY_ALL == (int)SCOPE_ALL &&
                  (int)SCRUBJAY_TAGS_ALL == (int)SCOPE_TAGS_ALL,
              "scopes");
static_assert((int)SCRUBJAY_ACK_LOCAL == (int)ACK_LOCAL &&
                  (int)SCRUBJAY_ACK_NODES == (int)ACK_NODES &&
                  (int)SCRUBJAY_ACK_QUORUM == (int)ACK_QUORUM &&
                  (int)SCRUBJAY_ACK_ALL == (int)ACK_ALL &&
                  (int)SCRUBJAY_ACK_FENCED == (int)ACK_FENCED,
              "acknowledgement levels");

struct slice stamp_slice(const struct scrubjay_stamp *stamp)
{
    const size_t len = stamp->len < sizeof stamp->bytes ? stamp->len : sizeof stamp->bytes;
    return slice_of(stamp->bytes, len);
}

/** What is said about acknowledgement. ack may be NULL. */
static void take_ack(const struct scrubjay_ack *ack, struct client_request *out)
{
    if (ack == NULL)
        return;
    out->ack.level = (enum client_ack_level)ack->level;
    out->ack.k = ack->nodes;
    out->timeout_ms = ack->timeout_ms;
}

/* ---- what was issued ---- */

static void copy_stamp(struct slice from, struct scrubjay_stamp *out)
{
    if (out == NULL)
        return;
    out->len = from.len;
    if (from.len > 0)
        memcpy(out->bytes, from.at, from.len);
}

/** The level was not reached in time. That is no failure of the invalidation. */
static enum scrubjay_status unreached(struct scrubjay *c, const struct client_acked *acked)
{
    const char *word = client_ack_text(acked->level.level);
    char level[16];
    snprintf(level, sizeof level, "%u", acked->level.k);
    (void)fail(
        c, SCRUBJAY_UNREACHED,
        "acknowledgement level %s was not reached in time: %zu applied it, %zu are missing. It "
        "stays in force and goes on spreading.",
        word != NULL ? word : level, acked->applied_n, acked->missing_n);
    fail_name(c, slice_text("UNREACHED"));
    return SCRUBJAY_UNREACHED;
}

/** Run what issues dots. *out is lent from the client. */
static enum scrubjay_status run_acked(struct scrubjay *c, struct client_request *request,
                                      struct client_acked *out)
{
    struct slice result;
    if (request->ack.level > ACK_FENCED)
        return fail(c, SCRUBJAY_INVALID, "level %d is none of enum scrubjay_ack_level",
                    (int)request->ack.level);
    const enum scrubjay_status status = call_run(c, request, &result);
    if (status != SCRUBJAY_OK)
        return status;
    if (client_acked_decode(c->codec, result, out) != OK || out->stamp.len > SCRUBJAY_STAMP_MAX)
        return call_garbage(c);
    c->issued = true;
    return out->reached ? SCRUBJAY_OK : unreached(c, out);
}

/** The same for those who want the stamp alone. */
static enum scrubjay_status run_stamped(struct scrubjay *c, struct client_request *request,
                                        struct scrubjay_stamp *out)
{
    struct client_acked acked = {0};
    const enum scrubjay_status status = run_acked(c, request, &acked);
    if (status == SCRUBJAY_OK || status == SCRUBJAY_UNREACHED)
        copy_stamp(acked.stamp, out);
    return status;
}

/** Room for the names that are lent to the application. false when memory is out. */
static bool make_names(struct scrubjay *c)
{
    if (c->names == NULL)
        c->names = calloc(NAMES_MAX, sizeof *c->names);
    return c->names != NULL;
}

/** Lend n slices as bytes, from the place `at` of the client's names on. */
static const struct scrubjay_bytes *lend(struct scrubjay *c, size_t at, const struct slice *from,
                                         size_t n)
{
    for (size_t i = 0; i < n; i++)
        c->names[at + i] = bytes_from(from[i]);
    return c->names + at;
}

enum scrubjay_status scrubjay_acked(struct scrubjay *c, struct scrubjay_acks *out)
{
    struct client_acked acked = {0};
    if (!c->issued)
        return fail(c, SCRUBJAY_INVALID, "the last call issued nothing that nodes acknowledge");
    if (!make_names(c))
        return fail(c, SCRUBJAY_INVALID, "memory is out for names");
    if (client_acked_decode(c->codec, c->result, &acked) != OK)
        return call_garbage(c);
    *out =
        (struct scrubjay_acks){.level = (enum scrubjay_ack_level)acked.level.level,
                               .nodes = acked.level.k,
                               .reached = acked.reached,
                               .applied = lend(c, 0, acked.applied, acked.applied_n),
                               .applied_n = acked.applied_n,
                               .missing = lend(c, acked.applied_n, acked.missing, acked.missing_n),
                               .missing_n = acked.missing_n};
    return SCRUBJAY_OK;
}

/* ---- put, invalidate ---- */

/* NOLINTNEXTLINE(readability-function-size): the public header has these parameters */
enum scrubjay_status scrubjay_put(struct scrubjay *c, const char *ns, struct scrubjay_bytes key,
                                  struct scrubjay_bytes value, const struct scrubjay_store *store,
                                  struct scrubjay_stamp *out)
{
    struct client_request request = {.op = OP_PUT, .ns = call_ns(ns)};
    request.fill.key = slice_from(key);
    request.fill.value = slice_from(value);
    call_begin(c);
    const enum scrubjay_status status = call_store(c, store, &request.fill);
    if (status != SCRUBJAY_OK)
        return status;
    if (store != NULL) {
        request.fill.token = slice_from(store->token);
        take_ack(&store->ack, &request);
    }
    if (store != NULL && store->txn != NULL) {
        request.stamp = stamp_slice(store->txn);
        if (request.stamp.len == 0)
            return fail(c, SCRUBJAY_INVALID, "the txn is empty: give the one that a begin gave");
    }
    return run_stamped(c, &request, out);
}

/** The targets of aim, into list and request. Errors: SCRUBJAY_INVALID. */
static enum scrubjay_status take_aim(struct scrubjay *c, const struct scrubjay_aim *aim,
                                     struct slice list[CLIENT_TARGETS_MAX],
                                     struct client_request *out)
{
    if (aim->scope < SCRUBJAY_KEY || aim->scope > SCRUBJAY_TAGS_ALL)
        return fail(c, SCRUBJAY_INVALID, "scope %d is none of enum scrubjay_scope",
                    (int)aim->scope);
    if (aim->targets_n > CLIENT_TARGETS_MAX)
        return fail(c, SCRUBJAY_INVALID,
                    "%s has %zu targets; the limit is %d. Split the call: each part is complete by "
                    "itself.",
                    client_op_text(out->op), aim->targets_n, CLIENT_TARGETS_MAX);
    out->ns = call_ns(aim->ns);
    out->scope = (enum client_scope)aim->scope;
    out->targets = list;
    out->targets_n = aim->targets_n;
    for (size_t i = 0; i < aim->targets_n; i++)
        list[i] = slice_from(aim->targets[i]);
    return SCRUBJAY_OK;
}

enum scrubjay_status scrubjay_invalidate_with(struct scrubjay *c, const struct scrubjay_aim *aim,
                                              const struct scrubjay_how *how,
                                              struct scrubjay_stamp *out)
{
    struct slice list[CLIENT_TARGETS_MAX];
    struct client_request request = {.op = OP_INVALIDATE, .reason = slice_text(c->reason)};
    call_begin(c);
    const enum scrubjay_status status = take_aim(c, aim, list, &request);
    if (status != SCRUBJAY_OK)
        return status;
    if (how != NULL) {
        request.soft = how->soft;
        request.fill.has_version = how->has_version;
        request.fill.version = how->version;
        take_ack(&how->ack, &request);
    }
    return run_stamped(c, &request, out);
}

/* NOLINTNEXTLINE(readability-function-size): the public header has these parameters */
enum scrubjay_status scrubjay_invalidate(struct scrubjay *c, const char *ns,
                                         enum scrubjay_scope scope,
                                         const struct scrubjay_bytes *targets, size_t targets_n,
                                         struct scrubjay_stamp *out)
{
    const struct scrubjay_aim aim = {
        .ns = ns, .scope = scope, .targets = targets, .targets_n = targets_n};
    return scrubjay_invalidate_with(c, &aim, NULL, out);
}

enum scrubjay_status scrubjay_dry_run(struct scrubjay *c, const struct scrubjay_aim *aim,
                                      struct scrubjay_matches *out)
{
    struct slice list[CLIENT_TARGETS_MAX];
    struct slice result;
    struct client_dry_run told;
    struct client_request request = {.op = OP_INVALIDATE, .dry_run = true};
    call_begin(c);
    enum scrubjay_status status = take_aim(c, aim, list, &request);
    if (status == SCRUBJAY_OK)
        status = call_run(c, &request, &result);
    if (status != SCRUBJAY_OK)
        return status;
    if (client_dry_run_decode(c->codec, result, &told) != OK)
        return call_garbage(c);
    *out = (struct scrubjay_matches){.entries = told.matches, .bytes = told.bytes};
    return SCRUBJAY_OK;
}

/* ---- intents ---- */

enum scrubjay_status scrubjay_begin(struct scrubjay *c, const struct scrubjay_aim *aim,
                                    uint32_t hold_ms, const struct scrubjay_ack *ack,
                                    struct scrubjay_begun *out)
{
    struct slice list[CLIENT_TARGETS_MAX];
    struct client_acked acked = {0};
    struct client_request request = {.op = OP_BEGIN};
    call_begin(c);
    enum scrubjay_status status = take_aim(c, aim, list, &request);
    if (status == SCRUBJAY_OK && !make_names(c))
        status = fail(c, SCRUBJAY_INVALID, "memory is out for tokens");
    if (status != SCRUBJAY_OK)
        return status;
    take_ack(ack, &request);
    request.timeout_ms = hold_ms;
    status = run_acked(c, &request, &acked);
    if (status != SCRUBJAY_OK && status != SCRUBJAY_UNREACHED)
        return status;
    copy_stamp(acked.stamp, &out->txn);
    out->tokens = lend(c, CLIENT_ACKED_MAX, acked.tokens, acked.tokens_n);
    out->tokens_n = acked.tokens_n;
    return status;
}

enum scrubjay_status scrubjay_commit(struct scrubjay *c, const struct scrubjay_stamp *txn,
                                     const struct scrubjay_ack *ack, struct scrubjay_stamp *out)
{
    struct client_request request = {.op = OP_COMMIT, .stamp = stamp_slice(txn)};
    call_begin(c);
    take_ack(ack, &request);
    return run_stamped(c, &request, out);
}

enum scrubjay_status scrubjay_abort(struct scrubjay *c, const struct scrubjay_stamp *txn,
                                    struct scrubjay_stamp *out)
{
    struct client_request request = {.op = OP_ABORT, .stamp = stamp_slice(txn)};
    call_begin(c);
    return run_stamped(c, &request, out);
}
