#include "http/exposition.h"

#include <stdio.h>
#include <string.h>

#include "base/attr.h"

void exposition_name(struct http_text *out, const struct family *f, bool with_suffix)
{
    http_text_say(out, "scrubjay_");
    http_text_say(out, f->name);
    if (with_suffix)
        http_text_say(out, f->suffix);
}

/** What OpenMetrics calls the unit of a family: the end of its name. NULL = none. */
static const char *unit_of(const struct family *f)
{
    static const char *const UNITS[] = {"bytes", "seconds"};
    const char *last = strrchr(f->name, '_');
    for (size_t i = 0; i < ARRAY_LEN(UNITS); i++) {
        if (last != NULL && strcmp(last + 1, UNITS[i]) == 0)
            return UNITS[i];
    }
    return NULL;
}

static void say_unit(struct http_text *out, const struct family *f)
{
    const char *unit = f->open ? unit_of(f) : NULL;
    if (unit == NULL)
        return;
    http_text_say(out, "# UNIT ");
    exposition_name(out, f, false);
    http_text_say(out, " ");
    http_text_say(out, unit);
    http_text_say(out, "\n");
}

/** OpenMetrics names a family without the suffix of its samples, Prometheus text with it. */
void exposition_head(struct http_text *out, const struct family *f)
{
    http_text_say(out, "# HELP ");
    exposition_name(out, f, !f->open);
    http_text_say(out, " ");
    http_text_say(out, f->help);
    http_text_say(out, "\n# TYPE ");
    exposition_name(out, f, !f->open);
    http_text_say(out, " ");
    http_text_say(out, f->type);
    http_text_say(out, "\n");
    say_unit(out, f);
}

/** Backslash, quote and line feed are escaped in label values. */
void exposition_label(struct http_text *out, const char *name, struct slice value)
{
    http_text_say(out, name);
    http_text_say(out, "=\"");
    for (size_t i = 0; i < value.len; i++) {
        const char c = (char)value.at[i];
        if (c == '\n')
            http_text_say(out, "\\n");
        else if ((uint8_t)c >= 0x7f || (uint8_t)c < ' ')
            http_text_say(out, "?");
        else if (c == '"' || c == '\\')
            http_text_add(out, (const char[]){'\\', c}, 2);
        else
            http_text_add(out, &c, 1);
    }
    http_text_say(out, "\"");
}

static void say_exact(struct http_text *out, uint8_t c)
{
    char shown[8];
    if (c == '\\' || c < ' ' || c >= 0x7f)
        (void)snprintf(shown, sizeof shown, "\\\\x%02x", (unsigned)c);
    else
        (void)snprintf(shown, sizeof shown, c == '"' ? "\\%c" : "%c", (int)c);
    http_text_say(out, shown);
}

void exposition_exact(struct http_text *out, const char *name, struct slice value)
{
    http_text_say(out, name);
    http_text_say(out, "=\"");
    for (size_t i = 0; i < value.len; i++)
        say_exact(out, value.at[i]);
    http_text_say(out, "\"");
}
