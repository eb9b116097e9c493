/**
 * load/protocol.h - the three protocols, as one shape: how a request is written, how a reply is read.
 *
 * A protocol never sees a socket or a clock. Whole requests are written once and then only patched:
 * load/stencil.h.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/slice.h"

#define PROTOCOL_VALUE_MAX ((16U << 20) - 1) /* longer values in replies are malformed */
#define PROTOCOL_LINE_MAX  2048              /* and so are longer lines */

/** What is asked. */
enum verb {
    VERB_GET,
    VERB_FILL,       /* store what was loaded after a miss; with its token where there are tokens */
    VERB_PUT,        /* store what is known to be the newest */
    VERB_INVALIDATE, /* drop one key */
    VERB_CLEAR,      /* drop everything */
    VERBS
};

/** The variable parts of one request. */
struct parts {
    uint16_t id; /* at least PROTOCOL_ID_FIRST, so that it always takes the same bytes */
    struct slice key, value, token;
    uint32_t ttl_s; /* 0 = none */
};

#define PROTOCOL_ID_FIRST 256

/** What an answer says. */
enum answer {
    ANSWER_HIT,
    ANSWER_MISS,
    ANSWER_WAIT,    /* somebody else loads it */
    ANSWER_DONE,    /* stored, dropped, cleared */
    ANSWER_REFUSED, /* understood, but not stored */
    ANSWER_ERROR
};

/** One reply. Slices are lent from the bytes that were read. */
struct reply {
    size_t len; /* bytes that it took */
    enum answer answer;
    uint16_t id;        /* with has_ids */
    struct slice value; /* HIT */
    struct slice token; /* MISS; empty = none */
    struct slice why;   /* REFUSED, ERROR */
};

struct protocol {
    const char *name;
    const char *endpoint; /* where such servers listen unless told otherwise */
    bool has_ids;         /* replies carry the request's id; else they come in its order */
    bool has_tokens;      /* a fill needs the token of a miss */
    uint32_t key_max;

    /** Append one whole request. Errors: the writer's sticky ERR_SPACE. */
    void (*write)(struct writer *w, enum verb verb, const struct parts *parts);

    /**
     * Read the reply at the start of bytes.
     *
     * bytes:   hostile, perhaps not all there yet.
     * Errors:  ERR_SHORT (more bytes could complete it), ERR_MALFORMED; *out is then undefined.
     */
    enum err (*read)(struct slice bytes, struct reply *out);
};

extern const struct protocol PROTOCOL_SCRUBJAY;  /* proto/client.md */
extern const struct protocol PROTOCOL_REDIS;     /* RESP2 */
extern const struct protocol PROTOCOL_MEMCACHED; /* meta commands */

/** The protocol of that name; NULL when there is none. */
const struct protocol *protocol_named(const char *name);

/** A number in digits, appended. */
void protocol_write_digits(struct writer *w, uint64_t value);

/** The line at the start of bytes, without its CR LF. Errors: ERR_SHORT, ERR_MALFORMED (a bare LF, or
 *  no end within PROTOCOL_LINE_MAX). */
MUST_USE enum err protocol_read_line(struct slice bytes, struct slice *line);

/** Digits up to the end of text or a blank, at most PROTOCOL_VALUE_MAX; false when it is none. */
bool protocol_read_length(struct slice text, size_t *out);

/** The len bytes behind a line, with their own CR LF. Errors: ERR_SHORT, ERR_MALFORMED. */
MUST_USE enum err protocol_read_block(struct slice bytes, size_t line_len, size_t len,
                                      struct reply *out);
