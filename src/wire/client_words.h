/**
 * wire/client_words.h - the limits and the words of the client protocol: operations, scopes, statuses,
 * acknowledgement levels.
 *
 * Numbers and words are part of the protocol: none changes its meaning. Never holds a message: those
 * are in wire/client.h. The specification is proto/client.md.
 */
#pragma once

#include <stdint.h>

#define CLIENT_PROTO             1 /* version of the protocol, told in hello */
#define CLIENT_KEY_MAX           1024
#define CLIENT_NS_MAX            64
#define CLIENT_TAG_MAX           128
#define CLIENT_TAGS_MAX          16
#define CLIENT_TAGS_ALL_MIN      2 /* targets of one invalidate with scope tags_all */
#define CLIENT_TAGS_ALL_MAX      16
#define CLIENT_VALUE_MAX         (8U << 20)        /* default of --max-value */
#define CLIENT_VALUE_LIMIT       ((16U << 20) - 1) /* largest --max-value */
#define CLIENT_FRAME_EXTRA       65536 /* a frame may be this much longer than the value limit */
#define CLIENT_TARGETS_MAX       256   /* of one invalidate or begin */
#define CLIENT_MGET_MAX          1024
#define CLIENT_MFILL_MAX         128
#define CLIENT_SUBSCRIPTIONS_MAX 64
#define CLIENT_DEPTH_MAX         8
#define CLIENT_NODES_MAX         4096
#define CLIENT_STAMP_LEN         24
#define CLIENT_AFTER_MAX         8 /* stamps of one `after`, one behind the other */
#define CLIENT_TOKEN_MAX         64
#define CLIENT_REASON_MAX        255
#define CLIENT_NAME_MAX          64              /* bytes of a client program's name */
#define CLIENT_TTL_MS_MAX        315360000000ULL /* 3,650 days; also of fresh_ms */
#define CLIENT_WAIT_MS_MAX       60000U
#define CLIENT_WITHIN_MS_MAX     3600000U
#define CLIENT_ACK_MS            1000U /* timeout_ms of put, invalidate and commit when not given */
#define CLIENT_ACK_MS_MAX        60000U
#define CLIENT_ACK_K_MAX         1023U
#define CLIENT_INTENT_MS         10000U /* timeout_ms of begin when not given */
#define CLIENT_INTENT_MS_MAX     600000U
#define CLIENT_NONCE_LEN         32  /* of a login; also the length of a proof */
#define CLIENT_AUTH_MAX          64  /* a nonce and the id of a client */
#define CLIENT_SHARE_LEN         32  /* of a login whose connection is sealed */
#define CLIENT_ERROR_MAX         512 /* bytes of an error frame, length included */
#define CLIENT_GOT_MAX           128 /* bytes of one get's answer, less its value */
#define CLIENT_ACKS_MAX          128 /* bytes of `[stamp, acks]` with its frame, less the names */
#define CLIENT_ACKS_NAME_MAX     65  /* bytes of one name in acks */
#define CLIENT_BEGUN_TOKEN_MAX   (CLIENT_TOKEN_MAX + 2) /* bytes of one token of a begin */

/** Operations. Numbers are part of the protocol; those not listed here are unknown to this version. */
enum client_op {
    OP_HELLO = 1,
    OP_PING = 2,
    OP_GET = 3,
    OP_FILL = 4,
    OP_PUT = 5,
    OP_INVALIDATE = 6,
    OP_TOUCH = 7,
    OP_MGET = 8,
    OP_MFILL = 9,
    OP_SUBSCRIBE = 10,
    OP_UNSUBSCRIBE = 11,
    OP_MEMBERS = 12,
    OP_STATS = 13,
    OP_NODE = 14,
    OP_VECTORS = 15,
    OP_TRACE = 16,
    OP_NAMESPACES = 17,
    OP_BEGIN = 18,
    OP_COMMIT = 19,
    OP_ABORT = 20,
    OP_MATRIX = 21
};

/** The name of an op, "get"; NULL when the number is unknown. Lends static text. */
const char *client_op_text(uint32_t op);

/** The enum right that an op needs: 0 = none; all of them for a number that is unknown. */
uint8_t client_op_needs(uint32_t op);

/** What an invalidation aims at. */
enum client_scope {
    SCOPE_KEY = 1,
    SCOPE_TAG,
    SCOPE_PREFIX,
    SCOPE_NAMESPACE,
    SCOPE_ALL,
    SCOPE_TAGS_ALL /* entries that carry every one of the targets: one aim, not one for each */
};

/** The protocol's word for a scope: "key", "tag", "prefix", "namespace", "all", "tags_all". Lends
 *  static text. */
const char *client_scope_text(enum client_scope scope);

/** What a get found. */
enum client_status {
    STATUS_HIT = 0,
    STATUS_MISS = 1,    /* not here; with a token the caller may load and fill */
    STATUS_STALE = 2,   /* a value that is out of date, and perhaps a token */
    STATUS_WAIT = 3,    /* somebody else loads it */
    STATUS_UNPROVEN = 4 /* this node cannot show that its copy is new enough: go to the source */
};

#define CLIENT_STATUSES 5 /* how many there are */

/** What the reply to a put, invalidate, begin or commit waits for. */
enum client_ack_level {
    ACK_DEFAULT = 0, /* not said: what the namespace is configured for, else ACK_LOCAL */
    ACK_LOCAL,       /* this node */
    ACK_NODES,       /* k other nodes */
    ACK_QUORUM,      /* a majority of the configured cluster size, this node included */
    ACK_ALL,         /* everybody who is thought to live */
    ACK_FENCED       /* no certified read can give the old value any more */
};

/** A level with its number. */
struct client_ack {
    enum client_ack_level level;
    uint32_t k; /* ACK_NODES: 1 to CLIENT_ACK_K_MAX; else 0 */
};

/** The protocol's word for a level: "local", "quorum", "all", "fenced"; NULL for ACK_DEFAULT and for
 *  ACK_NODES, which is told as its number. Lends static text. */
const char *client_ack_text(enum client_ack_level level);
