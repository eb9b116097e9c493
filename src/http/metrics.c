#include "http/metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/** What is known of a family while its rows are written. */
struct family {
    const char *name; /* without prefix and _total */
    const char *type;
    const char *help;
    const char *suffix; /* of its samples */
    bool open;
};

static void say_name(struct http_text *out, const struct family *f, bool with_suffix)
{
    http_text_say(out, "scrubjay_");
    http_text_say(out, f->name);
    if (with_suffix)
        http_text_say(out, f->suffix);
}

/** OpenMetrics names a family without the suffix of its samples, Prometheus text with it. */
static void say_head(struct http_text *out, const struct family *f)
{
    http_text_say(out, "# HELP ");
    say_name(out, f, !f->open);
    http_text_say(out, " ");
    http_text_say(out, f->help);
    http_text_say(out, "\n# TYPE ");
    say_name(out, f, !f->open);
    http_text_say(out, " ");
    http_text_say(out, f->type);
    http_text_say(out, "\n");
}

static void say_value(struct http_text *out, uint64_t value, bool micros)
{
    char fraction[16];
    http_text_number(out, micros ? value / US_PER_SEC : value);
    if (!micros)
        return;
    (void)snprintf(fraction, sizeof fraction, ".%06llu", (unsigned long long)(value % US_PER_SEC));
    http_text_say(out, fraction);
}

static void say_row(struct http_text *out, const struct facts *f, const struct facts_row *row,
                    bool open)
{
    const bool counts = row->kind == FACTS_COUNTER;
    const struct family family = {.name = row->family,
                                  .type = counts ? "counter" : "gauge",
                                  .help = row->help,
                                  .suffix = counts ? "_total" : "",
                                  .open = open};
    if (row->help != NULL)
        say_head(out, &family);
    say_name(out, &family, true);
    if (row->labels[0] != '\0') {
        http_text_say(out, "{");
        http_text_say(out, row->labels);
        http_text_say(out, "}");
    }
    http_text_say(out, " ");
    say_value(out, http_facts_value(f, row), row->micros);
    http_text_say(out, "\n");
}

/** Backslash, quote and line feed are escaped in label values. */
static void say_label(struct http_text *out, const char *name, struct slice value)
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

static void begin_info(struct http_text *out, const char *name, const char *help, bool open)
{
    const struct family family = {.name = name,
                                  .type = open ? "info" : "gauge",
                                  .help = help,
                                  .suffix = "_info",
                                  .open = open};
    say_head(out, &family);
    say_name(out, &family, true);
    http_text_say(out, "{");
}

static void end_info(struct http_text *out)
{
    http_text_say(out, "} 1\n");
}

static void say_infos(struct http_text *out, const struct facts *f, bool open)
{
    char hash[17];
    (void)snprintf(hash, sizeof hash, "%016" PRIx64, f->node.view_hash);
    begin_info(out, "build", "The version that runs.", open);
    say_label(out, "version", slice_text(NODE_VERSION));
    end_info(out);
    begin_info(out, "node", "Who this is.", open);
    say_label(out, "name", f->node.name);
    http_text_say(out, ",");
    say_label(out, "cluster", f->node.cluster);
    end_info(out);
    begin_info(out, "view_hash", "Hash of the membership; equal on nodes that agree.", open);
    say_label(out, "view_hash", slice_text(hash));
    end_info(out);
}

void http_metrics(struct http_text *out, const struct facts *f, bool open)
{
    size_t n = 0;
    const struct facts_row *rows = http_facts_rows(&n);
    for (size_t i = 0; i < n; i++) {
        if (rows[i].family != NULL)
            say_row(out, f, &rows[i], open);
    }
    say_infos(out, f, open);
    if (open)
        http_text_say(out, "# EOF\n");
}

bool http_metrics_open(const char *accept)
{
    return accept != NULL && strstr(accept, "application/openmetrics-text") != NULL;
}
