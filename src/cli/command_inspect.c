#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "cli/jay.h"

enum jay_exit jay_ping(struct jay *j, const struct jay_args *a)
{
    (void)a;
    const enum scrubjay_status status = scrubjay_ping(j->client);
    if (status != SCRUBJAY_OK)
        return jay_judge(j, status);
    if (j->json)
        jay_print_json(json_pack("{s:s}", "reply", "pong"), false);
    else
        puts("pong");
    return JAY_OK;
}

/** Ask the node for a document. *out is owned by the caller. */
static enum jay_exit ask(struct jay *j, const char *what, json_t **out)
{
    struct scrubjay_bytes msgpack;
    const enum scrubjay_status status = scrubjay_inspect(j->client, what, &msgpack);
    if (status != SCRUBJAY_OK)
        return jay_judge(j, status);
    *out = jay_json_of(msgpack);
    if (*out != NULL)
        return JAY_OK;
    jay_say("the node's answer to \"%s\" is malformed", what);
    return JAY_NEGATIVE;
}

static enum jay_exit print_document(struct jay *j, const char *what)
{
    json_t *document = NULL;
    const enum jay_exit err = ask(j, what, &document);
    if (err != JAY_OK)
        return err;
    if (!j->json)
        jay_print_lines(document);
    else
        jay_print_json(json_incref(document), false);
    json_decref(document);
    return JAY_OK;
}

enum jay_exit jay_node(struct jay *j, const struct jay_args *a)
{
    (void)a;
    return print_document(j, "node");
}

enum jay_exit jay_stats(struct jay *j, const struct jay_args *a)
{
    (void)a;
    return print_document(j, "stats");
}

enum jay_exit jay_vectors(struct jay *j, const struct jay_args *a)
{
    (void)a;
    return print_document(j, "vectors");
}

/* ---- members ---- */

#define COLUMNS_N 7
#define CELL_MAX  128

/** A column: its head, and the member of a member that it shows. */
static const struct {
    const char *head;
    const char *field;
    const char *unit;
} COLUMNS[COLUMNS_N] = {
    {"NAME", "name", ""},    {"ADDRESS", "address", ""},
    {"STATE", "state", ""},  {"GENERATION", "generation", ""},
    {"RTT", "rtt_ms", "ms"}, {"LAST-ACK", "last_ack_ms", "ms"},
    {"HEAD", "head", ""},
};

static void cell_text(const json_t *member, size_t column, char out[CELL_MAX])
{
    const json_t *value = json_object_get(member, COLUMNS[column].field);
    const char *unit = COLUMNS[column].unit;
    if (json_is_string(value))
        snprintf(out, CELL_MAX, "%s", json_string_value(value));
    else if (json_is_integer(value))
        snprintf(out, CELL_MAX, "%lld%s", (long long)json_integer_value(value), unit);
    else if (json_is_real(value))
        snprintf(out, CELL_MAX, "%.2f%s", json_real_value(value), unit);
    else
        snprintf(out, CELL_MAX, "-");
}

static void measure(const json_t *members, size_t width[COLUMNS_N])
{
    char cell[CELL_MAX];
    size_t i;
    json_t *member;
    for (size_t column = 0; column < COLUMNS_N; column++)
        width[column] = strlen(COLUMNS[column].head);
    json_array_foreach(members, i, member)
    {
        for (size_t column = 0; column < COLUMNS_N; column++) {
            cell_text(member, column, cell);
            width[column] = strlen(cell) > width[column] ? strlen(cell) : width[column];
        }
    }
}

/** The colour of a state; the word stands there too, so nothing depends on colour alone. */
static const char *colour_of(const struct jay *j, const char *state)
{
    if (!j->colour)
        return NULL;
    if (strcmp(state, "alive") == 0)
        return "\033[32m";
    return strcmp(state, "suspect") == 0 || strcmp(state, "candidate") == 0 ? "\033[33m"
                                                                            : "\033[31m";
}

static void print_cell(const struct jay *j, size_t column, const char *cell, size_t width)
{
    const char *colour = strcmp(COLUMNS[column].field, "state") == 0 ? colour_of(j, cell) : NULL;
    const bool last = column == COLUMNS_N - 1;
    printf("%s%s%s%*s", colour != NULL ? colour : "", cell, colour != NULL ? "\033[0m" : "",
           last ? 0 : (int)(width - strlen(cell) + 2), "");
    if (last)
        putchar('\n');
}

static void print_table(const struct jay *j, const json_t *members)
{
    size_t width[COLUMNS_N];
    char cell[CELL_MAX];
    size_t i;
    json_t *member;
    measure(members, width);
    for (size_t column = 0; column < COLUMNS_N; column++) {
        const bool last = column == COLUMNS_N - 1;
        printf("%-*s%s", last ? 0 : (int)width[column], COLUMNS[column].head, last ? "\n" : "  ");
    }
    json_array_foreach(members, i, member)
    {
        for (size_t column = 0; column < COLUMNS_N; column++) {
            cell_text(member, column, cell);
            print_cell(j, column, cell, width[column]);
        }
    }
}

/** Leave only the members in this state. */
static void keep_state(json_t *members, const char *state)
{
    for (size_t i = json_array_size(members); i-- > 0;) {
        const char *is = json_string_value(json_object_get(json_array_get(members, i), "state"));
        if (is == NULL || strcmp(is, state) != 0)
            json_array_remove(members, i);
    }
}

static bool is_state(const char *word)
{
    static const char *const states[] = {"alive", "suspect", "dead", "left", "candidate"};
    for (size_t i = 0; i < ARRAY_LEN(states); i++) {
        if (strcmp(states[i], word) == 0)
            return true;
    }
    return false;
}

enum jay_exit jay_members(struct jay *j, const struct jay_args *a)
{
    json_t *document = NULL;
    if (a->state != NULL && !is_state(a->state))
        return jay_usage("\"%s\" is no state: alive, suspect, dead, left and candidate are",
                         a->state);
    const enum jay_exit err = ask(j, "members", &document);
    if (err != JAY_OK)
        return err;
    json_t *members = json_object_get(document, "members");
    if (a->state != NULL)
        keep_state(members, a->state);
    if (j->json)
        jay_print_json(json_incref(document), false);
    else
        print_table(j, members);
    json_decref(document);
    return JAY_OK;
}
