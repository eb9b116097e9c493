#include <stdio.h>

#include "base/hex.h"
#include "cli/field.h"
#include "cli/jay.h"

/** One token for each key, null where the node gave none. */
static json_t *json_tokens(const struct jay_args *a, const struct scrubjay_begun *begun)
{
    json_t *tokens = json_array();
    for (size_t i = 0; i < a->words_n && i < begun->tokens_n; i++) {
        const struct scrubjay_bytes token = begun->tokens[i];
        json_t *hex = token.len > 0 ? jay_json_hex(token) : json_null();
        json_array_append_new(tokens,
                              json_pack("{s:o, s:o}", "key",
                                        jay_json_bytes(scrubjay_text(a->words[i])), "token", hex));
    }
    return tokens;
}

/** The txn alone on the first line, for scripts; then who has it, then a token for each key. */
static void print_begun(const char *txn, const json_t *acks, const json_t *tokens)
{
    size_t i;
    json_t *one;
    printf("%s\n", txn);
    jay_print_names(acks);
    json_array_foreach(tokens, i, one)
    {
        printf("token: %s  %s\n", field_text_or(one, "token", "-"), field_text_or(one, "key", "?"));
    }
}

static void print_intent(const struct jay *j, const struct jay_args *a,
                         const struct scrubjay_begun *begun)
{
    char txn[2 * SCRUBJAY_STAMP_MAX + 1];
    json_t *result = jay_json_of(scrubjay_result(j->client));
    json_t *acks = json_array_get(result, 1);
    json_t *tokens = json_tokens(a, begun);
    hex_write(begun->txn.bytes, begun->txn.len, txn);
    if (j->json)
        jay_print_json(json_pack("{s:s, s:O?, s:O}", "txn", txn, "acks", acks, "tokens", tokens),
                       false);
    else
        print_begun(txn, acks, tokens);
    json_decref(tokens);
    json_decref(result);
}

enum jay_exit jay_begin(struct jay *j, const struct jay_args *a)
{
    static struct scrubjay_bytes keys[SCRUBJAY_TARGETS_MAX];
    struct scrubjay_begun begun;
    const struct scrubjay_aim aim = {
        .ns = j->ns, .scope = SCRUBJAY_KEY, .targets = keys, .targets_n = a->words_n};
    for (size_t i = 0; i < a->words_n; i++)
        keys[i] = scrubjay_text(a->words[i]);
    const enum scrubjay_status status =
        scrubjay_begin(j->client, &aim, a->hold_ms, &a->ack, &begun);
    if (status == SCRUBJAY_OK || status == SCRUBJAY_UNREACHED)
        print_intent(j, a, &begun);
    return jay_judge(j, status);
}

enum jay_exit jay_commit(struct jay *j, const struct jay_args *a)
{
    struct scrubjay_stamp txn, stamp;
    const enum jay_exit err = jay_read_txn(a->words[0], &txn);
    if (err != JAY_OK)
        return err;
    return jay_print_acks(j, scrubjay_commit(j->client, &txn, &a->ack, &stamp), &stamp);
}

enum jay_exit jay_abort(struct jay *j, const struct jay_args *a)
{
    struct scrubjay_stamp txn, stamp;
    const enum jay_exit err = jay_read_txn(a->words[0], &txn);
    if (err != JAY_OK)
        return err;
    return jay_print_acks(j, scrubjay_abort(j->client, &txn, &stamp), &stamp);
}
