/**
 * http/namespaces.h - what is counted for each namespace, as one table that names each number.
 *
 * /v1/namespaces and /metrics are two renderings of it. Never holds more than CACHE_NAMESPACES_MAX of them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cache/cache.h"
#include "http/text.h"

struct http_namespaces {
    uint32_t n;
    struct slice names[CACHE_NAMESPACES_MAX]; /* lent by the cache */
    struct cache_ns_stats stats[CACHE_NAMESPACES_MAX];
};

/** One number of each. */
struct http_ns_row {
    const char *key;
    const char *family; /* of metrics, without prefix and without _total */
    const char *help;
    bool gauge; /* not a counter */
    size_t at;  /* offset in struct cache_ns_stats of an uint64_t */
};

/** Look at all namespaces in use. */
void http_namespaces_collect(struct cache *c, struct http_namespaces *out);

/** The i-th row; NULL behind the last. Lends. */
const struct http_ns_row *http_ns_row(size_t i);

/** The number of a row. */
uint64_t http_ns_value(const struct cache_ns_stats *stats, const struct http_ns_row *row);

/** Append the metrics of all of them, each with a label `ns`. */
void http_ns_metrics(struct http_text *out, const struct http_namespaces *all, bool open);
