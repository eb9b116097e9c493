/**
 * http/metrics.h - the facts as Prometheus text 0.0.4 or as OpenMetrics 1.0.
 *
 * Prefix scrubjay_, base units, no label that names a key or an address. Source: "Exposition formats"
 * of prometheus.io; OpenMetrics 1.0 sections 3 and 4 (counters are named without _total in metadata,
 * the text ends with "# EOF").
 */
#pragma once

#include <stdbool.h>

#include "http/facts.h"
#include "http/namespaces.h"
#include "http/text.h"

#define METRICS_TEXT "text/plain; version=0.0.4; charset=utf-8"
#define METRICS_OPEN "application/openmetrics-text; version=1.0.0; charset=utf-8"

/** Append all metrics. Out of memory: out->failed. */
void http_metrics(struct http_text *out, const struct facts *f, const struct http_namespaces *all,
                  bool open);

/** Does an Accept header (NULL = none) ask for OpenMetrics? */
bool http_metrics_open(const char *accept);
