/* What can be seen of a world: by stories, and by people when it failed. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "quiet.h"
#include "world.h"

struct node_view sim_view(struct sim *s, uint32_t i)
{
    struct node_view view;
    node_inspect(s->nodes[i].node, &view);
    return view;
}

bool sim_member(struct sim *s, uint32_t i, uint32_t j, struct swim_member *out)
{
    const struct sim_node *n = &s->nodes[i];
    if (!n->up)
        return false;
    const size_t members = sim_view(s, i).members;
    for (size_t at = 0; at < members; at++) {
        struct node_member member;
        node_member_at(n->node, at, &member);
        *out = member.swim;
        if (slice_eq(out->name, slice_text(s->nodes[j].name)))
            return true;
    }
    return false;
}

struct sim_tally *sim_events(struct sim *s, uint32_t i, uint32_t j, enum swim_event_kind kind)
{
    return &s->nodes[i].events[j * SIM_EVENTS + (uint32_t)kind];
}

uint32_t sim_events_all(struct sim *s, uint32_t j, enum swim_event_kind kind)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->cfg.nodes; i++)
        for (uint32_t k = 0; k < s->cfg.nodes; k++)
            n += j == UINT32_MAX || j == k ? sim_events(s, i, k, kind)->n : 0;
    return n;
}

uint32_t sim_named(const struct sim *s, struct slice name)
{
    for (uint32_t i = 0; i < s->cfg.nodes; i++)
        if (slice_eq(name, slice_text(s->nodes[i].name)))
            return i;
    return UINT32_MAX;
}

void sim_counters_add(struct sim_counters *sum, const struct sim_counters *more)
{
    uint64_t into[sizeof *sum / sizeof(uint64_t)];
    uint64_t from[sizeof *sum / sizeof(uint64_t)];
    memcpy(into, sum, sizeof into);
    memcpy(from, more, sizeof from);
    for (size_t i = 0; i < ARRAY_LEN(into); i++)
        into[i] += from[i];
    memcpy(sum, into, sizeof into);
}

bool sim_settled(struct sim *s, void *ctx)
{
    enum check which;
    (void)ctx;
    return quiet_unsettled(s, &which) == NULL;
}

static const char *state_text(enum swim_state state)
{
    static const char *const TEXTS[] = {[SWIM_CANDIDATE] = "candidate",
                                        [SWIM_ALIVE] = "alive",
                                        [SWIM_SUSPECT] = "suspect",
                                        [SWIM_DEAD] = "dead",
                                        [SWIM_LEFT] = "left"};
    return TEXTS[state];
}

static void print_members(const struct sim_node *n, size_t members, FILE *out)
{
    for (size_t i = 0; i < members; i++) {
        struct node_member m;
        node_member_at(n->node, i, &m);
        fprintf(out, "      %.*s %s gen %llu ver %u at .%u head %llu applied %llu%s%s\n",
                (int)m.swim.name.len, (const char *)m.swim.name.at, state_text(m.swim.state),
                (unsigned long long)m.swim.generation, m.swim.version, link_slot(&m.swim.addr),
                (unsigned long long)m.head, (unsigned long long)m.applied,
                m.behind ? " behind" : "", m.proven ? "" : " unproven");
    }
}

static void print_gaps(const struct sim_node *n, FILE *out)
{
    struct gap gaps[8];
    const size_t gaps_n = node_gap_list(n->node, gaps, ARRAY_LEN(gaps));
    for (size_t i = 0; i < gaps_n; i++)
        fprintf(out, "      gap of %016llx: %llu..%llu at %llu, since %llu us\n",
                (unsigned long long)gaps[i].epoch, (unsigned long long)gaps[i].lo,
                (unsigned long long)gaps[i].hi, (unsigned long long)gaps[i].g,
                (unsigned long long)gaps[i].opened_at);
}

static void print_node(struct sim *s, uint32_t i, FILE *out)
{
    const struct sim_node *n = &s->nodes[i];
    if (!n->up) {
        fprintf(out, "  n%u down\n", i);
        return;
    }
    const struct node_view v = sim_view(s, i);
    fprintf(out,
            "  n%u %s%s%s at .%u run %u epoch %016llx gen %llu ver %u L %llu head %llu lhm %u\n"
            "      view %016llx vector %016llx gaps %llu pulled %llu broad %llu\n",
            i, v.state_text, n->frozen ? " frozen" : "", v.isolated ? " isolated" : "", n->slot,
            n->run, (unsigned long long)v.epoch, (unsigned long long)v.generation, v.version,
            (unsigned long long)v.index, (unsigned long long)v.head, v.lhm,
            (unsigned long long)v.view_hash, (unsigned long long)v.vector_hash,
            (unsigned long long)v.gaps, (unsigned long long)v.heal.pulled,
            (unsigned long long)v.node.broad);
    print_members(n, v.members, out);
    print_gaps(n, out);
}

void sim_watch(struct sim *s, uint32_t key, const char *format, ...)
{
    va_list args;
    if (s->cfg.watch != (int64_t)key)
        return;
    printf("%llu.%06llu %s: ", (unsigned long long)(s->now / US_PER_SEC),
           (unsigned long long)(s->now % US_PER_SEC), s->source.keys[key].text);
    va_start(args, format);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): clang-tidy 14, when given many files */
    vprintf(format, args);
    va_end(args);
    putchar('\n');
}

void sim_report(struct sim *s, FILE *out)
{
    fprintf(out, "\nVIOLATION %s: %s\n", check_name(s->check), s->why);
    fprintf(out, "at %llu.%06llu s, event %llu\n",
            (unsigned long long)((s->now - SIM_START) / US_PER_SEC),
            (unsigned long long)(s->now % US_PER_SEC), (unsigned long long)s->counters.events);
    fprintf(out, "last events (the world begins at 3600 s; an act's number is its line):\n");
    trace_print(&s->trace, out);
    fprintf(out, "nodes:\n");
    for (uint32_t i = 0; i < s->cfg.nodes; i++)
        print_node(s, i, out);
    if (s->command != NULL)
        fprintf(out, "reproduce with: %s\n", s->command);
}
