#include <inttypes.h>
#include <stdio.h>

#include "base/hex.h"
#include "cli/jay.h"

static void aim_at_words(const struct jay_args *a, struct scrubjay_aim *out)
{
    static struct scrubjay_bytes targets[SCRUBJAY_TARGETS_MAX];
    *out = (struct scrubjay_aim){
        .ns = out->ns, .scope = SCRUBJAY_KEY, .targets = targets, .targets_n = a->words_n};
    for (size_t i = 0; i < a->words_n; i++)
        targets[i] = scrubjay_text(a->words[i]);
}

static void aim_at_list(enum scrubjay_scope scope, const struct scrubjay_bytes *list, size_t n,
                        struct scrubjay_aim *out)
{
    out->scope = scope;
    out->targets = list;
    out->targets_n = n;
}

/** Exactly one kind of target. */
static enum jay_exit take_aim(const struct jay_args *a, struct scrubjay_aim *out)
{
    static struct scrubjay_bytes prefix;
    const int kinds = (a->words_n > 0) + (a->tags_n > 0) + (a->tags_all_n > 0) +
                      (a->prefix != NULL) + (a->namespace ? 1 : 0) + (a->all ? 1 : 0);
    if (kinds != 1)
        return jay_usage("%s; give keys, --tag, --tags-all, --prefix, --namespace or --all",
                         kinds == 0 ? "nothing to invalidate" : "more than one kind of target");
    if (a->words_n > 0) {
        aim_at_words(a, out);
    } else if (a->tags_n > 0) {
        aim_at_list(SCRUBJAY_TAG, a->tags, a->tags_n, out);
    } else if (a->tags_all_n > 0) {
        aim_at_list(SCRUBJAY_TAGS_ALL, a->tags_all, a->tags_all_n, out);
    } else if (a->prefix != NULL) {
        prefix = scrubjay_text(a->prefix);
        aim_at_list(SCRUBJAY_PREFIX, &prefix, 1, out);
    } else {
        out->scope = a->all ? SCRUBJAY_ALL : SCRUBJAY_NAMESPACE;
    }
    return JAY_OK;
}

/** The names of a list, with commas. */
static void print_names(const char *head, const json_t *names)
{
    size_t i;
    json_t *name;
    if (json_array_size(names) == 0)
        return;
    printf("%s: ", head);
    json_array_foreach(names, i, name) printf("%s%s", i > 0 ? ", " : "", json_string_value(name));
    putchar('\n');
}

void jay_print_names(const json_t *acks)
{
    print_names("applied", json_object_get(acks, "applied"));
    print_names("missing", json_object_get(acks, "missing"));
}

/** The stamp alone on the first line, for scripts; then who has it. */
static void print_issued(const struct jay *j, const char *stamp, json_t *acks)
{
    if (j->json) {
        jay_print_json(json_pack("{s:s, s:O?}", "stamp", stamp, "acks", acks), false);
        return;
    }
    printf("%s\n", stamp);
    jay_print_names(acks);
}

enum jay_exit jay_print_acks(struct jay *j, enum scrubjay_status status,
                             const struct scrubjay_stamp *stamp)
{
    char hex[2 * SCRUBJAY_STAMP_MAX + 1];
    if (status == SCRUBJAY_OK || status == SCRUBJAY_UNREACHED) {
        json_t *result = jay_json_of(scrubjay_result(j->client));
        hex_write(stamp->bytes, stamp->len, hex);
        print_issued(j, hex, json_array_get(result, 1));
        json_decref(result);
    }
    return jay_judge(j, status);
}

static enum jay_exit count(struct jay *j, const struct scrubjay_aim *aim)
{
    struct scrubjay_matches told;
    const enum scrubjay_status status = scrubjay_dry_run(j->client, aim, &told);
    if (status != SCRUBJAY_OK)
        return jay_judge(j, status);
    if (j->json)
        jay_print_json(json_pack("{s:n, s:o, s:o}", "stamp", "matches",
                                 jay_json_number(told.entries), "bytes",
                                 jay_json_number(told.bytes)),
                       false);
    else
        printf("%" PRIu64 " entries, %" PRIu64 " bytes at %s; nothing was dropped\n", told.entries,
               told.bytes, j->server);
    return JAY_OK;
}

enum jay_exit jay_invalidate(struct jay *j, const struct jay_args *a)
{
    struct scrubjay_stamp stamp;
    struct scrubjay_aim aim = {.ns = j->ns};
    const struct scrubjay_how how = {
        .soft = a->soft, .has_version = a->has_version, .version = a->version, .ack = a->ack};
    const enum jay_exit err = take_aim(a, &aim);
    if (err != JAY_OK)
        return err;
    if (a->dry_run)
        return count(j, &aim);
    scrubjay_set_reason(j->client, a->reason);
    const enum scrubjay_status status = scrubjay_invalidate_with(j->client, &aim, &how, &stamp);
    return jay_print_acks(j, status, &stamp);
}
