#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "cli/jay.h"

#define CELL_MAX 128

static void cell_text(const json_t *row, const struct jay_column *column, char out[CELL_MAX])
{
    const json_t *value = json_object_get(row, column->field);
    if (json_is_string(value))
        snprintf(out, CELL_MAX, "%s",
                 json_string_length(value) > 0 ? json_string_value(value) : "\"\"");
    else if (json_is_integer(value))
        snprintf(out, CELL_MAX, "%lld%s", (long long)json_integer_value(value), column->unit);
    else if (json_is_real(value))
        snprintf(out, CELL_MAX, "%.*f%s", column->digits, json_real_value(value), column->unit);
    else
        snprintf(out, CELL_MAX, "-");
}

/** The widest cell of a column, its head included. */
static size_t measure(const json_t *rows, const struct jay_column *column)
{
    char cell[CELL_MAX];
    size_t width = strlen(column->head);
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row)
    {
        cell_text(row, column, cell);
        width = strlen(cell) > width ? strlen(cell) : width;
    }
    return width;
}

/** The colour of a state; the word stands there too, so nothing depends on colour alone. */
static const char *colour_of(const struct jay *j, const char *state)
{
    static const char *const good[] = {"alive", "applied", "covered"};
    static const char *const doubtful[] = {"suspect", "candidate", "barred"};
    if (!j->colour)
        return NULL;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        if (strcmp(state, good[i]) == 0)
            return "\033[32m";
        if (strcmp(state, doubtful[i]) == 0)
            return "\033[33m";
    }
    return "\033[31m";
}

static void print_cell(const struct jay *j, const struct jay_column *column, const char *cell,
                       size_t width)
{
    const char *colour = strcmp(column->field, "state") == 0 ? colour_of(j, cell) : NULL;
    printf("%s%s%s%*s", colour != NULL ? colour : "", cell, colour != NULL ? "\033[0m" : "",
           width == 0 ? 0 : (int)(width - strlen(cell) + 2), "");
    if (width == 0)
        putchar('\n');
}

static void print_heads(const struct jay_column *columns, size_t n, const size_t *widths)
{
    for (size_t i = 0; i < n; i++)
        printf("%-*s%s", (int)widths[i], columns[i].head, widths[i] == 0 ? "\n" : "  ");
}

void jay_print_table(const struct jay *j, const json_t *rows, const struct jay_column *columns,
                     size_t columns_n)
{
    size_t widths[JAY_COLUMNS_MAX] = {0}; /* of the last one 0: nothing stands behind it */
    char cell[CELL_MAX];
    size_t i;
    json_t *row;
    for (size_t k = 0; k + 1 < columns_n && k < JAY_COLUMNS_MAX; k++)
        widths[k] = measure(rows, &columns[k]);
    print_heads(columns, columns_n, widths);
    json_array_foreach(rows, i, row)
    {
        for (size_t k = 0; k < columns_n; k++) {
            cell_text(row, &columns[k], cell);
            print_cell(j, &columns[k], cell, widths[k]);
        }
    }
}
