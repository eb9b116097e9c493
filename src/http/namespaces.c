#include "http/namespaces.h"

#include <assert.h>
#include <string.h>

#include "base/attr.h"
#include "http/exposition.h"

#define ROW(name, is_gauge, text)                                                                  \
    {                                                                                              \
        .key = #name, .family = "namespace_" #name, .help = (text), .gauge = (is_gauge),           \
        .at = offsetof(struct cache_ns_stats, name)                                                \
    }

static const struct http_ns_row ROWS[] = {
    ROW(items, true, "Entries held, by namespace."),
    ROW(bytes, true, "Memory of entries, by namespace."),
    ROW(hits, false, "Lookups that found a fresh entry, by namespace."),
    ROW(stale_hits, false, "Lookups that took an entry that was out of date, by namespace."),
    ROW(misses, false, "Lookups that found none, by namespace."),
    ROW(fills, false, "Fills whose value was stored, by namespace."),
    ROW(puts, false, "Puts whose value was stored, by namespace."),
    ROW(invalidated, false, "Entries that invalidations have ended, by namespace."),
    ROW(evicted, false, "Entries evicted for want of memory, by namespace."),
    ROW(expired, false, "Entries found past their time to live, by namespace."),
};

_Static_assert(ARRAY_LEN(ROWS) == sizeof(struct cache_ns_stats) / sizeof(uint64_t),
               "all that is counted is told");

const struct http_ns_row *http_ns_row(size_t i)
{
    return i < ARRAY_LEN(ROWS) ? &ROWS[i] : NULL;
}

uint64_t http_ns_value(const struct cache_ns_stats *stats, const struct http_ns_row *row)
{
    uint64_t value;
    assert(row->at <= sizeof *stats - sizeof value);
    memcpy(&value, (const char *)stats + row->at, sizeof value);
    return value;
}

void http_namespaces_collect(struct cache *c, struct http_namespaces *out)
{
    out->n = cache_ns_stats(c, out->stats);
    for (uint32_t i = 0; i < out->n; i++)
        out->names[i] = cache_namespace_name(c, (uint8_t)i);
}

void http_ns_metrics(struct http_text *out, const struct http_namespaces *all, bool open)
{
    for (size_t k = 0; k < ARRAY_LEN(ROWS); k++) {
        const struct family family = {.name = ROWS[k].family,
                                      .type = ROWS[k].gauge ? "gauge" : "counter",
                                      .help = ROWS[k].help,
                                      .suffix = ROWS[k].gauge ? "" : "_total",
                                      .open = open};
        exposition_head(out, &family);
        for (uint32_t i = 0; i < all->n; i++) {
            exposition_name(out, &family, true);
            http_text_say(out, "{");
            exposition_exact(out, "ns", all->names[i]);
            http_text_say(out, "} ");
            http_text_number(out, http_ns_value(&all->stats[i], &ROWS[k]));
            http_text_say(out, "\n");
        }
    }
}
