#include <inttypes.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/attr.h"
#include "cli/jay.h"
#include "cli/live.h"
#include "cli/sample.h"
#include "cli/terminal.h"

#define LABEL_WIDTH 15
#define VALUE_WIDTH 34 /* of a number with its words; a sparkline has what is left of the line */
#define MIB         (1024.0 * 1024.0)

/** Everything between two pictures. */
struct top {
    struct sample before;
    uint64_t before_ms; /* 0 = there was none */
    struct spark hit_ratio, requests, applied;
    bool screen;
    bool utf8;
};

/** One picture. */
struct picture {
    char time[JAY_TIME_MAX];
    struct sample now;
    struct rates rates;
    uint64_t ms; /* since the one before; 0 = there was none */
};

static uint64_t clock_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* ---- NDJSON ---- */

static json_t *real_or_null(double value)
{
    return value < 0 ? json_null() : json_real(value);
}

static json_t *json_members(const struct sample *s)
{
    json_t *out = json_object();
    for (size_t i = 0; i < SAMPLE_STATES; i++)
        json_object_set_new(out, sample_state_text((enum sample_state)i),
                            jay_json_number(s->members[i]));
    return out;
}

static void print_document(const struct picture *p)
{
    const struct sample *s = &p->now;
    const struct rates *r = &p->rates;
    json_t *out =
        json_pack("{s:s, s:s, s:s, s:s, s:o, s:o}", "time", p->time, "node", s->name, "cluster",
                  s->cluster, "state", s->state, "uptime_ms", jay_json_number(s->uptime_ms),
                  "interval_ms", p->ms == 0 ? json_null() : jay_json_number(p->ms));
    json_t *rates = json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "hit_ratio", real_or_null(r->hit_ratio), "ops_per_s",
        real_or_null(r->requests), "hits_per_s", real_or_null(r->hits), "misses_per_s",
        real_or_null(r->misses), "evictions_per_s", real_or_null(r->evicted), "invalidations_per_s",
        real_or_null(r->applied), "issued_per_s", real_or_null(r->issued));
    json_t *rest = json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "used_bytes", jay_json_number(s->used_bytes),
        "budget_bytes", jay_json_number(s->budget_bytes), "items", jay_json_number(s->items),
        "connections", jay_json_number(s->connections), "gaps", jay_json_number(s->gaps), "behind",
        jay_json_number(s->behind), "rtt_ms", real_or_null(s->rtt_ms), "members", json_members(s));
    json_object_update(out, rates);
    json_object_update(out, rest);
    json_decref(rates);
    json_decref(rest);
    jay_print_json(out, true);
}

/* ---- a line ---- */

static void print_rate(const char *name, double value, double scale, const char *unit)
{
    if (value < 0)
        printf(" %s=-", name);
    else
        printf(" %s=%.1f%s", name, value * scale, unit);
}

static void print_line(const struct picture *p)
{
    const struct sample *s = &p->now;
    printf("%s node=%s state=%s", p->time, s->name, s->state);
    print_rate("hits", p->rates.hit_ratio, 100, "%");
    print_rate("ops/s", p->rates.requests, 1, "");
    print_rate("mem", (double)s->used_bytes / MIB, 1, "MiB");
    print_rate("inval/s", p->rates.applied, 1, "");
    printf(" gaps=%" PRIu64 " behind=%" PRIu64, s->gaps, s->behind);
    for (size_t i = 0; i < SAMPLE_STATES; i++) {
        if (s->members[i] > 0)
            printf(" %s=%" PRIu64, sample_state_text((enum sample_state)i), s->members[i]);
    }
    putchar('\n');
}

/* ---- a screen ---- */

/** A row: what it is, its number, and how that went, as far as the line reaches. */
static void print_row(const struct top *t, const char *label, const char *value,
                      const struct spark *history)
{
    char line[3 * SPARK_POINTS + 1] = "";
    const size_t columns = terminal_columns();
    const size_t used = LABEL_WIDTH + VALUE_WIDTH;
    const size_t left = columns > used ? columns - used : 0;
    if (history != NULL && left > 0)
        spark_draw(history, left < SPARK_POINTS ? left : SPARK_POINTS, t->utf8, line);
    if (line[0] != '\0')
        printf("%-*s%-*s%s\n", LABEL_WIDTH, label, VALUE_WIDTH, value, line);
    else
        printf("%-*s%s\n", LABEL_WIDTH, label, value);
}

/** A rate in words, "-" when it is unknown. */
static void say_rate(double value, const char *words, char *out, size_t cap)
{
    if (value < 0)
        snprintf(out, cap, "-");
    else
        snprintf(out, cap, value < 10 ? "%.1f%s" : "%.0f%s", value, words);
}

static void print_reads(const struct top *t, const struct picture *p)
{
    char value[64];
    say_rate(p->rates.hit_ratio < 0 ? -1 : p->rates.hit_ratio * 100, " %", value, sizeof value);
    print_row(t, "hit ratio", value, &t->hit_ratio);
    say_rate(p->rates.requests, "/s", value, sizeof value);
    print_row(t, "requests", value, &t->requests);
    say_rate(p->rates.evicted, "/s", value, sizeof value);
    print_row(t, "evictions", value, NULL);
}

static void print_memory(const struct top *t, const struct sample *s)
{
    char value[96];
    const double used = (double)s->used_bytes, budget = (double)s->budget_bytes;
    snprintf(value, sizeof value, "%.1f of %.0f MiB (%.0f %%), %" PRIu64 " entries", used / MIB,
             budget / MIB, budget > 0 ? used * 100 / budget : 0, s->items);
    print_row(t, "memory", value, NULL);
    snprintf(value, sizeof value, "%" PRIu64 " connections", s->connections);
    print_row(t, "clients", value, NULL);
}

static void print_spreading(const struct top *t, const struct picture *p)
{
    char value[96];
    say_rate(p->rates.applied, "/s", value, sizeof value);
    print_row(t, "invalidations", value, &t->applied);
    snprintf(value, sizeof value, "%" PRIu64 " behind, %" PRIu64 " gaps", p->now.behind,
             p->now.gaps);
    print_row(t, "lag", value, NULL);
    if (p->now.rtt_ms < 0)
        snprintf(value, sizeof value, "-");
    else
        snprintf(value, sizeof value, "%.2f ms to the farthest", p->now.rtt_ms);
    print_row(t, "round trip", value, NULL);
}

static void print_membership(const struct jay *j, const struct top *t, const struct sample *s)
{
    static const char *const colours[SAMPLE_STATES] = {"\033[32m", "\033[33m", "\033[33m",
                                                       "\033[31m", "\033[31m"};
    printf("%-*s", LABEL_WIDTH, "members");
    for (size_t i = 0; i < SAMPLE_STATES; i++) {
        const bool coloured = j->colour && s->members[i] > 0;
        printf("%s%" PRIu64 " %s%s  ", coloured ? colours[i] : "", s->members[i],
               sample_state_text((enum sample_state)i), coloured ? "\033[0m" : "");
    }
    putchar('\n');
    if (t->screen)
        puts("\nq leaves");
}

static void print_screen(const struct jay *j, const struct top *t, const struct picture *p)
{
    const struct sample *s = &p->now;
    const uint64_t up_s = s->uptime_ms / 1000;
    terminal_begin();
    printf("%s  %s of %s, %s, up %" PRIu64 "h %02" PRIu64 "m %02" PRIu64 "s\n\n", p->time, s->name,
           s->cluster, s->state, up_s / 3600, up_s / 60 % 60, up_s % 60);
    print_reads(t, p);
    print_memory(t, s);
    print_spreading(t, p);
    print_membership(j, t, s);
    terminal_end();
}

/* ---- looking ---- */

static enum scrubjay_status fetch(struct jay *j, struct sample *out)
{
    json_t *node = NULL, *stats = NULL, *members = NULL;
    enum scrubjay_status status = jay_fetch(j, "node", &node);
    if (status == SCRUBJAY_OK)
        status = jay_fetch(j, "stats", &stats);
    if (status == SCRUBJAY_OK)
        status = jay_fetch(j, "members", &members);
    if (status == SCRUBJAY_OK)
        sample_read(node, stats, members, out);
    json_decref(node);
    json_decref(stats);
    json_decref(members);
    return status;
}

static enum scrubjay_status look(struct jay *j, void *ctx, bool *shown)
{
    struct top *t = ctx;
    struct picture p;
    const enum scrubjay_status status = fetch(j, &p.now);
    if (status != SCRUBJAY_OK)
        return status;
    const uint64_t at_ms = clock_now_ms();
    p.ms = t->before_ms != 0 ? at_ms - t->before_ms : 0;
    p.rates = sample_rates(t->before_ms != 0 ? &t->before : NULL, &p.now, p.ms);
    jay_time_now(p.time);
    spark_add(&t->hit_ratio, p.rates.hit_ratio);
    spark_add(&t->requests, p.rates.requests);
    spark_add(&t->applied, p.rates.applied);
    if (j->json)
        print_document(&p);
    else if (t->screen)
        print_screen(j, t, &p);
    else
        print_line(&p);
    t->before = p.now;
    t->before_ms = at_ms;
    *shown = true;
    return SCRUBJAY_OK;
}

enum jay_exit jay_top(struct jay *j, const struct jay_args *a)
{
    static struct top top;
    top = (struct top){.screen = !j->json && terminal_is_screen()};
    (void)setlocale(LC_CTYPE, "");
    top.utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    const struct live live = {.look = look,
                              .ctx = &top,
                              .interval_ms = a->interval_ms,
                              .count = a->count,
                              .screen = top.screen};
    return live_run(j, &live);
}
