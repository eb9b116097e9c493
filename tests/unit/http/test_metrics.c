#include <assert.h>
#include <criterion/criterion.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "http/json.h"
#include "http/metrics.h"

#define FAMILIES_MAX 512
#define SAMPLES_MAX  4096
#define FIRST        7000001ULL

/* ---- a strict reader of the exposition format ---- */

struct sample {
    char name[96];
    char labels[128]; /* with braces; "" = none */
    double value;
};

struct exposition {
    char *text;
    char family[96]; /* the one whose samples are read */
    char type[16];
    char unit[16]; /* "" = none was told */
    char families[FAMILIES_MAX][96];
    size_t families_n;
    struct sample samples[SAMPLES_MAX];
    size_t samples_n;
    bool open;
    bool ended;
};

static void check_name(const char *name)
{
    cr_assert_eq(strncmp(name, "scrubjay_", 9), 0, "%s has no prefix", name);
    for (; *name != '\0'; name++)
        cr_assert(islower((unsigned char)*name) || isdigit((unsigned char)*name) || *name == '_',
                  "%s", name);
}

static void read_help(struct exposition *e, const char *line)
{
    const char *space = strchr(line, ' ');
    cr_assert_not_null(space, "no help text: %s", line);
    cr_assert(space[1] != '\0' && strchr(space, '\\') == NULL, "%s", line);
    (void)snprintf(e->family, sizeof e->family, "%.*s", (int)(space - line), line);
    e->type[0] = e->unit[0] = '\0';
    check_name(e->family);
    for (size_t i = 0; i < e->families_n; i++)
        cr_assert_str_neq(e->families[i], e->family, "a family comes twice");
    (void)snprintf(e->families[e->families_n++], 96, "%s", e->family);
}

static void read_type(struct exposition *e, const char *line)
{
    char name[96];
    cr_assert_eq(sscanf(line, "%95s %15s", name, e->type), 2, "%s", line);
    cr_assert_str_eq(name, e->family, "TYPE belongs to the HELP before it");
    cr_assert(strcmp(e->type, "counter") == 0 || strcmp(e->type, "gauge") == 0 ||
                  strcmp(e->type, "histogram") == 0 || (e->open && strcmp(e->type, "info") == 0),
              "%s", line);
}

/** OpenMetrics 4.1: the family's name ends with its unit. */
static void read_unit(struct exposition *e, const char *line)
{
    char name[96];
    cr_assert(e->open);
    cr_assert_eq(sscanf(line, "%95s %15s", name, e->unit), 2, "%s", line);
    cr_assert_str_eq(name, e->family, "UNIT belongs to the HELP before it");
    const size_t len = strlen(name);
    const size_t unit_len = strlen(e->unit);
    cr_assert(len > unit_len && name[len - unit_len - 1] == '_');
    cr_assert_str_eq(name + len - unit_len, e->unit);
}

/** label="value" pairs with escapes; returns the end of the braces. */
static const char *skip_labels(const char *at)
{
    do {
        at++;
        cr_assert(islower((unsigned char)*at), "a label has no name: %s", at);
        at += strspn(at, "abcdefghijklmnopqrstuvwxyz_");
        cr_assert_eq(strncmp(at, "=\"", 2), 0, "%s", at);
        for (at += 2; *at != '"'; at++) {
            cr_assert_neq(*at, '\0');
            if (*at == '\\')
                at++;
        }
        at++;
    } while (*at == ',');
    cr_assert_eq(*at, '}', "%s", at);
    return at + 1;
}

/** How a sample's name follows from the family's: OpenMetrics adds a suffix. */
static void check_belongs(const struct exposition *e, const char *name)
{
    char wanted[128];
    const char *suffix = strcmp(e->type, "counter") == 0 ? "_total" : "";
    if (strcmp(e->type, "histogram") == 0) {
        cr_assert_eq(strncmp(name, e->family, strlen(e->family)), 0, "%s", name);
        suffix = name + strlen(e->family);
        cr_assert(strcmp(suffix, "_bucket") == 0 || strcmp(suffix, "_sum") == 0 ||
                      strcmp(suffix, "_count") == 0,
                  "%s", name);
        return;
    }
    if (strcmp(e->type, "info") == 0)
        suffix = "_info";
    (void)snprintf(wanted, sizeof wanted, "%s%s", e->family, e->open ? suffix : "");
    cr_assert_str_eq(name, wanted, "a sample belongs to the family above it");
    const size_t len = strlen(name);
    const bool total = len > 6 && strcmp(name + len - 6, "_total") == 0;
    cr_assert_eq(total, strcmp(e->type, "counter") == 0, "%s", name);
}

static void read_sample(struct exposition *e, const char *line)
{
    struct sample *s = &e->samples[e->samples_n++];
    char *end = NULL;
    cr_assert_lt(e->samples_n, SAMPLES_MAX);
    const size_t len = strcspn(line, "{ ");
    (void)snprintf(s->name, sizeof s->name, "%.*s", (int)len, line);
    const char *after = line[len] == '{' ? skip_labels(line + len) : line + len;
    (void)snprintf(s->labels, sizeof s->labels, "%.*s", (int)(after - line - (ptrdiff_t)len),
                   line + len);
    cr_assert_eq(*after, ' ', "%s", line);
    s->value = strtod(after + 1, &end);
    cr_assert(end != after + 1 && *end == '\0', "%s", line);
    check_name(s->name);
    check_belongs(e, s->name);
    for (size_t i = 0; i + 1 < e->samples_n; i++)
        cr_assert(strcmp(e->samples[i].name, s->name) != 0 ||
                      strcmp(e->samples[i].labels, s->labels) != 0,
                  "%s%s comes twice", s->name, s->labels);
}

static void read_line(struct exposition *e, const char *line)
{
    cr_assert_not(e->ended, "something follows # EOF");
    if (strcmp(line, "# EOF") == 0)
        e->ended = true;
    else if (strncmp(line, "# HELP ", 7) == 0)
        read_help(e, line + 7);
    else if (strncmp(line, "# TYPE ", 7) == 0)
        read_type(e, line + 7);
    else if (strncmp(line, "# UNIT ", 7) == 0)
        read_unit(e, line + 7);
    else
        read_sample(e, line);
}

static struct exposition *expose_both(const struct facts *f, const struct http_namespaces *all,
                                      bool open)
{
    struct exposition *e = calloc(1, sizeof *e);
    struct http_text text = {0};
    e->open = open;
    http_metrics(&text, f, all, open);
    cr_assert(!text.failed && text.len > 0 && text.at[text.len - 1] == '\n');
    text.at[text.len - 1] = '\0';
    e->text = text.at;
    for (char *line = e->text, *next; line != NULL; line = next) {
        next = strchr(line, '\n');
        if (next != NULL)
            *next++ = '\0';
        read_line(e, line);
    }
    return e;
}

static struct exposition *expose(const struct facts *f, bool open)
{
    const struct http_namespaces none = {.n = 0};
    return expose_both(f, &none, open);
}

static double value(const struct exposition *e, const char *name, const char *labels)
{
    for (size_t i = 0; i < e->samples_n; i++) {
        if (strcmp(e->samples[i].name, name) == 0 && strcmp(e->samples[i].labels, labels) == 0)
            return e->samples[i].value;
    }
    cr_assert_fail("%s%s is missing", name, labels);
    return 0;
}

static size_t count(const struct exposition *e, double wanted)
{
    size_t n = 0;
    for (size_t i = 0; i < e->samples_n; i++)
        n += e->samples[i].value == wanted;
    return n;
}

static void release(struct exposition *e)
{
    free(e->text);
    free(e);
}

/* ---- facts with a number of its own for every counter ---- */

static void number_all(void *counters, size_t bytes, uint64_t *next)
{
    uint64_t *at = counters;
    for (size_t i = 0; i < bytes / sizeof *at; i++)
        at[i] = (*next)++;
}

static struct facts numbered(uint64_t *end)
{
    struct facts f = {.node = {.name = slice_text("a"), .cluster = slice_text("c")}};
    uint64_t next = FIRST;
    number_all(&f.node.node, sizeof f.node.node, &next);
    number_all(&f.node.swim, sizeof f.node.swim, &next);
    number_all(&f.node.ledger, sizeof f.node.ledger, &next);
    number_all(&f.node.spread, sizeof f.node.spread, &next);
    number_all(&f.node.heal, sizeof f.node.heal, &next);
    number_all(&f.node.acks, offsetof(struct acks_counters, waiting), &next);
    number_all(&f.node.proof, sizeof f.node.proof, &next);
    number_all(&f.node.after, sizeof f.node.after, &next);
    number_all(&f.node.intents, offsetof(struct intent_counters, open), &next);
    number_all(&f.node.hot, sizeof f.node.hot, &next);
    number_all(&f.node.trace, sizeof f.node.trace, &next);
    number_all(&f.node.survey, sizeof f.node.survey, &next);
    number_all(&f.node.sample, sizeof f.node.sample, &next);
    number_all(&f.node.warm.counters, sizeof f.node.warm.counters, &next);
    number_all(&f.cache, sizeof f.cache, &next);
    number_all(&f.loop, offsetof(struct loop_counters, workers), &next);
    number_all(&f.http, sizeof f.http, &next);
    *end = next;
    return f;
}

/* Every counter struct that a view holds is numbered above: a new one changes the sum. */
static_assert(sizeof(struct node_view) ==
                  offsetof(struct node_view, node) + sizeof(struct node_counters) +
                      sizeof(struct swim_counters) + sizeof(struct ledger_counters) +
                      sizeof(struct spread_counters) + sizeof(struct heal_counters) +
                      sizeof(struct acks_counters) + sizeof(struct proof_counters) +
                      sizeof(struct after_counters) + sizeof(struct intent_counters) +
                      sizeof(struct hot_counters) + sizeof(struct trace_counters) +
                      sizeof(struct survey_counters) + sizeof(struct warm_view) +
                      sizeof(struct sample_counters) + sizeof(struct node_spans),
              "numbered() knows every counter");
static_assert(sizeof(struct node_spans) == 4 * sizeof(struct spans), "so does count_spans()");

Test(metrics, every_counter_appears_once)
{
    uint64_t end = 0;
    const struct facts f = numbered(&end);
    struct exposition *e = expose(&f, false);
    for (uint64_t n = FIRST; n < end; n++) {
        /* broad is told as its reasons; node counts the same members as acks does; what is stored is
         * no refusal. */
        const bool untold = n == f.node.node.broad || n == f.node.acks.members_full ||
                            n == f.cache.refused[CACHE_STORED];
        cr_assert_eq(count(e, (double)n), untold ? 0 : 1, "counter %llu of %llu",
                     (unsigned long long)(n - FIRST), (unsigned long long)(end - FIRST));
    }
    release(e);
}

/** Spans in which the i-th bucket holds i * base. */
static struct spans spans_of(uint64_t base)
{
    struct spans s = {.sum_us = base * 1000001};
    for (size_t i = 0; i < SPANS_BUCKETS; i++)
        s.n[i] = base * i;
    return s;
}

/** The same spans in every place that has some, each with its base. Returns: how many. */
static uint64_t fill_spans(struct facts *f)
{
    uint64_t base = 0;
    f->node.spans.trace.applied = spans_of(++base);
    f->node.spans.trace.acked = spans_of(++base);
    f->node.spans.round_trips = spans_of(++base);
    f->node.spans.heal_waits = spans_of(++base);
    for (size_t i = 0; i < LOOP_TIMED; i++)
        f->loop.timed[i] = spans_of(++base);
    return base;
}

Test(metrics, all_spans_appear_as_histograms)
{
    struct facts f = {.node = {.name = slice_text("a"), .cluster = slice_text("c")}};
    const uint64_t bases = fill_spans(&f);
    struct exposition *e = expose(&f, true);
    for (uint64_t base = 1; base <= bases; base++) {
        const uint64_t all = base * SPANS_BUCKETS * (SPANS_BUCKETS - 1) / 2;
        cr_assert_geq(count(e, (double)all), 2, "bucket +Inf and count of %llu",
                      (unsigned long long)base);
        cr_assert_eq(count(e, (double)(base * 1000001) / 1e6), 1, "sum of %llu",
                     (unsigned long long)base);
    }
    cr_assert_eq(value(e, "scrubjay_invalidation_apply_seconds_bucket", "{le=\"1e-06\"}"), 0);
    cr_assert_eq(value(e, "scrubjay_invalidation_apply_seconds_bucket", "{le=\"2e-06\"}"), 1);
    cr_assert_eq(value(e, "scrubjay_invalidation_apply_seconds_bucket", "{le=\"5e-06\"}"), 3);
    release(e);
}

Test(metrics, bounds_of_buckets_are_those_that_are_counted_by)
{
    const struct facts f = {.node = {.name = slice_text("a"), .cluster = slice_text("c")}};
    struct exposition *e = expose(&f, true);
    size_t bounds = 0;
    for (size_t i = 0; i < e->samples_n; i++) {
        const char *le = strstr(e->samples[i].labels, "le=\"");
        if (le == NULL || strcmp(e->samples[i].name, "scrubjay_heal_seconds_bucket") != 0)
            continue;
        const uint64_t us = spans_bound_us(bounds++);
        if (us != UINT64_MAX)
            cr_assert_float_eq(strtod(le + 4, NULL) * 1e6, (double)us, 1e-6, "%s", le);
        else
            cr_assert_eq(strncmp(le, "le=\"+Inf\"", 9), 0);
    }
    cr_assert_eq(bounds, SPANS_BUCKETS);
    release(e);
}

Test(metrics, spans_are_told_in_stats_by_quantiles)
{
    struct facts f = {.node = {.name = slice_text("a"), .cluster = slice_text("c")}};
    spans_add(&f.loop.timed[TIMED_PUT], 1500);
    spans_add(&f.loop.timed[TIMED_PUT], 700);
    json_t *stats = http_json_stats(&f);
    json_t *times = json_object_get(stats, "times");
    cr_assert_eq(json_integer_value(json_object_get(times, "put_n")), 2);
    cr_assert_eq(json_integer_value(json_object_get(times, "put_sum_us")), 2200);
    cr_assert_eq(json_integer_value(json_object_get(times, "put_p50_us")), 1000);
    cr_assert_eq(json_integer_value(json_object_get(times, "put_p99_us")), 2000);
    json_decref(stats);
}

static size_t count_in(json_t *stats, json_int_t wanted)
{
    size_t n = 0;
    const char *name = NULL;
    json_t *group = NULL;
    json_object_foreach(stats, name, group)
    {
        const char *key = NULL;
        json_t *number = NULL;
        json_object_foreach(group, key, number) n += json_integer_value(number) == wanted;
    }
    return n;
}

Test(metrics, stats_tell_every_counter_once_too)
{
    uint64_t end = 0;
    const struct facts f = numbered(&end);
    json_t *stats = http_json_stats(&f);
    for (uint64_t n = FIRST; n < end; n++) {
        const bool untold = n == f.cache.refused[CACHE_STORED];
        cr_assert_eq(count_in(stats, (json_int_t)n), untold ? 0 : 1, "counter %llu",
                     (unsigned long long)(n - FIRST));
    }
    json_decref(stats);
}

Test(metrics, open_metrics_end_and_hold_the_same_samples)
{
    uint64_t end = 0;
    const struct facts f = numbered(&end);
    struct exposition *text = expose(&f, false);
    struct exposition *open = expose(&f, true);
    cr_assert(open->ended);
    cr_assert_not(text->ended);
    cr_assert_eq(text->samples_n, open->samples_n);
    for (size_t i = 0; i < text->samples_n; i++) {
        cr_assert_str_eq(text->samples[i].name, open->samples[i].name);
        cr_assert_str_eq(text->samples[i].labels, open->samples[i].labels);
        cr_assert_eq(text->samples[i].value, open->samples[i].value);
    }
    release(text);
    release(open);
}

Test(metrics, names_that_others_rely_on)
{
    static const char *const dropped[] = {"size",   "malformed", "version",
                                          "decode", "unproven",  "peers_full"};
    const struct facts f = {
        .node = {.heal = {.pulled = 1, .broad_t_gap = 2, .broad_lost = 3},
                 .node = {.dropped_unauthentic = 5, .dropped_key = 6, .dropped_replay = 7},
                 .ledger = {.issued = 8, .applied = 9},
                 .gaps = 10,
                 .view_hash = 0xabc},
        .cache = {.hits = 11,
                  .misses = 12,
                  .items = 13,
                  .used_bytes = 14,
                  .fills = 15,
                  .refused[CACHE_FORGOTTEN] = 16},
        .now = {.broad_full = 4,
                .members[SWIM_DEAD] = 17,
                .proof_state = PROOF_EXCEEDED,
                .vote = VOTE_ANEW,
                .acks_waiting = 18,
                .retired_n = 19,
                .forgotten_n = 20}};
    struct exposition *e = expose(&f, false);
    cr_assert_eq(value(e, "scrubjay_heal_pulled_total", ""), 1);
    cr_assert_eq(value(e, "scrubjay_heal_broad_total", "{reason=\"t_gap\"}"), 2);
    cr_assert_eq(value(e, "scrubjay_heal_broad_total", "{reason=\"lost\"}"), 3);
    cr_assert_eq(value(e, "scrubjay_heal_broad_total", "{reason=\"full\"}"), 4);
    cr_assert_eq(value(e, "scrubjay_unauthentic_total", ""), 5);
    cr_assert_eq(value(e, "scrubjay_unknown_key_total", ""), 6);
    cr_assert_eq(value(e, "scrubjay_replay_total", ""), 7);
    cr_assert_eq(value(e, "scrubjay_invalidations_issued_total", ""), 8);
    cr_assert_eq(value(e, "scrubjay_invalidations_applied_total", ""), 9);
    cr_assert_eq(value(e, "scrubjay_gaps_open", ""), 10);
    cr_assert_eq(value(e, "scrubjay_cache_hits_total", ""), 11);
    cr_assert_eq(value(e, "scrubjay_cache_misses_total", ""), 12);
    cr_assert_eq(value(e, "scrubjay_cache_items", ""), 13);
    cr_assert_eq(value(e, "scrubjay_cache_bytes", ""), 14);
    cr_assert_eq(value(e, "scrubjay_fills_total", "{result=\"stored\"}"), 15);
    cr_assert_eq(value(e, "scrubjay_fills_total", "{result=\"forgotten\"}"), 16);
    cr_assert_eq(value(e, "scrubjay_members", "{state=\"dead\"}"), 17);
    cr_assert_eq(value(e, "scrubjay_proof_state", ""), 2);
    cr_assert_eq(value(e, "scrubjay_vote", ""), 2);
    cr_assert_eq(value(e, "scrubjay_acks_waiting", ""), 18);
    cr_assert_eq(value(e, "scrubjay_retired_newest", ""), 19);
    cr_assert_eq(value(e, "scrubjay_forgotten_newest", ""), 20);
    cr_assert_eq(value(e, "scrubjay_view_hash_info", "{view_hash=\"0000000000000abc\"}"), 1);
    for (size_t i = 0; i < ARRAY_LEN(dropped); i++) {
        char labels[64];
        (void)snprintf(labels, sizeof labels, "{reason=\"%s\"}", dropped[i]);
        value(e, "scrubjay_dropped_total", labels);
    }
    release(e);
}

Test(metrics, names_of_what_is_told_apart_that_others_rely_on)
{
    const struct facts f = {.node.node = {.scopes[DOT_TAG] = 24, .kinds_out[PEER_PULL - 1] = 25},
                            .loop = {.lookups[STATUS_STALE] = 21,
                                     .request_errors[OP_FILL] = 22,
                                     .events[SWIM_JOIN] = 23},
                            .now.fds_max = 26};
    struct exposition *e = expose(&f, false);
    cr_assert_eq(value(e, "scrubjay_lookups_total", "{result=\"stale\"}"), 21);
    cr_assert_eq(value(e, "scrubjay_request_errors_total", "{op=\"fill\"}"), 22);
    cr_assert_eq(value(e, "scrubjay_member_events_total", "{event=\"joined\"}"), 23);
    cr_assert_eq(value(e, "scrubjay_invalidations_by_scope_total", "{scope=\"tag\"}"), 24);
    cr_assert_eq(value(e, "scrubjay_messages_total", "{direction=\"out\",kind=\"pull\"}"), 25);
    cr_assert_eq(value(e, "scrubjay_process_max_fds", ""), 26);
    release(e);
}

Test(metrics, plain_packets_are_told_apart_by_what_became_of_them)
{
    const struct facts f = {.node.node = {.plain_taken = 1, .dropped_plain = 2},
                            .now.crypto = SEAL_LISTEN};
    struct exposition *e = expose(&f, false);
    cr_assert_eq(value(e, "scrubjay_plain_packets_total", "{result=\"taken\"}"), 1);
    cr_assert_eq(value(e, "scrubjay_plain_packets_total", "{result=\"refused\"}"), 2);
    cr_assert_eq(value(e, "scrubjay_gossip_crypto", ""), 2);
    release(e);
}

Test(metrics, who_is_served_without_a_login_is_told)
{
    const struct facts f = {.loop = {.logins = 3, .logins_none = 2, .guests = 1},
                            .now.login = ENTRY_ACCEPT};
    struct exposition *e = expose(&f, false);
    cr_assert_eq(value(e, "scrubjay_logins_total", "{result=\"granted\"}"), 3);
    cr_assert_eq(value(e, "scrubjay_logins_total", "{result=\"none\"}"), 2);
    cr_assert_eq(value(e, "scrubjay_guests", ""), 1);
    cr_assert_eq(value(e, "scrubjay_client_login", ""), 2);
    release(e);
}

Test(metrics, times_are_in_seconds)
{
    const struct facts f = {.now = {.uptime_us = 12000034, .cpu_us = 500000}};
    struct exposition *e = expose(&f, false);
    cr_assert_float_eq(value(e, "scrubjay_uptime_seconds", ""), 12.000034, 1e-9);
    cr_assert_float_eq(value(e, "scrubjay_process_cpu_seconds_total", ""), 0.5, 1e-9);
    release(e);
}

Test(metrics, names_of_nodes_cannot_break_the_format)
{
    const struct facts f = {
        .node = {.name = slice_text("a\"b\\c\nd\xff"), .cluster = slice_text("c")}};
    struct exposition *e = expose(&f, false);
    cr_assert_eq(value(e, "scrubjay_node_info", "{name=\"a\\\"b\\\\c\\nd?\",cluster=\"c\"}"), 1);
    release(e);
}

Test(metrics, open_metrics_are_for_those_who_ask)
{
    cr_assert(http_metrics_open("application/openmetrics-text;version=1.0.0,text/plain;q=0.5"));
    cr_assert_not(http_metrics_open("text/plain"));
    cr_assert_not(http_metrics_open(NULL));
}

/* ---- namespaces ---- */

Test(metrics, every_number_of_every_namespace_appears_once)
{
    static struct http_namespaces all = {.n = CACHE_NAMESPACES_MAX};
    const struct facts f = {.node = {.name = slice_text("a"), .cluster = slice_text("c")}};
    static uint8_t names[CACHE_NAMESPACES_MAX];
    uint64_t end = FIRST;
    for (size_t i = 0; i < all.n; i++) {
        names[i] = (uint8_t)i; /* all bytes: no two look alike */
        all.names[i] = slice_of(&names[i], 1);
    }
    number_all(all.stats, sizeof all.stats, &end);
    struct exposition *e = expose_both(&f, &all, true);
    for (uint64_t n = FIRST; n < end; n++)
        cr_assert_eq(count(e, (double)n), 1, "number %llu", (unsigned long long)(n - FIRST));
    release(e);
}

Test(metrics, names_of_namespaces_are_told_apart)
{
    static struct http_namespaces all = {.n = 4};
    const struct facts f = {.node = {.name = slice_text("a"), .cluster = slice_text("c")}};
    all.names[1] = slice_text("sh\"op");
    all.names[2] = slice_text("\n");
    all.names[3] = slice_text("\\x0a");
    for (size_t i = 0; i < all.n; i++)
        all.stats[i].hits = i + 1;
    struct exposition *e = expose_both(&f, &all, false);
    cr_assert_eq(value(e, "scrubjay_namespace_hits_total", "{ns=\"\"}"), 1);
    cr_assert_eq(value(e, "scrubjay_namespace_hits_total", "{ns=\"sh\\\"op\"}"), 2);
    cr_assert_eq(value(e, "scrubjay_namespace_hits_total", "{ns=\"\\\\x0a\"}"), 3);
    cr_assert_eq(value(e, "scrubjay_namespace_hits_total", "{ns=\"\\\\x5cx0a\"}"), 4);
    release(e);
}
