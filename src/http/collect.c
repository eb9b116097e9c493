/** Looks at a running node and its process. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sys/resource.h>
#include <sys/stat.h>

#include "http/facts.h"

static uint64_t us_of(const struct timeval *t)
{
    return (uint64_t)t->tv_sec * US_PER_SEC + (uint64_t)t->tv_usec;
}

/** Since Linux 6.2 the folder's size is how many are open: one call, and not one for each of thousands. */
static uint64_t count_fds(void)
{
    static const char FOLDER[] = "/proc/self/fd";
    struct stat folder;
    uint64_t n = 0;
    if (stat(FOLDER, &folder) == 0 && folder.st_size > 0)
        return (uint64_t)folder.st_size;
    DIR *dir = opendir(FOLDER);
    if (dir == NULL)
        return 0;
    while (readdir(dir) !=
           NULL) // NOLINT(concurrency-mt-unsafe): the folder is this function's alone
        n++;
    (void)closedir(dir);
    return n > 3 ? n - 3 : 0; /* ".", "..", and the folder itself */
}

static void collect_fds(struct facts_now *out)
{
    struct rlimit limit;
    out->fds = count_fds();
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        out->fds_max = limit.rlim_cur;
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

static void look_at_link(const struct node_member *m, uint64_t head, struct facts_now *out)
{
    const uint64_t lacks = head > m->covered ? head - m->covered : 0;
    out->behind += m->behind;
    out->unacknowledged = lacks > out->unacknowledged ? lacks : out->unacknowledged;
}

static void count_members(const struct node *n, size_t members, uint64_t head,
                          struct facts_now *out)
{
    struct node_member m;
    for (size_t i = 0; i < members; i++) {
        node_member_at(n, i, &m);
        out->members[m.swim.state]++;
        if (!m.swim.self && swim_lives(m.swim.state))
            look_at_link(&m, head, out);
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
    f->now.keys = f->node.keys_n;
    f->now.keys_refused = f->node.rotation.pending_n;
    f->now.isolated = f->node.isolated;
    f->now.ready = http_is_ready(&f->node);
    f->now.workers = f->loop.workers;
    f->now.broad_full = f->node.node.broad > known ? f->node.node.broad - known : 0;
}

static void collect_times(struct loop *l, const struct facts_site *site, struct facts_now *out)
{
    const mono_us horizon = cache_horizon(loop_cache(l));
    const mono_us now = loop_now();
    out->uptime_us = now - site->started;
    out->start_us = site->start_us;
    out->dns_ok_age_us = now - loop_dns_ok_at(l);
    out->proof_age_us = horizon != 0 && horizon < now ? now - horizon : 0;
}

void http_facts_collect(struct loop *l, const struct facts_site *site, struct facts *out)
{
    *out = (struct facts){.http = site->http, .now.memory_limit = site->memory_limit};
    node_inspect(loop_node(l), &out->node);
    cache_stats(loop_cache(l), &out->cache);
    out->now.login = loop_entry(l);
    loop_counters(l, &out->loop);
    count_members(loop_node(l), out->node.members, out->node.head, &out->now);
    derive_promises(out);
    collect_process(&out->now);
    collect_fds(&out->now);
    derive(out);
    collect_times(l, site, &out->now);
}
