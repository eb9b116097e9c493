#include "http/metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "http/exposition.h"

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
        exposition_head(out, &family);
    if (row->kind == FACTS_SPANS)
        say_spans(out, f, row);
    else
        say_number(out, f, row);
}

static void begin_info(struct http_text *out, const char *name, const char *help, bool open)
{
    const struct family family = {.name = name,
                                  .type = open ? "info" : "gauge",
                                  .help = help,
                                  .suffix = "_info",
                                  .open = open};
    exposition_head(out, &family);
    exposition_name(out, &family, true);
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
    exposition_label(out, "version", slice_text(NODE_VERSION));
    end_info(out);
    begin_info(out, "node", "Who this is.", open);
    exposition_label(out, "name", f->node.name);
    http_text_say(out, ",");
    exposition_label(out, "cluster", f->node.cluster);
    end_info(out);
    begin_info(out, "view_hash", "Hash of the membership; equal on nodes that agree.", open);
    exposition_label(out, "view_hash", slice_text(hash));
    end_info(out);
}

void http_metrics(struct http_text *out, const struct facts *f, const struct http_namespaces *all,
                  bool open)
{
    const struct facts_row *row = NULL;
    for (size_t i = 0; (row = http_facts_row(i)) != NULL; i++) {
        if (row->family != NULL)
            say_row(out, f, row, open);
    }
    http_ns_metrics(out, all, open);
    say_infos(out, f, open);
    if (open)
        http_text_say(out, "# EOF\n");
}

bool http_metrics_open(const char *accept)
{
    return accept != NULL && strstr(accept, "application/openmetrics-text") != NULL;
}
