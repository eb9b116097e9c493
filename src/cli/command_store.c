#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/jay.h"
#include "cli/text.h"

#define INPUT_MAX (16U << 20) /* one byte more than any node takes */

/** A value: a word of the command line, or standard input. */
struct value {
    struct scrubjay_bytes bytes;
    void *owned; /* NULL for a word */
};

static bool read_input(struct value *out)
{
    uint8_t *at = malloc(INPUT_MAX);
    if (at == NULL)
        return false;
    const size_t len = fread(at, 1, INPUT_MAX, stdin);
    if (ferror(stdin)) {
        free(at);
        return false;
    }
    *out = (struct value){.bytes = {at, len}, .owned = at};
    return true;
}

static bool take_value(const char *word, struct value *out)
{
    if (strcmp(word, "-") != 0) {
        *out = (struct value){.bytes = scrubjay_text(word)};
        return true;
    }
    if (read_input(out))
        return true;
    jay_say("cannot read the value from standard input");
    return false;
}

static struct scrubjay_store store_of(const struct jay_args *a)
{
    return (struct scrubjay_store){.ttl_ms = a->ttl_ms,
                                   .tags = a->tags,
                                   .tags_n = a->tags_n,
                                   .fresh_ms = a->fresh_ms,
                                   .has_version = a->has_version,
                                   .version = a->version,
                                   .token = {a->token, a->token_len},
                                   .ack = a->ack,
                                   .txn = a->txn.len > 0 ? &a->txn : NULL};
}

enum jay_exit jay_put(struct jay *j, const struct jay_args *a)
{
    struct value value;
    struct scrubjay_stamp stamp;
    const struct scrubjay_store store = store_of(a);
    if (!take_value(a->words[1], &value))
        return JAY_NEGATIVE;
    const enum scrubjay_status status =
        scrubjay_put(j->client, j->ns, scrubjay_text(a->words[0]), value.bytes, &store, &stamp);
    free(value.owned);
    return jay_print_acks(j, status, &stamp);
}

static void print_stored(const struct jay *j, bool stored, const char *reason)
{
    if (j->json)
        jay_print_json(json_pack("{s:b, s:s?}", "stored", stored, "reason", reason), false);
    else if (stored)
        puts("stored");
    else
        printf("not stored: %s\n", reason);
}

/** Get the token that the command line did not give. *done: the answer was a hit, or a failure, or
 *  somebody else is to fill. */
static enum jay_exit get_token(struct jay *j, const struct jay_args *a,
                               struct scrubjay_bytes *token, bool *done)
{
    struct scrubjay_value got;
    const enum scrubjay_status status =
        scrubjay_get(j->client, j->ns, scrubjay_text(a->words[0]), &got);
    *done = status != SCRUBJAY_MISS && status != SCRUBJAY_STALE;
    *token = got.token;
    if (status == SCRUBJAY_OK)
        print_stored(j, false, "already_cached");
    if (status == SCRUBJAY_WAIT || status == SCRUBJAY_UNPROVEN)
        return jay_say_absent(j, status, a->words[0]);
    if (*done)
        return jay_judge(j, status);
    if (got.token.len > 0)
        return JAY_OK;
    *done = true;
    jay_say("the node gives no token now: it would not take a fill");
    return JAY_NEGATIVE;
}

static enum jay_exit send_fill(struct jay *j, const struct jay_args *a, struct scrubjay_bytes token)
{
    struct value value;
    const struct scrubjay_store store = store_of(a);
    if (!take_value(a->words[1], &value))
        return JAY_NEGATIVE;
    const enum scrubjay_status status =
        scrubjay_fill(j->client, j->ns, scrubjay_text(a->words[0]), value.bytes, token, &store);
    free(value.owned);
    if (status == SCRUBJAY_OK || status == SCRUBJAY_REFUSED)
        print_stored(j, status == SCRUBJAY_OK, scrubjay_error_name(j->client));
    return jay_judge(j, status);
}

enum jay_exit jay_fill(struct jay *j, const struct jay_args *a)
{
    struct scrubjay_bytes token = {a->token, a->token_len};
    bool done = false;
    if (a->token_len == 0) {
        const enum jay_exit err = get_token(j, a, &token, &done);
        if (done)
            return err;
    }
    return send_fill(j, a, token);
}

enum jay_exit jay_touch(struct jay *j, const struct jay_args *a)
{
    uint64_t ttl_ms;
    if (!text_duration(a->words[1], &ttl_ms))
        return jay_usage("\"%s\" is no time to live: write 500ms, 30s, 5m, 1h, 2d or 0",
                         a->words[1]);
    const enum scrubjay_status status =
        scrubjay_touch(j->client, j->ns, scrubjay_text(a->words[0]), ttl_ms);
    if (status != SCRUBJAY_OK && status != SCRUBJAY_MISS)
        return jay_judge(j, status);
    const bool touched = status == SCRUBJAY_OK;
    if (j->json)
        jay_print_json(json_pack("{s:b}", "touched", touched), false);
    else if (touched)
        puts("touched");
    else
        jay_say("\"%s\" is not cached at %s", a->words[0], j->server);
    return touched ? JAY_OK : JAY_NEGATIVE;
}
