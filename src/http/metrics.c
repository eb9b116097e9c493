#include "http/metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/attr.h"

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
    say_name(out, f, false);
    http_text_say(out, " ");
    http_text_say(out, unit);
    http_text_say(out, "\n");
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
    say_unit(out, f);
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

static const char *type_of(const struct facts_row *row)
{
    static const char *const TYPES[] = {
        [FACTS_COUNTER] = "counter", [FACTS_GAUGE] = "gauge", [FACTS_SPANS] = "histogram"};
    return TYPES[row->kind];
}

/** The name of a sample, with its labels and le, either of which may be "". */
static void say_sample(struct http_text *out, const struct facts_row *row, const char *suffix,
                       const char *le)
{
    http_text_say(out, "scrubjay_");
    http_text_say(out, row->family);
    http_text_say(out, suffix);
    if (row->labels[0] != '\0' || le[0] != '\0') {
        http_text_say(out, "{");
        http_text_say(out, row->labels);
        http_text_say(out, row->labels[0] != '\0' && le[0] != '\0' ? "," : "");
        http_text_say(out, le);
        http_text_say(out, "}");
    }
    http_text_say(out, " ");
}

static void say_number(struct http_text *out, const struct facts *f, const struct facts_row *row)
{
    say_sample(out, row, row->kind == FACTS_COUNTER ? "_total" : "", "");
    say_value(out, http_facts_value(f, row), row->micros);
    http_text_say(out, "\n");
}

/** Buckets hold all that took no longer. */
static void say_spans(struct http_text *out, const struct facts *f, const struct facts_row *row)
{
    /* Seconds, as OpenMetrics wants floating point numbers to be written in le. */
    static const char *const LES[SPANS_BUCKETS] = {
        "le=\"1e-06\"", "le=\"2e-06\"",  "le=\"5e-06\"",  "le=\"1e-05\"",  "le=\"2e-05\"",
        "le=\"5e-05\"", "le=\"0.0001\"", "le=\"0.0002\"", "le=\"0.0005\"", "le=\"0.001\"",
        "le=\"0.002\"", "le=\"0.005\"",  "le=\"0.01\"",   "le=\"0.02\"",   "le=\"0.05\"",
        "le=\"0.1\"",   "le=\"0.2\"",    "le=\"0.5\"",    "le=\"1.0\"",    "le=\"2.0\"",
        "le=\"5.0\"",   "le=\"10.0\"",   "le=\"+Inf\""};
    const struct spans spans = http_facts_spans(f, row);
    uint64_t n = 0;
    for (size_t i = 0; i < SPANS_BUCKETS; i++) {
        n += spans.n[i];
        say_sample(out, row, "_bucket", LES[i]);
        say_value(out, n, false);
        http_text_say(out, "\n");
    }
    say_sample(out, row, "_sum", "");
    say_value(out, spans.sum_us, true);
    http_text_say(out, "\n");
    say_sample(out, row, "_count", "");
    say_value(out, n, false);
    http_text_say(out, "\n");
}

static void say_row(struct http_text *out, const struct facts *f, const struct facts_row *row,
                    bool open)
{
    const struct family family = {.name = row->family,
                                  .type = type_of(row),
                                  .help = row->help,
                                  .suffix = row->kind == FACTS_COUNTER ? "_total" : "",
                                  .open = open};
    if (row->help != NULL)
        say_head(out, &family);
    if (row->kind == FACTS_SPANS)
        say_spans(out, f, row);
    else
        say_number(out, f, row);
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
    const struct facts_row *row = NULL;
    for (size_t i = 0; (row = http_facts_row(i)) != NULL; i++) {
        if (row->family != NULL)
            say_row(out, f, row, open);
    }
    say_infos(out, f, open);
    if (open)
        http_text_say(out, "# EOF\n");
}

bool http_metrics_open(const char *accept)
{
    return accept != NULL && strstr(accept, "application/openmetrics-text") != NULL;
}
