/** deploy/man/man_scrubjayd.c - the manuals of scrubjayd and of its file. */
#include <stdio.h>

#include "app/namespace.h"
#include "app/option.h"
#include "base/attr.h"

#include "manual.h"

/** What would have been right, as its parser says it of a text that never is. */
static const char *takes(const struct option_row *row)
{
    union {
        struct config_list list; /* larger than any value */
        struct config_memory memory;
    } into;

    return row->parse("", &into);
}

/** What the manual says of a setting wherever it is given. */
static void put_meaning(const struct option_row *row)
{
    manual_text(row->help);
    printf(".\nIt takes ");
    manual_text(takes(row));
    printf(".\n");
    if (row->many)
        printf("May be repeated.\n");
    printf("The default is ");
    manual_text(row->standard != NULL ? row->standard : row->found);
    printf(".\n");
    if (row->more != NULL)
        manual_literal(row->more);
}

static void put_flags(void)
{
    for (size_t i = 0; i < OPTIONS; i++) {
        const struct option_row *row = option_row((enum config_option)i);
        printf(".It Fl \\-%s", row->flag);
        if (row->arg != NULL) {
            printf(" Ar ");
            manual_quoted(row->arg);
        }
        putchar('\n');
        put_meaning(row);
    }
}

static void put_keys(void)
{
    for (size_t i = 0; i < OPTIONS; i++) {
        const struct option_row *row = option_row((enum config_option)i);
        printf(".It Ic %s : Ar ", row->path);
        manual_quoted(row->many ? "[entry, ...]" : row->arg != NULL ? row->arg : "true|false");
        putchar('\n');
        put_meaning(row);
    }
}

static void put_namespaces(void)
{
    static struct config_namespace none;
    static const char WRONG[] = "\n"; /* whatever the key is */
    for (size_t i = 0; i < NAMESPACE_KEYS; i++) {
        const enum namespace_key key = (enum namespace_key)i;
        printf(".It Ic %s\n", namespace_key_text(key));
        manual_text(namespace_key_help(key));
        printf(".\nIt takes ");
        manual_text(namespace_parse(&none, key, WRONG));
        printf(".\n");
    }
}

static void put_environment(void)
{
    char name[CONFIG_TEXT_MAX];
    for (size_t i = 0; i < OPTIONS; i++) {
        const struct option_row *row = option_row((enum config_option)i);
        option_env(row, name);
        printf(".It Ev %s\n.Fl \\-%s\n", name, row->flag);
    }
}

int main(int argc, char **argv)
{
    static const struct manual_part parts[] = {{"@flags@", put_flags},
                                               {"@keys@", put_keys},
                                               {"@namespaces@", put_namespaces},
                                               {"@environment@", put_environment}};
    return manual_make(argc, argv, parts, ARRAY_LEN(parts));
}
