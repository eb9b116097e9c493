#include "marks.h"

#include <stddef.h>
#include <string.h>

#include "base/attr.h"

#include "world.h"

/* Where a counter stands. */
enum place {
    IN_NODE,
    IN_CACHE,
    IN_WORLD
};

struct mark {
    const char *name;
    enum place place;
    size_t offset;
};

#define NODE(name, field)                                                                          \
    {                                                                                              \
        name, IN_NODE, offsetof(struct node_view, field)                                           \
    }
#define CACHE(name, field)                                                                         \
    {                                                                                              \
        name, IN_CACHE, offsetof(struct cache_stats, field)                                        \
    }
#define REFUSED(name, why)                                                                         \
    {                                                                                              \
        name, IN_CACHE, offsetof(struct cache_stats, refused) + 8 * (why)                          \
    }
#define WORLD(name, field)                                                                         \
    {                                                                                              \
        name, IN_WORLD, offsetof(struct sim_counters, field)                                       \
    }

static const struct mark LIST[] = {
    /* membership */
    NODE("own death refuted", swim.refutations),
    NODE("suspicion refuted", swim.suspicions_refuted),
    NODE("suspect died", swim.suspicions_died),
    NODE("probe answered by relay", swim.probes_relay),
    NODE("probe answered by stream", swim.probes_tcp),
    NODE("probe failed", swim.probes_failed),
    NODE("answer in another's name", swim.not_me),
    NODE("dead member contacted again", swim.reconnects),
    NODE("seed contacted", swim.seeds_contacted),
    NODE("late tick was a stall", swim.stalls),
    NODE("isolation felt", swim.isolations),
    NODE("word of an unproven run ignored", swim.unproven_ignored),
    NODE("record refused", swim.records_refused),
    NODE("generation too far ahead", swim.generation_refused),
    NODE("tombstone dropped", swim.tombstones_dropped),
    /* packets */
    NODE("replay hit the window", node.dropped_replay),
    NODE("damage found by the tag", node.dropped_unauthentic),
    NODE("damage found by the header", node.dropped_malformed),
    NODE("other version", node.dropped_version),
    NODE("other key", node.dropped_key),
    NODE("own packet came back", node.own_packets),
    NODE("unproven sender", node.dropped_unproven),
    NODE("datagram too big, told", node.too_big),
    NODE("datagram too big, found out", node.black_holes),
    NODE("command refused", node.commands_refused),
    NODE("stream failed", node.streams_failed),
    NODE("stream timed out", node.streams_timeout),
    NODE("no addresses in an answer", node.names_none),
    /* keys */
    NODE("key installed", rotation.counters.installed),
    NODE("key promoted", rotation.counters.promoted),
    NODE("key retired", rotation.counters.retired),
    NODE("step of a rotation forced", rotation.counters.forced),
    NODE("step of a rotation refused", rotation.counters.refused),
    /* dots */
    NODE("dot sent again", spread.dots_resent),
    NODE("dot sent along", spread.dots_hot),
    NODE("link fell behind", spread.behinds),
    NODE("bare head sent", spread.heads),
    NODE("dot left to relays", spread.dots_two_hops),
    NODE("second relay asked", spread.backups_asked),
    NODE("no relay brought it in time", spread.held_sent),
    NODE("dot of another passed on", spread.dots_relayed),
    NODE("relay gave a member up", spread.relay_given_up),
    NODE("dot without room for its list", spread.dots_left),
    NODE("dots pulled", heal.pulled),
    NODE("dots given", heal.served),
    NODE("asked for what is gone", heal.gone),
    NODE("vectors exchanged", heal.exchanges),
    NODE("barrier for T_gap", heal.broad_t_gap),
    NODE("barrier for lost dots", heal.broad_lost),
    NODE("dot beyond the window", ledger.beyond),
    NODE("gaps merged", ledger.gaps_merged),
    NODE("covered without content", ledger.closed),
    NODE("origins full", ledger.origins_full),
    NODE("range answered by buckets", heal.touched_served),
    NODE("range closed by buckets", heal.touched_closed),
    NODE("origin retired by consent", heal.retired),
    NODE("origin retired without", heal.retired_forced),
    NODE("barrier for an origin forgotten", heal.broad_forgotten),
    NODE("barrier for an origin retired", heal.broad_retired),
    NODE("barrier for unequal contents", heal.broad_forked),
    NODE("doubt about what a run forgot", heal.marks),
    NODE("sums of sides compared", heal.sums_compared),
    NODE("retired origin heard of again", ledger.reinstated),
    NODE("retired origin forgotten", ledger.forgotten),
    NODE("burst of keys", hot.bursts),
    NODE("two processes of one run", node.poisoned),
    WORLD("list of keys as one dot", lists),
    /* promises */
    NODE("votes anew, and a barrier", proof.anew),
    NODE("answer of one who may not vote", proof.none),
    NODE("answer that hides something", proof.partial),
    NODE("answer that differs", proof.differing),
    NODE("answer waited too long for dots", proof.expired),
    NODE("acknowledgement forgotten with its run", acks.forgotten),
    NODE("round trip asked for", acks.rounds),
    NODE("stamp not covered", after.recorded),
    NODE("stamp forgotten for another", after.dropped),
    NODE("own intent ran out", intents.expired_own),
    NODE("another's intent ran out", intents.expired_foreign),
    WORLD("dot that nobody asked for", inside),
    WORLD("read after a stamp hit", after_hits),
    WORLD("read with a bound certified", certified),
    WORLD("read with a bound unproven", unproven),
    WORLD("copy given as out of date", stale_hits),
    WORLD("reader turned away", turned_away),
    WORLD("waiting reader woken", woken),
    WORLD("loader went away", loaders_gone),
    WORLD("soft dot", soft),
    WORLD("dot for two tags together", pairs),
    WORLD("dot with a version", versioned),
    WORLD("told twice", again),
    WORLD("several keys asked for at once", mgets),
    WORLD("several keys filled at once", mfills),
    WORLD("copy touched", touched),
    WORLD("touch of what is not there", touched_none),
    WORLD("several targets in one request", several),
    WORLD("key that changes all the time", storms),
    WORLD("hot key: effect of the dot", cooled),
    WORLD("level: k nodes", level_nodes),
    WORLD("level: all", level_all),
    WORLD("level: quorum", level_quorum),
    WORLD("level: not reached", level_missed),
    WORLD("level: refused", level_refused),
    WORLD("fence: all have covered", fenced_by_all),
    WORLD("fence: a window has passed", fenced_by_time),
    WORLD("write announced", begins),
    WORLD("announced write committed", commits),
    WORLD("announced write aborted", aborts),
    WORLD("announced write put", announced_puts),
    WORLD("announced write put and stored", announced_stored),
    WORLD("client died inside", clients_died),
    /* cache */
    REFUSED("fill refused: invalidated", CACHE_INVALIDATED),
    REFUSED("fill refused: tag", CACHE_TAG),
    REFUSED("fill refused: prefix", CACHE_PREFIX),
    REFUSED("fill refused: namespace", CACHE_NAMESPACE),
    REFUSED("fill refused: all", CACHE_ALL),
    REFUSED("fill refused: forgotten", CACHE_FORGOTTEN),
    REFUSED("fill refused: newer", CACHE_NEWER),
    REFUSED("fill refused: token of another process", CACHE_TOKEN_NODE),
    REFUSED("fill refused: version", CACHE_VERSION),
    REFUSED("fill refused: hot key", CACHE_NOSTORE),
    REFUSED("fill refused: write announced", CACHE_INTENT),
    REFUSED("fill refused: not ready", CACHE_NOT_READY),
    CACHE("equal put spared a copy", spared),
    CACHE("copy marked out of date", marked),
    CACHE("entry evicted", evicted),
    CACHE("entry swept", swept),
    CACHE("entry found dead by a barrier", dead_lookups),
    CACHE("entry expired", expired),
    CACHE("prefixes folded", prefixes_folded),
    CACHE("sets of tags folded", conjunctions_folded),
    CACHE("entry taken over", imports),
    NODE("entry not taken over: touched", warm.counters.touched),
    NODE("entry not taken over: refused", warm.counters.refused),
    NODE("entries given to others", warm.counters.given),
    NODE("sample shown", sample.shown),
    NODE("sampled entry compared", sample.compared),
    /* the world */
    WORLD("queue overflowed", overflowed),
    WORLD("copy refused", copies_refused),
    WORLD("recorded datagram sent again", replayed),
    WORLD("datagram damaged", damaged),
    WORLD("datagram too long for a link", too_long),
    WORLD("address of ours at a stranger", foreigners),
    WORLD("process copied", clones),
    WORLD("told of a copied process", poisons),
    WORLD("process paused", pauses),
    WORLD("link cut", cuts),
};

_Static_assert(sizeof LIST / sizeof *LIST <= MARKS_MAX, "room for all marks");

uint32_t marks_n(void)
{
    return ARRAY_LEN(LIST);
}

const char *mark_name(uint32_t i)
{
    return LIST[i].name;
}

static void look_at(struct marks *m, enum place place, const void *counters)
{
    for (uint32_t i = 0; i < ARRAY_LEN(LIST); i++) {
        uint64_t count = 0;
        if (LIST[i].place != place)
            continue;
        memcpy(&count, (const uint8_t *)counters + LIST[i].offset, sizeof count);
        m->hit[i] = m->hit[i] || count > 0;
    }
}

void marks_look(struct sim *s, const struct sim_node *n)
{
    struct node_view view;
    struct cache_stats stats;
    node_inspect(n->node, &view);
    cache_stats(n->cache, &stats);
    look_at(&s->marks, IN_NODE, &view);
    look_at(&s->marks, IN_CACHE, &stats);
}

void marks_end(struct sim *s)
{
    look_at(&s->marks, IN_WORLD, &s->counters);
}
