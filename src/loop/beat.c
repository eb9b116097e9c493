/** What control looks at twice a second: whether workers turn, and counters that should stand still. */
#include "loop/inside.h"

#define BEAT_LATE (2 * US_PER_SEC)

static mono_us turned_at(const struct loop *l, uint32_t i)
{
    return atomic_load_explicit(&l->workers[i]->turned_at, memory_order_relaxed);
}

static bool workers_turn(const struct loop *l, mono_us now)
{
    for (uint32_t i = 0; i < l->workers_n; i++) {
        const mono_us at = turned_at(l, i);
        if (now > at && now - at > BEAT_LATE)
            return false;
    }
    return true;
}

/** Written here alone; read by whoever asks for counters. */
static void count_wedge(struct loop *l, enum wedge_news news)
{
    if (news == WEDGE_BEGAN) {
        atomic_fetch_add_explicit(&l->wedged_total, 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&l->wedged_now, 1, memory_order_relaxed);
    } else {
        atomic_fetch_sub_explicit(&l->wedged_now, 1, memory_order_relaxed);
    }
}

static void look_at_workers(struct loop *l, mono_us now)
{
    for (uint32_t i = 0; i < l->workers_n; i++) {
        struct wedge *w = &l->wedges[i];
        const enum wedge_news news = wedge_look(w, turned_at(l, i), now, BEAT_LATE);
        if (news == WEDGE_NONE)
            continue;
        count_wedge(l, news);
        report_wedge(l, i, w);
    }
}

static void look_at_counters(struct loop *l, mono_us now)
{
    struct node_view v;
    node_inspect(l->node, &v);
    const uint64_t refused = alarm_due(
        &l->refused, v.node.dropped_key + v.node.dropped_plain + v.node.dropped_unauthentic, now);
    const uint64_t by_stream = alarm_due(&l->by_stream, v.swim.probes_tcp, now);
    if (refused > 0)
        report_refused(l, refused, &v.node);
    if (by_stream > 0)
        report_by_stream(l, by_stream);
}

void beat_look(struct loop *l, mono_us now)
{
    if (workers_turn(l, now))
        node_heartbeat(l->node, now);
    look_at_workers(l, now);
    look_at_counters(l, now);
}
