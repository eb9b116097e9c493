#include <inttypes.h>
#include <stdio.h>

#include "base/hex.h"
#include "cli/jay.h"

static const char *status_word(enum scrubjay_status status)
{
    switch (status) {
    case SCRUBJAY_OK:
        return "hit";
    case SCRUBJAY_STALE:
        return "stale";
    case SCRUBJAY_WAIT:
        return "wait";
    case SCRUBJAY_UNPROVEN:
        return "unproven";
    default:
        return "miss";
    }
}

static bool is_answer(enum scrubjay_status status)
{
    return status == SCRUBJAY_OK || status == SCRUBJAY_MISS || status == SCRUBJAY_STALE ||
           status == SCRUBJAY_WAIT || status == SCRUBJAY_UNPROVEN;
}

static json_t *json_token(const struct scrubjay_value *got)
{
    return got->token.len > 0 ? jay_json_hex(got->token) : json_null();
}

static json_t *number_or_null(bool has, uint64_t value)
{
    return has ? jay_json_number(value) : json_null();
}

/** Members of a value that is there. */
static void add_value(json_t *out, const struct scrubjay_value *got)
{
    json_object_set_new(out, "value", jay_json_bytes(got->value));
    json_object_set_new(out, "age_ms", jay_json_number(got->age_ms));
    json_object_set_new(out, "ttl_ms", number_or_null(got->ttl_ms != UINT64_MAX, got->ttl_ms));
    json_object_set_new(out, "version", number_or_null(got->has_version, got->version));
    json_object_set_new(out, "proof_ms", number_or_null(got->has_proof, got->proof_ms));
}

/** Every status has the same members each time. */
static json_t *json_got(const char *key, enum scrubjay_status status,
                        const struct scrubjay_value *got)
{
    json_t *out = json_pack("{s:s, s:o}", "status", status_word(status), "key",
                            jay_json_bytes(scrubjay_text(key)));
    if (status == SCRUBJAY_OK || status == SCRUBJAY_STALE)
        add_value(out, got);
    if (status == SCRUBJAY_MISS || status == SCRUBJAY_STALE)
        json_object_set_new(out, "token", json_token(got));
    if (status == SCRUBJAY_UNPROVEN)
        json_object_set_new(out, "proof_ms", number_or_null(got->has_proof, got->proof_ms));
    return out;
}

enum jay_exit jay_say_absent(const struct jay *j, enum scrubjay_status status, const char *key)
{
    if (status == SCRUBJAY_WAIT)
        jay_say("\"%s\" is being loaded by somebody else; ask again, or use the source", key);
    else if (status == SCRUBJAY_UNPROVEN)
        jay_say("%s cannot show that its copy of \"%s\" is new enough; use the source", j->server,
                key);
    else
        jay_say("\"%s\" is not cached at %s", key, j->server);
    return JAY_NEGATIVE;
}

/** The token alone on a line, for scripts. */
static void print_token(const struct scrubjay_value *got)
{
    char token[2 * SCRUBJAY_TOKEN_MAX + 1];
    if (got->token.len == 0 || got->token.len > SCRUBJAY_TOKEN_MAX) {
        jay_say("the node gives no token now: it would not take a fill");
        return;
    }
    hex_write(got->token.at, got->token.len, token);
    puts(token);
}

static enum jay_exit print_got(const struct jay *j, const struct jay_args *a,
                               enum scrubjay_status status, const struct scrubjay_value *got)
{
    if (status == SCRUBJAY_OK || status == SCRUBJAY_STALE) {
        jay_print_raw(got->value);
        if (status == SCRUBJAY_STALE)
            jay_say("this value is out of date%s",
                    got->token.len > 0 ? "; -o json tells the token for a newer one" : "");
        return JAY_OK;
    }
    (void)jay_say_absent(j, status, a->words[0]);
    if (status == SCRUBJAY_MISS && a->show_token)
        print_token(got);
    return JAY_NEGATIVE;
}

enum jay_exit jay_get(struct jay *j, const struct jay_args *a)
{
    struct scrubjay_value got;
    const struct scrubjay_read read = {.after = a->after,
                                       .after_n = a->after_n,
                                       .stale = a->stale,
                                       .wait_ms = a->wait_ms,
                                       .within_ms = a->within_ms};
    const enum scrubjay_status status =
        scrubjay_get_with(j->client, j->ns, scrubjay_text(a->words[0]), &read, &got);
    if (!is_answer(status))
        return jay_judge(j, status);
    if (!j->json)
        return print_got(j, a, status, &got);
    jay_print_json(json_got(a->words[0], status, &got), false);
    return status == SCRUBJAY_OK || status == SCRUBJAY_STALE ? JAY_OK : JAY_NEGATIVE;
}
