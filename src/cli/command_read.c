#include <inttypes.h>
#include <stdio.h>

#include "cli/jay.h"
#include "cli/text.h"

static json_t *json_hit(const char *key, const struct scrubjay_value *got)
{
    json_t *ttl = got->ttl_ms == UINT64_MAX ? json_null() : json_integer((json_int_t)got->ttl_ms);
    return json_pack("{s:s, s:o, s:o, s:I, s:o}", "status", "hit", "key",
                     jay_json_bytes(scrubjay_text(key)), "value", jay_json_bytes(got->value),
                     "age_ms", (json_int_t)got->age_ms, "ttl_ms", ttl);
}

static json_t *json_miss(const char *key, const struct scrubjay_value *got)
{
    json_t *token = got->token.len > 0 ? jay_json_hex(got->token) : json_null();
    return json_pack("{s:s, s:o, s:o}", "status", "miss", "key", jay_json_bytes(scrubjay_text(key)),
                     "token", token);
}

static enum jay_exit print_miss(struct jay *j, const struct jay_args *a,
                                const struct scrubjay_value *got)
{
    char token[2 * SCRUBJAY_TOKEN_MAX + 1];
    if (j->json) {
        jay_print_json(json_miss(a->words[0], got), false);
        return JAY_NEGATIVE;
    }
    jay_say("\"%s\" is not cached at %s", a->words[0], j->server);
    if (!a->show_token)
        return JAY_NEGATIVE;
    if (got->token.len == 0 || got->token.len > SCRUBJAY_TOKEN_MAX) {
        jay_say("the node gives no token now: it would not take a fill");
        return JAY_NEGATIVE;
    }
    text_hex_write(got->token.at, got->token.len, token);
    puts(token);
    return JAY_NEGATIVE;
}

enum jay_exit jay_get(struct jay *j, const struct jay_args *a)
{
    struct scrubjay_value got;
    const enum scrubjay_status status =
        scrubjay_get(j->client, j->ns, scrubjay_text(a->words[0]), &got);
    if (status == SCRUBJAY_MISS)
        return print_miss(j, a, &got);
    if (status != SCRUBJAY_OK)
        return jay_judge(j, status);
    if (j->json)
        jay_print_json(json_hit(a->words[0], &got), false);
    else
        jay_print_raw(got.value);
    return JAY_OK;
}
