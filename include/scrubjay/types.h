/**
 * scrubjay/types.h - what the calls of scrubjay/client.h take and give, as plain values.
 *
 * Members are added at the end and mean nothing when they are zero: set a struct with designated
 * initialisers, or clear it first. Never declares a call: those are in scrubjay/client.h, which brings
 * this file along.
 */
#pragma once

#include <scrubjay/limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** How a call ended. */
enum scrubjay_status {
    SCRUBJAY_OK = 0,
    SCRUBJAY_MISS,    /* get: nothing here; the token allows one fill */
    SCRUBJAY_REFUSED, /* fill: not stored, scrubjay_error() says why; the value may be out of date */
    SCRUBJAY_ERROR,   /* the node answered with an error */
    SCRUBJAY_INVALID,   /* an argument breaks a limit; nothing was sent */
    SCRUBJAY_CONNECT,   /* no connection */
    SCRUBJAY_TIMEOUT,   /* no reply in time */
    SCRUBJAY_UNKNOWN,   /* the connection broke under way: it may or may not have taken effect */
    SCRUBJAY_PROTOCOL,  /* the peer does not speak this protocol */
    SCRUBJAY_STALE,     /* get: a value that is out of date; with a token, load and fill */
    SCRUBJAY_WAIT,      /* get: nothing here, and somebody else is loading it */
    SCRUBJAY_UNPROVEN,  /* get: the node cannot show that its copy is new enough: use the source */
    SCRUBJAY_UNREACHED, /* put, invalidate, begin, commit: in force and still spreading, but too few
                         * nodes had applied it in time; scrubjay_acked() says which */
    SCRUBJAY_DENIED /* the node wants a key, or another one, or the client lacks the capability; or
                         * the node could not show that it knows the key */
};

/** Bytes with a length. As an argument: borrowed for the call. As a result: lent until the next call. */
struct scrubjay_bytes {
    const void *at;
    size_t len;
};

/** Where and how to connect. */
struct scrubjay_options {
    const char *address; /* "HOST:PORT", "HOST", "[::1]:6247"; NULL = 127.0.0.1:6247 */
    const char *name;    /* of this program, told to the node; NULL = "libscrubjay" */
    uint32_t timeout_ms; /* of one call; 0 = 2,000 */
    uint32_t value_max;  /* largest value; 0 = 8 MiB */
    const char *id;      /* as whom to log in; NULL = not at all */
    const char *key; /* its key, 44 characters of base64. With a key, only a node that shows that it
                          * knows it too is spoken to, and all that follows the login is sealed */
    bool plain; /* with a key: do not seal what follows the login. For nodes that cannot, and where
                          * nobody reads the wire; a node may refuse it */
};

/** A cluster-wide name of an invalidation, or of an intent. */
struct scrubjay_stamp {
    uint8_t bytes[SCRUBJAY_STAMP_MAX];
    size_t len;
};

/** One get's answer. */
struct scrubjay_value {
    struct scrubjay_bytes value; /* SCRUBJAY_OK, SCRUBJAY_STALE */
    struct scrubjay_bytes token; /* SCRUBJAY_MISS, SCRUBJAY_STALE: take it to fill; may be empty */
    uint64_t age_ms;
    uint64_t ttl_ms; /* UINT64_MAX = none */
    bool has_version;
    uint64_t version; /* of the source, as it was stored */
    bool has_proof;
    uint64_t proof_ms; /* nothing newer was known to a majority this long ago */
};

/** How a get may be answered; NULL or all zero = as by default. */
struct scrubjay_read {
    const struct scrubjay_stamp *after; /* not older than these; at most SCRUBJAY_AFTER_MAX */
    size_t after_n;
    bool stale;         /* a value that is out of date is welcome: SCRUBJAY_STALE */
    uint32_t wait_ms;   /* wait so long for somebody else's fill, at most 60,000 */
    uint32_t within_ms; /* not older than this, proven; at most 3,600,000, 0 = not asked */
};

/** Who must have applied an invalidation before a call returns. */
enum scrubjay_ack_level {
    SCRUBJAY_ACK_DEFAULT = 0, /* what the namespace is configured for, else LOCAL */
    SCRUBJAY_ACK_LOCAL,       /* the node that is asked */
    SCRUBJAY_ACK_NODES,       /* `nodes` others */
    SCRUBJAY_ACK_QUORUM,      /* a majority of the configured cluster size */
    SCRUBJAY_ACK_ALL,         /* everybody who is thought to live */
    SCRUBJAY_ACK_FENCED       /* no proven read can give the old value any more */
};

/** A level with what belongs to it. */
struct scrubjay_ack {
    enum scrubjay_ack_level level;
    uint32_t nodes;      /* SCRUBJAY_ACK_NODES: 1 to 1,023 */
    uint32_t timeout_ms; /* how long the node waits, at most 60,000; 0 = 1,000 */
};

/** Options of fill and put; NULL or all zero = none. */
struct scrubjay_store {
    uint64_t ttl_ms; /* 0 = none */
    const struct scrubjay_bytes *tags;
    size_t tags_n;
    uint64_t fresh_ms; /* after this time the value is out of date; 0 = never */
    bool has_version;
    uint64_t version;            /* of the source: an older one never takes a newer one's place */
    struct scrubjay_bytes token; /* put: store only if this token may still fill */
    struct scrubjay_ack ack;     /* put */
    const struct scrubjay_stamp
        *txn; /* put: of a begin of this key, which it commits; NULL = none */
};

/** What the targets of an invalidation are. */
enum scrubjay_scope {
    SCRUBJAY_KEY = 1,
    SCRUBJAY_TAG,
    SCRUBJAY_PREFIX,
    SCRUBJAY_NAMESPACE,
    SCRUBJAY_ALL,
    SCRUBJAY_TAGS_ALL /* entries that carry every one of 2 to 16 tags */
};

/** What an invalidation aims at. */
struct scrubjay_aim {
    const char *ns;
    enum scrubjay_scope scope;
    const struct scrubjay_bytes *targets; /* none for NAMESPACE and ALL */
    size_t targets_n;
};

/** Options of an invalidation; NULL or all zero = none. */
struct scrubjay_how {
    bool soft;        /* mark instead of drop: KEY, TAG, NAMESPACE, ALL */
    bool has_version; /* KEY: copies of this version or a newer one stay */
    uint64_t version;
    struct scrubjay_ack ack;
};

/** What an invalidation would concern. */
struct scrubjay_matches {
    uint64_t entries;
    uint64_t bytes; /* of their keys and values */
};

/** Who is known to have applied an invalidation. Names are lent until the next call. */
struct scrubjay_acks {
    enum scrubjay_ack_level level; /* that was waited for */
    uint32_t nodes;                /* SCRUBJAY_ACK_NODES */
    bool reached;
    const struct scrubjay_bytes *applied;
    size_t applied_n;
    const struct scrubjay_bytes *missing;
    size_t missing_n;
};

/** An intent that was begun. */
struct scrubjay_begun {
    struct scrubjay_stamp txn;
    const struct scrubjay_bytes *tokens; /* one for each key, for a put with txn and token; lent */
    size_t tokens_n;
};

/** One invalidation, as it happened. */
struct scrubjay_event {
    struct scrubjay_bytes ns;
    enum scrubjay_scope scope;
    struct scrubjay_bytes target; /* empty for NAMESPACE and ALL */
    struct scrubjay_bytes stamp;
};
