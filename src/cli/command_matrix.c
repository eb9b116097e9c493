#include <stdio.h>
#include <stdlib.h>

#include "cli/field.h"
#include "cli/jay.h"

#define KEY_MAX 32

/** A table as wide as there are origins, from a document that is not. */
struct wide {
    json_t *rows;
    struct jay_column columns[JAY_COLUMNS_MAX];
    char keys[JAY_COLUMNS_MAX][KEY_MAX];
    size_t columns_n;
};

static void add_column(struct wide *w, const char *head, const char *key, const char *unit)
{
    struct jay_column *c = &w->columns[w->columns_n];
    snprintf(w->keys[w->columns_n], KEY_MAX, "%s", key);
    *c = (struct jay_column){
        .head = head, .field = w->keys[w->columns_n], .unit = unit, .digits = 2};
    w->columns_n++;
}

/** A column for each origin: its member, or the number of a run that is nobody's any more. */
static void add_columns(struct wide *w, const json_t *origins)
{
    json_t *origin;
    size_t i;
    add_column(w, "MEMBER", "name", "");
    add_column(w, "AFTER", "after_ms", "ms");
    add_column(w, "LACKS", "lacks", "");
    json_array_foreach(origins, i, origin)
    {
        char key[KEY_MAX];
        if (w->columns_n == JAY_COLUMNS_MAX)
            return;
        snprintf(key, sizeof key, "behind %zu", i);
        add_column(w, field_text_or(origin, "member", field_text_or(origin, "epoch", "?")), key,
                   "");
    }
}

/** A row with a member for each column; what is null stays so. */
static json_t *wide_row(const json_t *member)
{
    json_t *row = json_object();
    json_t *behind;
    json_int_t lacks = 0;
    size_t i;
    bool said = false;
    json_object_set(row, "name", json_object_get(member, "name"));
    json_object_set(row, "after_ms", json_object_get(member, "after_ms"));
    json_array_foreach(json_object_get(member, "behind"), i, behind)
    {
        char key[KEY_MAX];
        snprintf(key, sizeof key, "behind %zu", i);
        json_object_set(row, key, behind);
        lacks += json_integer_value(behind);
        said = said || json_is_integer(behind);
    }
    json_object_set_new(row, "lacks", said ? json_integer(lacks) : json_null());
    return row;
}

static void print_table(const struct jay *j, const json_t *document)
{
    struct wide *w = calloc(1, sizeof *w);
    json_t *member;
    size_t i;
    if (w == NULL) {
        jay_say("out of memory");
        return;
    }
    w->rows = json_array();
    add_columns(w, json_object_get(document, "origins"));
    json_array_foreach(json_object_get(document, "members"), i, member)
        json_array_append_new(w->rows, wide_row(member));
    jay_print_table(j, w->rows, w->columns, w->columns_n);
    json_decref(w->rows);
    free(w);
}

/** Is it the run of one of those that were asked? Runs of others are forgotten at different times: that one of
 *  them is not listed says nothing. */
static bool is_there(const json_t *members, const char *epoch)
{
    json_t *member;
    size_t i;
    json_array_foreach(members, i, member)
    {
        if (field_is(member, "epoch", epoch))
            return true;
    }
    return false;
}

/** Has this member said that it has everything? */
static bool has_all(const json_t *member, const json_t *document)
{
    const json_t *behind = json_object_get(member, "behind");
    json_t *origin;
    size_t i;
    if (!json_is_true(json_object_get(member, "answered")) ||
        json_integer_value(json_object_get(member, "left")) > 0)
        return false;
    json_array_foreach(json_object_get(document, "origins"), i, origin)
    {
        const json_t *cell = json_array_get(behind, i);
        if (json_is_integer(cell) ? json_integer_value(cell) > 0
                                  : is_there(json_object_get(document, "members"),
                                             field_text_or(origin, "epoch", "")))
            return false;
    }
    return true;
}

static bool all_have_all(const json_t *document)
{
    json_t *member;
    size_t i;
    json_array_foreach(json_object_get(document, "members"), i, member)
    {
        if (!has_all(member, document))
            return false;
    }
    return true;
}

enum jay_exit jay_matrix(struct jay *j, const struct jay_args *a)
{
    json_t *document = NULL;
    (void)a;
    const enum scrubjay_status status = jay_fetch(j, "matrix", &document);
    if (status != SCRUBJAY_OK)
        return jay_judge(j, status);
    const bool all = all_have_all(document);
    if (j->json)
        jay_print_json(json_incref(document), false);
    else
        print_table(j, document);
    json_decref(document);
    if (!all)
        jay_say("not every member has said that it has everything");
    return all ? JAY_OK : JAY_NEGATIVE;
}
