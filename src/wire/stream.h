/**
 * wire/stream.h - frames of the sealed stream between two nodes.
 *
 * A stream is a run of `u32 length | packet`, a packet being seal/packet.h with the label "tcp" and
 * the body one of these messages. First frame each way HELLO; second frame each way AUTH, echoing the
 * other's challenge; before that nothing is believed. The layouts are in proto/peer.md.
 */
#pragma once

#include "wire/entries.h"
#include "wire/peer.h"

#define STREAM_FRAME_MAX   65536 /* bytes after the length */
#define STREAM_BODY_MAX    (STREAM_FRAME_MAX - 56)
#define STREAM_DEPTH_MAX   8
#define STREAM_NODES_MAX   16384
#define STREAM_RECORDS_MAX 512 /* member records of one frame */
#define STREAM_RANGES_MAX  1024
#define STREAM_BUCKETS     256
#define STREAM_SHARE_LEN   32

enum stream_type {
    STREAM_HELLO = 1,
    STREAM_AUTH = 2,
    STREAM_DIGEST = 3,   /* 256 bucket hashes of the member table */
    STREAM_RECORDS = 4,  /* member records */
    STREAM_HEADS = 5,    /* covers of every origin */
    STREAM_PULL = 6,     /* ranges wanted */
    STREAM_DOTS = 7,     /* dots asked for */
    STREAM_GONE = 8,     /* ranges asked for, no longer held */
    STREAM_DONE = 9,     /* nothing more will be asked or sent */
    STREAM_TOUCHED = 10, /* ranges asked for, no longer held, and the buckets that they touched */
    STREAM_RETIRED = 11, /* retired origins */
    STREAM_WANT = 12,    /* more entries, from a cursor on */
    STREAM_ENTRIES = 13  /* entries of the cache, and the next cursor */
};

#define STREAM_TOUCHED_BITS_MAX 8192 /* bytes of a TOUCHED bitmap */

enum stream_purpose {
    STREAM_FOR_PING = 1,
    STREAM_FOR_SYNC = 2,
    STREAM_FOR_PULL = 3,
    STREAM_FOR_WARM = 4 /* entries of the other's cache */
};

struct
    stream_hello { /* [type, wire_min, wire_max, record, view_hash, vector_hash, challenge, purpose],
                    * then window_ms and share, as far as there is something to say */
    uint8_t wire_min;
    uint8_t wire_max;
    struct peer_record record; /* of the sender */
    uint64_t view_hash;
    uint64_t vector_hash;
    uint64_t challenge;
    uint8_t purpose;    /* the opener's; echoed by the other */
    uint32_t window_ms; /* D of the sender, as in a POLL; 0 = not configured, or it did not say */
    struct slice
        share; /* of whoever seals, STREAM_SHARE_LEN bytes (seal/session.h); empty otherwise */
};

/** One frame's body. Which fields count follows from type. Slices are lent as in wire/peer.h. */
struct stream_msg {
    uint8_t type;
    struct stream_hello hello;         /* HELLO */
    uint64_t echo;                     /* AUTH: [type, echo] */
    struct slice bytes;                /* DIGEST, HEADS, DOTS, RETIRED: [type, bin];
                                        * RETIRED: `number u32 | epoch u64 | last u64`, repeated;
                                        * TOUCHED: the bitmap; empty when everything was touched */
    const struct peer_record *records; /* RECORDS, to encode: [type, [record...]] */
    size_t records_n;
    const struct dot_range *ranges; /* PULL, GONE, to encode: [type, [[epoch, lo, hi]...]] */
    size_t ranges_n;                /* TOUCHED: [type, [[epoch, lo, hi]...], flags, bits, bin] */
    bool everything;                /* TOUCHED flag 1: namespaces, prefixes or all */
    bool tagged;                    /* TOUCHED flag 2: tags */
    uint8_t bucket_bits;            /* TOUCHED: 12 to 16; bytes has 2^(bucket_bits - 3) bytes */
    uint64_t cursor; /* WANT: [type, cursor]: 0 begins. Other numbers are the donor's */
    const struct stream_entry
        *entries;     /* ENTRIES, to encode: [type, cursor, [entry...]]; cursor is */
    size_t entries_n; /* that of the next WANT, 0 = all was said */
};

/** A decoder with room for the records, ranges and entries of one frame. */
struct stream_codec;

/** Make a decoder; NULL when the arena is too small. */
struct stream_codec *stream_codec_new(struct arena *arena);

/** Release the zone that msgpack-c allocated. */
void stream_codec_free(struct stream_codec *c);

/** Encode m into out. Errors: ERR_SPACE (more than cap bytes), and *len is unchanged. */
MUST_USE enum err stream_encode(const struct stream_msg *m, uint8_t *out, size_t cap, size_t *len);

/**
 * Decode one frame's body.
 *
 * Errors: ERR_MALFORMED, ERR_LIMIT, ERR_VERSION (unknown type).
 * Lends:  records, ranges and entries from c until its next decode; slices from bytes.
 */
MUST_USE enum err stream_decode(struct stream_codec *c, struct slice bytes, struct stream_msg *out);
