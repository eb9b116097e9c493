/**
 * http/facts.h - everything that is counted, as one struct, and one table that names each number.
 *
 * /v1/stats and /metrics are two renderings of the table: what is counted appears in both, once.
 * Never counts anything itself but the endpoint's own requests.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/spans.h"
#include "loop/loop.h"
#include "node/view.h"

#define FACTS_STATES 5 /* of members: enum swim_state */

/** Of the endpoint itself. */
struct facts_http {
    uint64_t requests, errors, connections, timeouts, busy, misdirected;
    uint64_t streams, streams_refused, stream_gaps;
    uint64_t streams_open; /* now */
};

/** Numbers that are not counters where they come from, or that are worked out. */
struct facts_now {
    uint64_t members[FACTS_STATES]; /* by enum swim_state */
    uint64_t alive, origins, lhm;
    uint64_t crypto;             /* enum seal_mode */
    uint64_t login;              /* enum entry */
    uint64_t keys, keys_refused; /* of the ring; steps of a rotation that are refused now */
    uint64_t isolated, ready;    /* 0 or 1 */
    uint64_t broad_full;         /* whole-cache barriers without a reason of their own */
    uint64_t retired_n, forgotten_n;
    uint64_t proof_state; /* enum proof_state */
    uint64_t vote;        /* enum peer_vote */
    uint64_t votes_synced, votes_voters, votes_min;
    uint64_t acks_waiting, intents_open;
    uint64_t warm_state; /* enum warm_state */
    uint64_t workers;
    uint64_t uptime_us, cpu_us;
    uint64_t dns_ok_age_us; /* since a look-up found an address, or since start */
    uint64_t start_us;      /* since 1970 */
    uint64_t resident_bytes, memory_limit;
    uint64_t fds, fds_max;
    uint64_t behind;         /* members alive that did not acknowledge in time */
    uint64_t unacknowledged; /* own dots that the one of them lacks which lacks most */
    uint64_t proof_age_us;
};

struct facts {
    struct node_view node;
    struct cache_stats cache;
    struct loop_counters loop;
    struct facts_http http;
    struct facts_now now;
};

enum facts_kind {
    FACTS_COUNTER,
    FACTS_GAUGE,
    FACTS_SPANS /* a struct spans: a histogram */
};

/** One number. */
struct facts_row {
    const char *group;  /* of /v1/stats; NULL = told elsewhere */
    const char *key;    /* inside its group */
    const char *family; /* of metrics, without prefix and without _total; NULL = no metric */
    const char *labels; /* `result="direct"`; "" = none */
    const char *help;   /* the family's; NULL from its second row on */
    enum facts_kind kind;
    bool micros; /* the number is microseconds, the metric is seconds */
    size_t at;   /* offset in struct facts of an uint64_t, or of a struct spans */
};

/** The i-th row; NULL behind the last. Rows of one family stand together. Lends. */
const struct facts_row *http_facts_row(size_t i);

/** The number of a row that is no FACTS_SPANS (asserted). */
uint64_t http_facts_value(const struct facts *f, const struct facts_row *row);

/** The spans of a row that is one (asserted). */
struct spans http_facts_spans(const struct facts *f, const struct facts_row *row);

/** What the endpoint knows beside the node. */
struct facts_site {
    mono_us started;       /* loop_now() when it began, */
    uint64_t start_us;     /* and the wall's clock then, since 1970 */
    uint64_t memory_limit; /* bytes */
    struct facts_http http;
};

/** Look at a running node. */
void http_facts_collect(struct loop *l, const struct facts_site *site, struct facts *out);

/** "candidate", "alive", "suspect", "dead", "left". Static. */
const char *http_state_text(enum swim_state state);

/** Is the node ready, that is READY and not kept from serving by a conflict? */
bool http_is_ready(const struct node_view *view);
