#include "http/facts.h"

#include <assert.h>
#include <string.h>

#include "base/attr.h"

/* NOLINTBEGIN(bugprone-macro-parentheses): names of members take none */
/* A row without a help text belongs to the family above it. */
#define ROW(group_, key_, family_, labels_, help_, kind_, field)                                   \
    {                                                                                              \
        .group = (group_), .key = (key_), .family = (family_), .labels = (labels_),                \
        .help = (help_), .kind = (kind_), .at = offsetof(struct facts, field)                      \
    }
#define COUNTER(group, field, family, labels, help)                                                \
    ROW(#group, #field, family, labels, help, FACTS_COUNTER, group.field)
#define GAUGE(group, field, family, help)                                                          \
    ROW(#group, #field, family, "", help, FACTS_GAUGE, group.field)
#define OF_NODE(part, field, family, labels, help)                                                 \
    ROW(#part, #field, family, labels, help, FACTS_COUNTER, node.part.field)
#define MEMBERS(name, state, help)                                                                 \
    ROW(NULL, NULL, "members", "state=\"" name "\"", help, FACTS_GAUGE, now.members[state])
#define NOW(group, key, field, family, help) ROW(group, key, family, "", help, FACTS_GAUGE, field)
#define WARM(field, labels, help)                                                                  \
    ROW("warmup", #field, "warmup_entries", labels, help, FACTS_COUNTER, node.warm.counters.field)
#define REFUSED(reason, word)                                                                      \
    ROW("cache", "refused_" word, "fills", "result=\"" word "\"", NULL, FACTS_COUNTER,             \
        cache.refused[reason])
#define REQUESTS(op, word, help)                                                                   \
    ROW("loop", "requests_" word, "requests", "op=\"" word "\"", help, FACTS_COUNTER,              \
        loop.requests[op])

#define SECONDS(family_, help_, kind_, field)                                                      \
    {                                                                                              \
        .family = (family_), .labels = "", .help = (help_), .kind = (kind_), .micros = true,       \
        .at = offsetof(struct facts, field)                                                        \
    }

/* NOLINTEND(bugprone-macro-parentheses) */

static const struct facts_row ROWS[] = {
    /* the cache */
    GAUGE(cache, budget_bytes, "cache_budget_bytes", "Memory that the cache may use for items."),
    GAUGE(cache, used_bytes, "cache_bytes", "Memory of items, alive or dead."),
    GAUGE(cache, fixed_bytes, "cache_fixed_bytes", "Memory of the cache's tables."),
    GAUGE(cache, items, "cache_items", "Entries held."),
    GAUGE(cache, tags, "cache_tags", "Tags known."),
    GAUGE(cache, prefixes, "cache_prefixes", "Prefix barriers kept."),
    GAUGE(cache, namespaces, "cache_namespaces", "Namespaces in use."),
    GAUGE(cache, conjunctions, "cache_conjunctions", "Barriers of several tags together kept."),
    GAUGE(cache, quarantines, "cache_quarantines", "Keys that nobody may store for a while."),
    COUNTER(cache, hits, "cache_hits", "", "Lookups that found a fresh entry."),
    COUNTER(cache, stale_hits, "cache_stale_hits", "",
            "Lookups that took an entry that was out of date."),
    COUNTER(cache, misses, "cache_misses", "", "Lookups that found none."),
    COUNTER(cache, expired, "cache_expired", "", "Entries found past their time to live."),
    COUNTER(cache, puts, "puts", "", "Puts whose value was stored."),
    COUNTER(cache, imports, "cache_imports", "", "Copies of other nodes that were stored."),
    COUNTER(cache, fills, "fills", "result=\"stored\"",
            "Fills by what became of them; values of puts that were refused are counted here too."),
    REFUSED(CACHE_INVALIDATED, "invalidated"),
    REFUSED(CACHE_TAG, "tag"),
    REFUSED(CACHE_PREFIX, "prefix"),
    REFUSED(CACHE_NAMESPACE, "namespace"),
    REFUSED(CACHE_ALL, "all"),
    REFUSED(CACHE_FORGOTTEN, "forgotten"),
    REFUSED(CACHE_NEWER, "newer"),
    REFUSED(CACHE_VERSION, "version"),
    REFUSED(CACHE_NOSTORE, "nostore"),
    REFUSED(CACHE_INTENT, "intent"),
    REFUSED(CACHE_TAGS_FULL, "tags_full"),
    REFUSED(CACHE_MEMORY, "memory"),
    REFUSED(CACHE_TOKEN_NODE, "token_node"),
    REFUSED(CACHE_TOKEN_KEY, "token_key"),
    REFUSED(CACHE_TOKEN_EXPIRED, "token_expired"),
    REFUSED(CACHE_NOT_READY, "not_ready"),
    REFUSED(CACHE_TOKEN_BAD, "token_bad"),
    COUNTER(cache, killed, "cache_killed", "", "Entries killed by invalidations of their key."),
    COUNTER(cache, marked, "cache_marked", "",
            "Entries that soft invalidations of their key marked."),
    COUNTER(cache, spared, "cache_spared", "",
            "Entries that a put of an equal value, or an older version, let live."),
    COUNTER(cache, evicted, "cache_evicted", "", "Entries evicted for want of memory."),
    COUNTER(cache, reinserted, "cache_reinserted", "", "Entries kept by a second chance."),
    COUNTER(cache, swept, "cache_swept", "", "Entries removed by housekeeping."),
    COUNTER(cache, dead_lookups, "cache_dead_lookups", "", "Entries found dead when looked at."),
    COUNTER(cache, tags_full, "cache_tags_full", "", "Stores refused for want of room for tags."),
    COUNTER(cache, prefixes_folded, "cache_prefixes_folded", "",
            "Prefix barriers folded into a wider one."),
    COUNTER(cache, conjunctions_folded, "cache_conjunctions_folded", "",
            "Barriers of several tags folded into a wider one."),
    COUNTER(cache, quarantine_full, "cache_quarantine_full", "",
            "Keys that found no room to be held back."),
    COUNTER(cache, claims_taken, "cache_claims_taken", "",
            "Misses of keys that somebody else loads."),
    COUNTER(cache, leases_lost, "cache_leases_lost", "",
            "Loads that made room for others before their time."),

    /* invalidations: the ledger */
    OF_NODE(ledger, issued, "invalidations_issued", "", "Invalidations that began at this node."),
    OF_NODE(ledger, applied, "invalidations_applied", "",
            "Invalidations that took effect here, own ones included."),
    OF_NODE(ledger, duplicates, "ledger_duplicates", "", "Invalidations heard again."),
    OF_NODE(ledger, beyond, "ledger_beyond", "", "Invalidations applied but not recorded."),
    OF_NODE(ledger, heads, "ledger_heads", "", "Advances of other nodes' heads heard."),
    OF_NODE(ledger, gaps_opened, "ledger_gaps_opened", "", "Gaps opened."),
    OF_NODE(ledger, gaps_merged, "ledger_gaps_merged", "", "Gaps merged for want of room."),
    OF_NODE(ledger, closed, "ledger_closed", "", "Invalidations replaced by a barrier."),
    OF_NODE(ledger, self_heads, "ledger_self_heads", "", "False claims about this node's head."),
    OF_NODE(ledger, origins_full, "ledger_origins_full", "", "Origins that found no room."),
    OF_NODE(ledger, retired, "ledger_retired", "", "Origins retired."),
    OF_NODE(ledger, forgotten, "ledger_forgotten", "",
            "Retired origins forgotten for want of room."),
    OF_NODE(ledger, reinstated, "ledger_reinstated", "", "Retired origins heard from again."),
    OF_NODE(ledger, conflicts, "ledger_conflicts", "", "Digests of an origin that differed."),
    NOW("ledger", "gaps", node.gaps, "gaps_open", "Invalidations known to be missing, as ranges."),
    NOW("ledger", "log", node.log_n, "log_dots", "Invalidations kept for others."),
    NOW("ledger", "origins", now.origins, "origins", "Origins of invalidations known."),
    NOW("ledger", "index", node.index, "event_index", "The local event index."),
    NOW("ledger", "head", node.head, "vector_head",
        "Invalidations issued by this run, all covered."),
    NOW("ledger", "retired_newest", now.retired_n, "retired_newest",
        "Number of the newest retired origin."),
    NOW("ledger", "forgotten_newest", now.forgotten_n, "forgotten_newest",
        "Number of the newest retired origin that was forgotten."),

    /* telling others */
    OF_NODE(spread, dots_sent, "spread_dots", "kind=\"first\"", "Invalidations sent, by occasion."),
    OF_NODE(spread, dots_resent, "spread_dots", "kind=\"resent\"", NULL),
    OF_NODE(spread, dots_trailing, "spread_dots", "kind=\"trailing\"", NULL),
    OF_NODE(spread, dots_hot, "spread_dots", "kind=\"hot\"", NULL),
    OF_NODE(spread, dots_two_hops, "spread_dots", "kind=\"two_hops\"", NULL),
    OF_NODE(spread, dots_left, "spread_dots_left", "",
            "Invalidations left out of a datagram, to be pulled."),
    OF_NODE(spread, flushes, "spread_flushes", "", "Datagrams with invalidations."),
    OF_NODE(spread, behinds, "spread_behinds", "", "Times that a member fell behind."),
    OF_NODE(spread, heads, "spread_heads", "", "Bare heads sent to members that are behind."),
    OF_NODE(spread, links_full, "spread_links_full", "", "Members that found no room for a link."),
    OF_NODE(spread, names_lost, "spread_names_lost", "", "Invalidations sent without their name."),
    OF_NODE(spread, covers_refused, "spread_covers_refused", "", "Impossible acknowledgements."),
    OF_NODE(spread, backups_asked, "spread_backups_asked", "",
            "Flights for which a second relay was asked."),
    OF_NODE(spread, held_sent, "spread_held_sent", "",
            "Flights that no relay brought in time, sent directly."),
    OF_NODE(spread, dots_relayed, "spread_relay_dots", "result=\"taken\"",
            "Invalidations of others taken for passing on, and what became of some."),
    OF_NODE(spread, relay_dropped, "spread_relay_dots", "result=\"dropped\"", NULL),
    OF_NODE(spread, relay_given_up, "spread_relay_given_up", "",
            "Times that a member did not answer to a relay's last try."),

    /* catching up */
    OF_NODE(heal, pulls, "heal_pulls", "", "Requests for missing invalidations."),
    OF_NODE(heal, pulled, "heal_pulled", "", "Invalidations that came by asking."),
    OF_NODE(heal, served, "heal_served", "", "Invalidations given to others who asked."),
    OF_NODE(heal, gone, "heal_gone", "", "Invalidations asked for and no longer held here."),
    OF_NODE(heal, exchanges, "heal_exchanges", "", "Comparisons of version vectors begun."),
    OF_NODE(heal, touched_served, "heal_touched_served", "",
            "Ranges of invalidations answered by what they touched."),
    OF_NODE(heal, touched_closed, "heal_touched_closed", "",
            "Invalidations replaced by barriers of what they touched."),
    OF_NODE(heal, retired, "heal_retired", "by=\"consent\"", "Origins retired, by how."),
    OF_NODE(heal, retired_forced, "heal_retired", "by=\"force\"", NULL),
    OF_NODE(heal, sums_compared, "heal_sums_compared", "", "Running digests compared."),
    OF_NODE(heal, rings_out, "heal_rings_out", "",
            "Members whose retired origins were put out of mind for want of room."),
    OF_NODE(heal, marks, "heal_marks", "",
            "Runs of which others were told that something may be lacking here."),
    OF_NODE(heal, marks_out, "heal_marks_out", "",
            "Marks of what runs forgot that were put out of mind for want of room."),
    OF_NODE(heal, overload, "heal_overload", "", "Questions dropped: too many at once."),
    OF_NODE(heal, peers_full, "heal_peers_full", "", "Members that found no room to be asked."),
    OF_NODE(heal, broad_t_gap, "heal_broad", "reason=\"t_gap\"",
            "Times that the whole cache was invalidated to be safe, by reason."),
    OF_NODE(heal, broad_lost, "heal_broad", "reason=\"lost\"", NULL),
    OF_NODE(heal, broad_forgotten, "heal_broad", "reason=\"forgotten\"", NULL),
    OF_NODE(heal, broad_retired, "heal_broad", "reason=\"retired\"", NULL),
    OF_NODE(heal, broad_forked, "heal_broad", "reason=\"forked\"", NULL),
    OF_NODE(proof, anew, "heal_broad", "reason=\"anew\"", NULL),
    ROW("heal", "broad_full", "heal_broad", "reason=\"full\"", NULL, FACTS_COUNTER, now.broad_full),

    /* what callers are promised: levels, bounds, intents */
    OF_NODE(acks, begun, "acks_begun", "", "Waits for a level beyond this node."),
    OF_NODE(acks, reached, "acks_ended", "result=\"reached\"", "Waits by how they ended."),
    OF_NODE(acks, failed, "acks_ended", "result=\"failed\"", NULL),
    OF_NODE(acks, waits_full, "acks_waits_full", "", "Waits refused: too many at one time."),
    OF_NODE(acks, strangers, "acks_strangers", "",
            "Acknowledgements of unknown members or other runs."),
    OF_NODE(acks, forgotten, "acks_forgotten", "",
            "Acknowledgements taken back because their run ended."),
    OF_NODE(acks, rounds, "acks_rounds", "", "Round trips asked for."),
    ROW("acks", "members_full", NULL, "", NULL, FACTS_COUNTER, node.acks.members_full),
    NOW("acks", "waiting", now.acks_waiting, "acks_waiting", "Waits that have not ended."),
    OF_NODE(proof, polls, "proof_polls", "", "Questions to voters."),
    OF_NODE(proof, answers, "proof_answers", "", "Answers to such questions of others."),
    OF_NODE(proof, counted, "proof_results", "result=\"counted\"",
            "What came of the answers of voters; some end in two ways."),
    OF_NODE(proof, none, "proof_results", "result=\"none\"", NULL),
    OF_NODE(proof, partial, "proof_results", "result=\"partial\"", NULL),
    OF_NODE(proof, differing, "proof_results", "result=\"differing\"", NULL),
    OF_NODE(proof, windows, "proof_results", "result=\"windows\"", NULL),
    OF_NODE(proof, expired, "proof_results", "result=\"expired\"", NULL),
    OF_NODE(proof, malformed, "proof_results", "result=\"malformed\"", NULL),
    OF_NODE(proof, strangers, "proof_results", "result=\"stranger\"", NULL),
    OF_NODE(proof, windows_found, "proof_windows_found", "",
            "Runs of members that have another fence_ms."),
    OF_NODE(proof, members_full, "proof_members_full", "", "Members that are not asked: too many."),
    NOW("proof", "state", now.proof_state, "proof_state",
        "0 = reads can be certified, 1 = the number of nodes is not configured, 2 = more nodes "
        "live, 3 = nodes differ in fence_ms."),
    NOW("votes", "mode", now.vote, "vote",
        "How this run votes: 0 = not, 1 = as usual, 2 = it began anew."),
    NOW("votes", "synced", now.votes_synced, "votes_synced", "Nodes synced with in order to vote."),
    NOW("votes", "voters", now.votes_voters, "votes_voters", "Of these, nodes that vote."),
    NOW("votes", "voters_min", now.votes_min, "votes_voters_min",
        "Voters to be synced with before this run votes."),
    OF_NODE(after, recorded, "after_recorded", "", "Stamps read after that were not covered here."),
    OF_NODE(after, dropped, "after_dropped", "", "Of these, forgotten for want of room."),
    OF_NODE(intents, begun, "intents_begun", "", "Intents that took effect here."),
    OF_NODE(intents, ended, "intents_ended", "by=\"caller\"", "Intents by how they ended."),
    OF_NODE(intents, expired_own, "intents_ended", "by=\"time\"", NULL),
    OF_NODE(intents, expired_foreign, "intents_ended", "by=\"time_of_others\"", NULL),
    OF_NODE(intents, full, "intents_full", "", "Intents that found no room."),
    NOW("intents", "open", now.intents_open, "intents_open", "Intents that have not ended."),
    OF_NODE(hot, counted, "hot_counted", "", "Own invalidations of keys that were counted."),
    OF_NODE(hot, nostores, "hot_nostores", "", "Keys that nobody was to store for a second."),
    OF_NODE(hot, bursts, "hot_bursts", "", "Long lists of keys in a burst."),
    OF_NODE(hot, displaced, "hot_displaced", "", "Keys no longer counted for want of room."),
    OF_NODE(sample, shown, "drift_shown", "", "Entries whose hashes were shown to other nodes."),
    OF_NODE(sample, compared, "drift_compared", "",
            "Entries compared with those of a node that covered the same."),
    OF_NODE(sample, differed, "drift_differed", "",
            "Of these, that differed at a first look: an invalidation may be on its way."),
    OF_NODE(sample, drifted, "drift_values", "",
            "Entries that still differed ten seconds later: the source was changed without an "
            "invalidation, or is not deterministic."),
    OF_NODE(trace, asks, "trace_asks", "", "Traces begun."),
    OF_NODE(trace, asks_full, "trace_asks_full", "", "Traces refused: too many at one time."),
    OF_NODE(trace, answers, "trace_results", "result=\"answered\"", "Members asked, by answer."),
    OF_NODE(trace, silent, "trace_results", "result=\"silent\"", NULL),
    OF_NODE(trace, strangers, "trace_results", "result=\"stranger\"", NULL),
    OF_NODE(trace, ackers_full, "trace_ackers_full", "",
            "Acknowledgements not remembered: too many members."),

    /* membership */
    MEMBERS("candidate", SWIM_CANDIDATE, "Members by state, this node included."),
    MEMBERS("alive", SWIM_ALIVE, NULL),
    MEMBERS("suspect", SWIM_SUSPECT, NULL),
    MEMBERS("dead", SWIM_DEAD, NULL),
    MEMBERS("left", SWIM_LEFT, NULL),
    NOW("swim", "alive", now.alive, "members_live",
        "Members alive or suspect, this node included."),
    NOW("swim", "lhm", now.lhm, "swim_health_multiplier", "0 = this node is well, 8 = it is slow."),
    NOW("swim", "isolated", now.isolated, "swim_isolated", "1 = most probes of members fail."),
    OF_NODE(swim, probes_direct, "swim_probes", "result=\"direct\"",
            "Probes by how they were answered."),
    OF_NODE(swim, probes_relay, "swim_probes", "result=\"relay\"", NULL),
    OF_NODE(swim, probes_tcp, "swim_probes", "result=\"tcp\"", NULL),
    OF_NODE(swim, probes_failed, "swim_probes", "result=\"failed\"", NULL),
    OF_NODE(swim, suspicions, "swim_suspicions", "", "Suspicions begun."),
    OF_NODE(swim, suspicions_refuted, "swim_suspicions_ended", "result=\"refuted\"",
            "Suspicions by how they ended."),
    OF_NODE(swim, suspicions_died, "swim_suspicions_ended", "result=\"died\"", NULL),
    OF_NODE(swim, refutations, "swim_refutations", "", "Claims about this node refuted."),
    OF_NODE(swim, records_in, "swim_records", "direction=\"in\"", "Member records."),
    OF_NODE(swim, records_out, "swim_records", "direction=\"out\"", NULL),
    OF_NODE(swim, records_refused, "swim_records_refused", "", "Member records not believed."),
    OF_NODE(swim, not_me, "swim_not_me", "", "Answers of \"that is not me\"."),
    OF_NODE(swim, conflicts, "swim_conflicts", "", "Other processes with this node's name."),
    OF_NODE(swim, reconnects, "swim_reconnects", "", "Attempts to reach dead members."),
    OF_NODE(swim, seeds_contacted, "swim_seeds_contacted", "", "Seed addresses contacted."),
    OF_NODE(swim, stalls, "swim_stalls", "", "Times that this node itself stood still."),
    OF_NODE(swim, isolations, "swim_isolations", "", "Times that this node was isolated."),
    OF_NODE(swim, unproven_ignored, "swim_unproven_ignored", "", "Messages of unproven runs."),
    OF_NODE(swim, members_full, "swim_members_full", "", "Members that found no room."),
    OF_NODE(swim, tombstones_dropped, "swim_tombstones_dropped", "", "Tombstones dropped early."),
    OF_NODE(swim, generation_refused, "swim_generation_refused", "", "Unbelievable generations."),
    OF_NODE(swim, sends_dropped, "swim_sends_dropped", "", "Messages dropped inside the node."),
    OF_NODE(swim, events_dropped, "swim_events_dropped", "", "Events dropped inside the node."),

    /* packets and streams */
    OF_NODE(node, datagrams_in, "datagrams", "direction=\"in\"", "Gossip datagrams."),
    OF_NODE(node, datagrams_out, "datagrams", "direction=\"out\"", NULL),
    OF_NODE(node, bytes_in, "gossip_bytes", "direction=\"in\"", "Bytes of gossip."),
    OF_NODE(node, bytes_out, "gossip_bytes", "direction=\"out\"", NULL),
    OF_NODE(node, frames_in, "frames", "direction=\"in\"", "Frames on streams of peers."),
    OF_NODE(node, frames_out, "frames", "direction=\"out\"", NULL),
    OF_NODE(node, dropped_unauthentic, "unauthentic", "", "Packets that failed authentication."),
    OF_NODE(node, dropped_key, "unknown_key", "", "Packets sealed with a key not in the ring."),
    OF_NODE(node, dropped_replay, "replay", "", "Packets seen before."),
    OF_NODE(node, dropped_size, "dropped", "reason=\"size\"", "Packets dropped for other reasons."),
    OF_NODE(node, dropped_malformed, "dropped", "reason=\"malformed\"", NULL),
    OF_NODE(node, dropped_version, "dropped", "reason=\"version\"", NULL),
    OF_NODE(node, dropped_decode, "dropped", "reason=\"decode\"", NULL),
    OF_NODE(node, dropped_unproven, "dropped", "reason=\"unproven\"", NULL),
    OF_NODE(node, dropped_peers_full, "dropped", "reason=\"peers_full\"", NULL),
    OF_NODE(node, own_packets, "own_packets", "", "Packets of this run that came back."),
    OF_NODE(node, proven, "proven", "", "Runs that proved to be fresh."),
    OF_NODE(node, streams_in, "streams", "direction=\"in\"", "Streams of peers."),
    OF_NODE(node, streams_out, "streams", "direction=\"out\"", NULL),
    OF_NODE(node, streams_failed, "stream_failures", "reason=\"failed\"",
            "Streams that came to nothing."),
    OF_NODE(node, streams_busy, "stream_failures", "reason=\"busy\"", NULL),
    OF_NODE(node, streams_timeout, "stream_failures", "reason=\"timeout\"", NULL),
    OF_NODE(node, streams_relieved, "stream_failures", "reason=\"relieved\"", NULL),
    WARM(taken, "result=\"taken\"",
         "Entries of the node that a join went by, by what became of them."),
    WARM(touched, "result=\"touched\"", NULL),
    WARM(refused, "result=\"refused\"", NULL),
    WARM(malformed, "result=\"malformed\"", NULL),
    ROW("warmup", "bytes", "warmup_bytes", "", "Keys and values that were taken over.",
        FACTS_COUNTER, node.warm.counters.bytes),
    ROW("warmup", "given", "warmup_given", "", "Entries given to nodes that joined.", FACTS_COUNTER,
        node.warm.counters.given),
    ROW("warmup", "comparisons", "warmup_attempts", "result=\"compared\"",
        "Streams for a warm-up, by whether anything could be taken over.", FACTS_COUNTER,
        node.warm.counters.comparisons),
    ROW("warmup", "fruitless", "warmup_attempts", "result=\"fruitless\"", NULL, FACTS_COUNTER,
        node.warm.counters.fruitless),
    NOW("warmup", "state", now.warm_state, "warmup_state",
        "0 = no warm-up, 1 = waits, 2 = runs, 3 = has ended."),
    OF_NODE(node, too_big, "too_big", "", "Datagrams longer than their path allows."),
    OF_NODE(node, black_holes, "black_holes", "", "Paths that swallowed long datagrams."),
    OF_NODE(node, commands, "commands", "", "Requests that the control thread carried out."),
    OF_NODE(node, commands_refused, "commands_refused", "", "Of these, refused."),
    OF_NODE(node, acks_full, "acks_members_full", "",
            "Members whose acknowledgements do not count."),
    OF_NODE(node, votes_full, "votes_full", "", "Syncs that do not count: too many members."),
    OF_NODE(node, poisoned, "poisoned", "", "Times that another process spoke as this run."),
    OF_NODE(node, dots_in, "dots_in", "", "Invalidations in packets, duplicates included."),
    OF_NODE(node, names_ok, "names", "result=\"found\"", "Answers about the seeds' names."),
    OF_NODE(node, names_none, "names", "result=\"nobody\"", NULL),
    ROW("node", "broad", NULL, "", NULL, FACTS_COUNTER, node.node.broad),

    /* sockets and threads */
    GAUGE(loop, connections_open, "connections_open", "Connections of clients."),
    GAUGE(loop, subscriptions, "subscriptions", "Connections that hold at least one filter."),
    COUNTER(loop, connections_total, "connections", "", "Connections accepted."),
    COUNTER(loop, connections_refused, "connections_refused", "", "Connections beyond the limit."),
    COUNTER(loop, connections_closed_slow, "connections_closed_slow", "",
            "Connections closed because their client did not read."),
    REQUESTS(0, "unknown", "Requests of clients."),
    REQUESTS(OP_HELLO, "hello", NULL),
    REQUESTS(OP_PING, "ping", NULL),
    REQUESTS(OP_GET, "get", NULL),
    REQUESTS(OP_FILL, "fill", NULL),
    REQUESTS(OP_PUT, "put", NULL),
    REQUESTS(OP_INVALIDATE, "invalidate", NULL),
    REQUESTS(OP_TOUCH, "touch", NULL),
    REQUESTS(OP_MGET, "mget", NULL),
    REQUESTS(OP_MFILL, "mfill", NULL),
    REQUESTS(OP_SUBSCRIBE, "subscribe", NULL),
    REQUESTS(OP_UNSUBSCRIBE, "unsubscribe", NULL),
    REQUESTS(OP_MEMBERS, "members", NULL),
    REQUESTS(OP_STATS, "stats", NULL),
    REQUESTS(OP_NODE, "node", NULL),
    REQUESTS(OP_VECTORS, "vectors", NULL),
    REQUESTS(OP_TRACE, "trace", NULL),
    REQUESTS(OP_NAMESPACES, "namespaces", NULL),
    REQUESTS(OP_BEGIN, "begin", NULL),
    REQUESTS(OP_COMMIT, "commit", NULL),
    REQUESTS(OP_ABORT, "abort", NULL),
    COUNTER(loop, request_errors, "request_errors", "", "Requests that were malformed or refused."),
    COUNTER(loop, client_bytes_in, "client_bytes", "direction=\"in\"", "Bytes of clients."),
    COUNTER(loop, client_bytes_out, "client_bytes", "direction=\"out\"", NULL),
    COUNTER(loop, pushes, "pushes", "", "Invalidations pushed to subscribers."),
    COUNTER(loop, pushes_lost, "pushes_lost", "", "Pushes folded into \"everything may be gone\"."),
    COUNTER(loop, queue_full, "queue_full", "",
            "Times that a worker waited for the control thread."),
    GAUGE(loop, waiting, "waits_open", "Gets that wait for a fill, and dry runs under way."),
    COUNTER(loop, waits_full, "waits_full", "", "Of these, answered at once for want of room."),
    COUNTER(loop, accept_errors, "accept_errors", "", "Connections that could not be accepted."),
    COUNTER(loop, udp_in, "udp_datagrams", "direction=\"in\"", "Datagrams of the gossip socket."),
    COUNTER(loop, udp_out, "udp_datagrams", "direction=\"out\"", NULL),
    COUNTER(loop, udp_dropped_out, "udp_dropped_out", "",
            "Datagrams that the system did not take."),
    COUNTER(loop, udp_refused, "udp_refused", "", "Datagrams refused by the other host."),
    COUNTER(loop, udp_too_big, "udp_too_big", "", "Datagrams longer than their path allows."),
    COUNTER(loop, peer_accepted, "peer_connections", "result=\"accepted\"",
            "Connections of peers."),
    COUNTER(loop, peer_connected, "peer_connections", "result=\"connected\"", NULL),
    COUNTER(loop, peer_failed, "peer_connections", "result=\"failed\"", NULL),
    COUNTER(loop, peer_refused, "peer_connections", "result=\"refused\"", NULL),
    COUNTER(loop, peer_frames_in, "peer_frames", "direction=\"in\"", "Frames of peers, by socket."),
    COUNTER(loop, peer_frames_out, "peer_frames", "direction=\"out\"", NULL),
    COUNTER(loop, peer_frames_bad, "peer_frames_bad", "", "Frames of peers that were no frames."),
    COUNTER(loop, peer_overflows, "peer_overflows", "", "Streams cut because a peer did not read."),
    COUNTER(loop, dns_lookups, "dns_lookups", "", "Names looked up."),
    COUNTER(loop, dns_answers, "dns_results", "result=\"names\"", "Look-ups by how they ended."),
    COUNTER(loop, dns_nobody, "dns_results", "result=\"nobody\"", NULL),
    COUNTER(loop, dns_errors, "dns_results", "result=\"error\"", NULL),
    COUNTER(loop, dns_timeouts, "dns_results", "result=\"timeout\"", NULL),
    COUNTER(loop, log_lines, "log_lines", "", "Log lines written."),
    COUNTER(loop, log_suppressed, "log_suppressed", "", "Log lines over the rate limit."),
    GAUGE(loop, workers_wedged, "workers_wedged", "Workers that have not turned for 10 s."),
    COUNTER(loop, wedged, "worker_wedges", "", "Times that a worker did not turn for 10 s."),
    GAUGE(loop, memory_fixed_bytes, "memory_fixed_bytes",
          "Memory of node and cache beside the cache's budget."),
    SECONDS("dns_last_ok_age_seconds", "Since a look-up found an address, or since start.",
            FACTS_GAUGE, now.dns_ok_age_us),
    NOW("loop", "workers", now.workers, "workers", "Threads that serve clients."),

    /* this endpoint and the process */
    COUNTER(http, requests, "http_requests", "", "Requests of the inspection endpoint."),
    COUNTER(http, errors, "http_errors", "", "Of these, answered with 400 and above."),
    COUNTER(http, connections, "http_connections", "", "Connections to the inspection endpoint."),
    COUNTER(http, timeouts, "http_timeouts", "", "Of these, cut for being slow."),
    COUNTER(http, busy, "http_busy", "", "Requests refused: too many connections."),
    NOW(NULL, NULL, now.ready, "ready", "1 = this node is ready to serve."),
    NOW(NULL, NULL, now.resident_bytes, "process_resident_memory_bytes", "Resident memory."),
    SECONDS("uptime_seconds", "Time since start.", FACTS_GAUGE, now.uptime_us),
    SECONDS("process_cpu_seconds", "CPU time of the process, user and system.", FACTS_COUNTER,
            now.cpu_us),
};

const struct facts_row *http_facts_rows(size_t *n)
{
    *n = ARRAY_LEN(ROWS);
    return ROWS;
}

uint64_t http_facts_value(const struct facts *f, const struct facts_row *row)
{
    uint64_t value = 0;
    assert(row->at <= sizeof *f - sizeof value);
    memcpy(&value, (const char *)f + row->at, sizeof value);
    return value;
}

const char *http_state_text(enum swim_state state)
{
    static const char *const TEXTS[FACTS_STATES] = {[SWIM_CANDIDATE] = "candidate",
                                                    [SWIM_ALIVE] = "alive",
                                                    [SWIM_SUSPECT] = "suspect",
                                                    [SWIM_DEAD] = "dead",
                                                    [SWIM_LEFT] = "left"};
    assert((size_t)state < FACTS_STATES && TEXTS[state] != NULL);
    return TEXTS[state];
}

bool http_is_ready(const struct node_view *view)
{
    /* A conflict mutes a node without moving its state: the text alone tells. */
    return view->state == NODE_READY && strcmp(view->state_text, "ready") == 0;
}
