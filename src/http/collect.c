/** Looks at a running node and its process. */
#include <stdio.h>
#include <unistd.h>

#include <sys/resource.h>

#include "http/facts.h"

static uint64_t us_of(const struct timeval *t)
{
    return (uint64_t)t->tv_sec * US_PER_SEC + (uint64_t)t->tv_usec;
}

static void collect_process(struct facts_now *out)
{
    struct rusage usage;
    unsigned long pages = 0;
    if (getrusage(RUSAGE_SELF, &usage) == 0)
        out->cpu_us = us_of(&usage.ru_utime) + us_of(&usage.ru_stime);
    FILE *statm = fopen("/proc/self/statm", "re");
    if (statm == NULL)
        return;
    if (fscanf(statm, "%*u %lu", &pages) == 1) // NOLINT(cert-err34-c): the kernel wrote it
        out->resident_bytes = (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
    (void)fclose(statm);
}

static void count_members(const struct node *n, size_t members, struct facts_now *out)
{
    struct node_member m;
    for (size_t i = 0; i < members; i++) {
        node_member_at(n, i, &m);
        out->members[m.swim.state]++;
    }
}

/** What levels, bounds and intents stand on. */
static void derive_promises(struct facts *f)
{
    f->now.retired_n = f->node.retired_n;
    f->now.forgotten_n = f->node.forgotten_n;
    f->now.proof_state = f->node.proof_state;
    f->now.vote = f->node.votes.mode;
    f->now.votes_synced = f->node.votes.synced_n;
    f->now.votes_voters = f->node.votes.voters_n;
    f->now.votes_min = f->node.votes.voters_min;
    f->now.acks_waiting = f->node.acks.waiting;
    f->now.intents_open = f->node.intents.open;
    f->now.warm_state = f->node.warm.state;
}

/** Whole-cache barriers that are told by their reason. What a peer closes by buckets is none. */
static uint64_t broad_with_reason(const struct node_view *v)
{
    const struct heal_counters *h = &v->heal;
    return h->broad_t_gap + h->broad_lost + h->broad_forgotten + h->broad_retired +
           h->broad_forked + v->proof.anew;
}

static void derive(struct facts *f)
{
    const uint64_t known = broad_with_reason(&f->node);
    f->now.alive = f->node.alive;
    f->now.origins = f->node.origins;
    f->now.lhm = f->node.lhm;
    f->now.crypto = f->node.crypto;
    f->now.isolated = f->node.isolated;
    f->now.ready = http_is_ready(&f->node);
    f->now.workers = f->loop.workers;
    f->now.broad_full = f->node.node.broad > known ? f->node.node.broad - known : 0;
}

void http_facts_collect(struct loop *l, mono_us started, const struct facts_http *http,
                        struct facts *out)
{
    *out = (struct facts){.http = *http};
    node_inspect(loop_node(l), &out->node);
    cache_stats(loop_cache(l), &out->cache);
    loop_counters(l, &out->loop);
    count_members(loop_node(l), out->node.members, &out->now);
    derive_promises(out);
    collect_process(&out->now);
    derive(out);
    out->now.uptime_us = loop_now() - started;
    out->now.dns_ok_age_us = loop_now() - loop_dns_ok_at(l);
}
