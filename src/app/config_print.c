#include "app/config_print.h"

#include <string.h>

#include "app/namespace.h"
#include "app/option.h"

#define COMMENT_AT 40 /* column where origins begin, when values are short */

/** What stands behind the value. */
static void say_origin(const struct config *c, enum config_option option, FILE *out)
{
    const struct config_setting *s = &c->settings[option];
    char env[CONFIG_TEXT_MAX];
    switch (s->origin) {
    case CONFIG_FLAG:
        (void)fprintf(out, "# flag --%s\n", option_row(option)->flag);
        break;
    case CONFIG_ENVIRONMENT:
        option_env(option_row(option), env);
        (void)fprintf(out, "# environment %s\n", env);
        break;
    case CONFIG_FILE:
        (void)fprintf(out, "# file %s:%zu\n", c->file, s->line);
        break;
    default:
        (void)fprintf(out, s->note[0] == '\0' ? "# default\n" : "# default: %s\n", s->note);
        break;
    }
}

/** Does YAML read this text as itself without quotes? */
static bool is_plain(const char *text)
{
    static const char PLAIN[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/-";
    return text[0] != '\0' && text[0] != '-' && strspn(text, PLAIN) == strlen(text);
}

/** Returns: the columns taken. */
static int say_text(const char *text, FILE *out)
{
    if (is_plain(text))
        return fprintf(out, "%s", text);
    int width = 2;
    (void)fputc('"', out);
    for (; *text != '\0'; text++, width++) {
        if (*text == '"' || *text == '\\')
            width += fputc('\\', out) != EOF;
        (void)fputc(*text, out);
    }
    (void)fputc('"', out);
    return width;
}

static int say_list(const struct config_list *list, FILE *out)
{
    int width = fprintf(out, "[");
    for (size_t i = 0; i < list->n; i++) {
        width += fprintf(out, "%s", i == 0 ? "" : ", ");
        width += say_text(list->at[i], out);
    }
    return width + fprintf(out, "]");
}

static int say_value(const struct config *c, enum config_option option, FILE *out)
{
    const struct option_row *row = option_row(option);
    if (row->many)
        return say_list((const struct config_list *)((const char *)c + row->at), out);
    return say_text(c->settings[option].text, out);
}

/** The group's own line, when `path` begins another one. */
static void say_group(const char *path, const char *before, FILE *out)
{
    const size_t len = strcspn(path, ".");
    if (path[len] == '\0' || strncmp(path, before, len + 1) == 0)
        return;
    (void)fprintf(out, "%.*s:\n", (int)len, path);
}

static void pad(int width, FILE *out)
{
    (void)fprintf(out, "%*s", width < COMMENT_AT ? COMMENT_AT - width : 1, "");
}

static void say_options(const struct config *c, FILE *out)
{
    const char *before = "";
    for (size_t i = 0; i < OPTIONS; i++) {
        const enum config_option option = (enum config_option)i;
        const char *path = option_row(option)->path;
        const char *point = strchr(path, '.');
        const bool unset = !option_row(option)->many && c->settings[i].text[0] == '\0';
        int width = 0;
        say_group(path, before, out);
        before = path;
        /* What has no value is a comment: an empty value would not be read back. */
        width += fprintf(out, "%s%s%s: ", unset ? "# " : "", point == NULL ? "" : "  ",
                         point == NULL ? path : point + 1);
        width += unset ? fprintf(out, "none") : say_value(c, option, out);
        pad(width, out);
        say_origin(c, option, out);
    }
}

/** The keys of one entry that were given. Its name, which always is, comes first and has the dash. */
static void say_namespace(const struct config *c, const struct config_namespace *ns, FILE *out)
{
    char value[NAMESPACE_TEXT_MAX];
    for (size_t i = 0; i < NAMESPACE_KEYS; i++) {
        const enum namespace_key key = (enum namespace_key)i;
        if (ns->lines[key] == 0)
            continue;
        namespace_format(ns, key, value);
        int width =
            fprintf(out, "  %s %s: ", key == NAMESPACE_NAME ? "-" : " ", namespace_key_text(key));
        width += say_text(value, out);
        pad(width, out);
        (void)fprintf(out, "# file %s:%zu\n", c->file, ns->lines[key]);
    }
}

static void say_namespaces(const struct config *c, FILE *out)
{
    if (c->namespaces.n == 0) {
        pad(fprintf(out, "# namespaces: none"), out);
        (void)fprintf(out, "# default\n");
        return;
    }
    (void)fprintf(out, "namespaces:\n");
    for (size_t i = 0; i < c->namespaces.n; i++)
        say_namespace(c, &c->namespaces.at[i], out);
}

void config_print(const struct config *c, FILE *out)
{
    say_options(c, out);
    say_namespaces(c, out);
}
