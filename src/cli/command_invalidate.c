#include <stdio.h>
#include <string.h>

#include "cli/jay.h"
#include "cli/text.h"

/** What is aimed at. */
struct aim {
    enum scrubjay_scope scope;
    struct scrubjay_bytes targets[SCRUBJAY_TARGETS_MAX];
    size_t targets_n;
};

static void aim_at_words(const struct jay_args *a, struct aim *out)
{
    out->scope = SCRUBJAY_KEY;
    out->targets_n = a->words_n;
    for (size_t i = 0; i < a->words_n; i++)
        out->targets[i] = scrubjay_text(a->words[i]);
}

static void aim_at_tags(const struct jay_args *a, struct aim *out)
{
    out->scope = SCRUBJAY_TAG;
    out->targets_n = a->tags_n;
    memcpy(out->targets, a->tags, a->tags_n * sizeof *a->tags);
}

/** Exactly one kind of target. */
static enum jay_exit take_aim(const struct jay_args *a, struct aim *out)
{
    const int kinds = (a->words_n > 0) + (a->tags_n > 0) + (a->prefix != NULL) +
                      (a->namespace ? 1 : 0) + (a->all ? 1 : 0);
    if (kinds != 1)
        return jay_usage("%s; give keys, --tag, --prefix, --namespace or --all",
                         kinds == 0 ? "nothing to invalidate" : "more than one kind of target");
    if (a->words_n > 0)
        aim_at_words(a, out);
    else if (a->tags_n > 0)
        aim_at_tags(a, out);
    else
        out->scope = a->prefix != NULL ? SCRUBJAY_PREFIX
                     : a->all          ? SCRUBJAY_ALL
                                       : SCRUBJAY_NAMESPACE;
    if (a->prefix != NULL)
        out->targets[out->targets_n++] = scrubjay_text(a->prefix);
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

/** The stamp alone on the first line, for scripts; then who has it. */
static void print_acks(const char *stamp, const json_t *acks)
{
    printf("%s\n", stamp);
    print_names("applied", json_object_get(acks, "applied"));
    print_names("missing", json_object_get(acks, "missing"));
}

enum jay_exit jay_print_acks(struct jay *j, const struct scrubjay_stamp *stamp)
{
    char hex[2 * SCRUBJAY_STAMP_MAX + 1];
    json_t *result = jay_json_of(scrubjay_result(j->client));
    json_t *acks = json_array_get(result, 1);
    const bool reached = json_is_true(json_object_get(acks, "reached"));
    text_hex_write(stamp->bytes, stamp->len, hex);
    if (j->json)
        jay_print_json(json_pack("{s:s, s:O?}", "stamp", hex, "acks", acks), false);
    else
        print_acks(hex, acks);
    json_decref(result);
    return reached ? JAY_OK : JAY_NEGATIVE;
}

enum jay_exit jay_invalidate(struct jay *j, const struct jay_args *a)
{
    static struct aim aim;
    struct scrubjay_stamp stamp;
    const enum jay_exit err = take_aim(a, &aim);
    if (err != JAY_OK)
        return err;
    scrubjay_set_reason(j->client, a->reason);
    const enum scrubjay_status status =
        scrubjay_invalidate(j->client, j->ns, aim.scope, aim.targets, aim.targets_n, &stamp);
    return status == SCRUBJAY_OK ? jay_print_acks(j, &stamp) : jay_judge(j, status);
}
