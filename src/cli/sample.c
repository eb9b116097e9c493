#include "cli/sample.h"

#include <stdio.h>
#include <string.h>

#include "cli/field.h"

static const char *const STATES[SAMPLE_STATES] = {[SAMPLE_ALIVE] = "alive",
                                                  [SAMPLE_SUSPECT] = "suspect",
                                                  [SAMPLE_CANDIDATE] = "candidate",
                                                  [SAMPLE_DEAD] = "dead",
                                                  [SAMPLE_LEFT] = "left"};

const char *sample_state_text(enum sample_state state)
{
    return STATES[state];
}

bool sample_state_named(const char *word, enum sample_state *out)
{
    for (size_t i = 0; i < SAMPLE_STATES; i++) {
        if (strcmp(STATES[i], word) == 0) {
            *out = (enum sample_state)i;
            return true;
        }
    }
    return false;
}

static void copy_text(const json_t *object, const char *name, char *out, size_t cap)
{
    snprintf(out, cap, "%s", field_text_or(object, name, "?"));
}

/* ---- reading ---- */

static uint64_t count_requests(const json_t *loop)
{
    uint64_t sum = 0;
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)loop, name, value)
    {
        if (strncmp(name, "requests_", strlen("requests_")) == 0)
            sum += (uint64_t)json_integer_value(value);
    }
    return sum;
}

static void read_stats(const json_t *stats, struct sample *out)
{
    const json_t *cache = json_object_get(stats, "cache");
    const json_t *ledger = json_object_get(stats, "ledger");
    const json_t *loop = json_object_get(stats, "loop");
    out->hits = field_number(cache, "hits") + field_number(cache, "stale_hits");
    out->misses = field_number(cache, "misses");
    out->evicted = field_number(cache, "evicted");
    out->used_bytes = field_number(cache, "used_bytes");
    out->budget_bytes = field_number(cache, "budget_bytes");
    out->items = field_number(cache, "items");
    out->applied = field_number(ledger, "applied");
    out->issued = field_number(ledger, "issued");
    out->gaps = field_number(ledger, "gaps");
    out->connections = field_number(loop, "connections_open");
    out->requests = count_requests(loop);
}

/** One live member beside this node. */
static void read_peer(const json_t *member, uint64_t head, struct sample *out)
{
    const json_t *rtt = json_object_get(member, "rtt_ms");
    const uint64_t covered = field_number(member, "covered");
    if (head > covered && head - covered > out->behind)
        out->behind = head - covered;
    if (json_is_number(rtt) && json_number_value(rtt) > out->rtt_ms)
        out->rtt_ms = json_number_value(rtt);
}

static void read_member(const json_t *member, uint64_t head, struct sample *out)
{
    enum sample_state state;
    if (!sample_state_named(field_text(member, "state"), &state))
        return;
    out->members[state]++;
    if (state == SAMPLE_ALIVE && !json_is_true(json_object_get(member, "self")))
        read_peer(member, head, out);
}

void sample_read(const json_t *node, const json_t *stats, const json_t *members, struct sample *out)
{
    const json_t *list = json_object_get(members, "members");
    size_t i;
    json_t *member;
    *out = (struct sample){.rtt_ms = -1};
    copy_text(node, "name", out->name, sizeof out->name);
    copy_text(node, "cluster", out->cluster, sizeof out->cluster);
    copy_text(node, "state", out->state, sizeof out->state);
    copy_text(node, "epoch", out->epoch, sizeof out->epoch);
    out->uptime_ms = field_number(node, "uptime_ms");
    read_stats(stats, out);
    json_array_foreach(list, i, member) read_member(member, field_number(node, "head"), out);
}

/* ---- rates ---- */

static double rate(uint64_t before, uint64_t now, uint64_t ms)
{
    return now < before ? -1 : (double)(now - before) * 1000.0 / (double)ms;
}

struct rates sample_rates(const struct sample *before, const struct sample *now, uint64_t ms)
{
    const struct rates unknown = {-1, -1, -1, -1, -1, -1, -1};
    if (before == NULL || ms == 0 || strcmp(before->epoch, now->epoch) != 0)
        return unknown;
    struct rates out = {.hit_ratio = -1,
                        .requests = rate(before->requests, now->requests, ms),
                        .hits = rate(before->hits, now->hits, ms),
                        .misses = rate(before->misses, now->misses, ms),
                        .evicted = rate(before->evicted, now->evicted, ms),
                        .applied = rate(before->applied, now->applied, ms),
                        .issued = rate(before->issued, now->issued, ms)};
    if (out.hits + out.misses > 0)
        out.hit_ratio = out.hits / (out.hits + out.misses);
    return out;
}

/* ---- sparklines ---- */

void spark_add(struct spark *s, double value)
{
    if (s->n == SPARK_POINTS)
        memmove(s->at, s->at + 1, --s->n * sizeof s->at[0]);
    s->at[s->n++] = value;
}

/** Which of 8 steps; the highest point takes the last one. */
static size_t step_of(double value, double most)
{
    const double share = most > 0 ? value / most : 0;
    return share >= 1 ? 7 : (size_t)(share * 8);
}

void spark_draw(const struct spark *s, size_t width, bool utf8, char *out)
{
    static const char *const blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    static const char *const plain[] = {"_", ".", "-", ":", "=", "+", "*", "#"};
    const char *const *steps = utf8 ? blocks : plain;
    const size_t first = s->n > width ? s->n - width : 0;
    double most = 0;
    for (size_t i = first; i < s->n; i++)
        most = s->at[i] > most ? s->at[i] : most;
    for (size_t i = first; i < s->n; i++) {
        const char *mark = s->at[i] < 0 ? " " : steps[step_of(s->at[i], most)];
        const size_t len = strlen(mark);
        memcpy(out, mark, len);
        out += len;
    }
    *out = '\0';
}
