/** deploy/man/man_scrubjayd.c - the manuals of scrubjayd and of its file. */
#include <stdio.h>

#include "app/option.h"
#include "base/attr.h"

#include "manual.h"

/** What the manual says of a setting wherever it is given. */
static void put_meaning(const struct option_row *row)
{
    manual_text(row->help);
    printf(".\n");
    if (row->many)
        printf("May be repeated.\n");
    if (row->standard != NULL) {
        printf("The default is ");
        manual_text(row->standard);
        printf(".\n");
    }
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
    static const struct manual_part parts[] = {
        {"@flags@", put_flags}, {"@keys@", put_keys}, {"@environment@", put_environment}};
    return manual_make(argc, argv, parts, ARRAY_LEN(parts));
}
