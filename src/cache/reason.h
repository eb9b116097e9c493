/**
 * cache/reason.h - why a value was stored or not.
 *
 * Never says more than that: what a caller makes of a refusal is its own business.
 */
#pragma once

/** How a fill, a put or an import ended. Texts: cache_reason_text(). */
enum cache_reason {
    CACHE_STORED,
    CACHE_INVALIDATED, /* a newer dot of its key, or of its bucket */
    CACHE_TAG,         /* of one of its tags, of several together, or of all that is tagged */
    CACHE_PREFIX,
    CACHE_NAMESPACE,
    CACHE_ALL,
    CACHE_FORGOTTEN, /* perhaps a newer dot, which is no longer remembered */
    CACHE_NEWER,     /* an entry with a newer stamp is there */
    CACHE_VERSION,   /* a later version of the source is known */
    CACHE_NOSTORE,   /* nobody stores this key for a while */
    CACHE_INTENT,    /* somebody is about to change the source of this key */
    CACHE_TAGS_FULL,
    CACHE_MEMORY,
    CACHE_TOKEN_NODE,
    CACHE_TOKEN_KEY,
    CACHE_TOKEN_EXPIRED,
    CACHE_NOT_READY,
    CACHE_TOKEN_BAD, /* an error to the caller (BAD_TOKEN), not a refusal */
    CACHE_REASONS
};

/** The protocol's word for a reason: "invalidated", "tag", "forgotten", "token_node", ... */
const char *cache_reason_text(enum cache_reason reason);
