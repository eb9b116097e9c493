#include "policy/report.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

static double ratio(const struct policy_result *r)
{
    return (double)r->hits / (double)r->requests;
}

/** The result of that policy, NULL when it was not asked for. */
static const struct policy_result *result_of(const struct options *o, const struct report_row *row,
                                             const struct policy *p)
{
    for (size_t i = 0; i < o->policies_n; i++) {
        if (o->policies[i] == p)
            return &row->results[i];
    }
    return NULL;
}

/** Points by which the engine is above other; false when either was not asked for. */
static bool points_above(const struct options *o, const struct report_row *row,
                         const struct policy *other, double *out)
{
    const struct policy_result *engine = result_of(o, row, &POLICY_ENGINE);
    const struct policy_result *its = result_of(o, row, other);
    if (engine == NULL || its == NULL)
        return false;
    *out = 100 * (ratio(engine) - ratio(its));
    return true;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

static json_t *result_json(const struct policy *p, const struct policy_result *r)
{
    json_t *out = json_pack("{s:s, s:I, s:I, s:f}", "policy", p->name, "hits", (json_int_t)r->hits,
                            "misses", (json_int_t)(r->requests - r->hits), "hit_ratio", ratio(r));
    if (r->facts.budget_bytes != 0) {
        json_object_set_new(out, "budget_bytes", json_integer((json_int_t)r->facts.budget_bytes));
        json_object_set_new(out, "fits", json_integer((json_int_t)r->facts.fits_n));
    }
    return out;
}

static void print_json(const struct options *o, const struct report_row *row)
{
    double points;
    json_t *results = json_array();
    for (size_t i = 0; i < o->policies_n; i++)
        json_array_append_new(results, result_json(o->policies[i], &row->results[i]));
    json_t *out =
        json_pack("{s:s, s:I, s:I, s:s, s:s, s:I, s:o}", "trace", base_name(row->path), "requests",
                  (json_int_t)row->trace->requests_n, "objects", (json_int_t)row->trace->objects_n,
                  "size", row->size->text, "unit", o->by_size ? "bytes" : "objects", "capacity",
                  (json_int_t)row->capacity, "results", results);
    if (points_above(o, row, &POLICY_LRU, &points))
        json_object_set_new(out, "engine_minus_lru_points", json_real(points));
    if (points_above(o, row, &POLICY_S3FIFO, &points))
        json_object_set_new(out, "engine_minus_s3fifo_points", json_real(points));
    json_dumpf(out, stdout, JSON_REAL_PRECISION(6));
    putchar('\n');
    json_decref(out);
}

void report_begin(const struct options *o)
{
    if (o->json)
        return;
    printf("%-36s %12s", "trace", o->by_size ? "bytes" : "objects");
    for (size_t i = 0; i < o->policies_n; i++)
        printf(" %8s", o->policies[i]->name);
    puts("  engine-lru  engine-s3fifo");
}

static void print_points(const struct options *o, const struct report_row *row,
                         const struct policy *other, int width)
{
    double points;
    if (points_above(o, row, other, &points))
        printf(" %+*.2f", width, points);
    else
        printf(" %*s", width, "-");
}

void report_row(const struct options *o, const struct report_row *row)
{
    if (o->json) {
        print_json(o, row);
        return;
    }
    printf("%-36s %12" PRIu64, base_name(row->path), row->capacity);
    for (size_t i = 0; i < o->policies_n; i++)
        printf(" %8.4f", ratio(&row->results[i]));
    print_points(o, row, &POLICY_LRU, 11);
    print_points(o, row, &POLICY_S3FIFO, 14);
    putchar('\n');
    fflush(stdout);
}
