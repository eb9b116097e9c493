#include "manual.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put_character(char c)
{
    if (c == '-')
        fputs("\\-", stdout);
    else if (c == '\\')
        fputs("\\e", stdout);
    else if (c == '"')
        fputs("\\(dq", stdout);
    else
        putchar(c);
}

void manual_text(const char *text)
{
    bool blank = false;
    for (; *text != '\0'; text++) {
        if (*text == ' ' || *text == '\n') {
            blank = true;
            continue;
        }
        if (blank)
            putchar(' ');
        blank = false;
        put_character(*text);
    }
}

void manual_quoted(const char *text)
{
    putchar('"');
    manual_text(text);
    putchar('"');
}

void manual_literal(const char *text)
{
    printf(".Bd -literal\n\\&"); /* what follows is no request, whatever it begins with */
    for (; *text != '\0'; text++) {
        put_character(*text);
        if (*text == '\n')
            fputs("\\&", stdout);
    }
    printf("\n.Ed\n");
}

/** false for a name of nothing. */
static bool put_line(const char *line, const struct manual_part *parts, size_t n)
{
    if (line[0] != '@') {
        fputs(line, stdout);
        return true;
    }
    for (size_t i = 0; i < n; i++) {
        const size_t len = strlen(parts[i].name);
        if (strncmp(parts[i].name, line, len) == 0 && line[len] == '\n') {
            parts[i].put();
            return true;
        }
    }
    return false;
}

int manual_make(int argc, char **argv, const struct manual_part *parts, size_t n)
{
    char line[1024];
    FILE *file = argc == 2 ? fopen(argv[1], "re") : NULL;
    bool good = file != NULL;
    while (good && fgets(line, sizeof line, file) != NULL)
        good = put_line(line, parts, n);
    if (!good)
        fprintf(stderr, "cannot make a manual of %s\n", argc == 2 ? argv[1] : "nothing");
    if (file != NULL)
        (void)fclose(file);
    return good && fclose(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
