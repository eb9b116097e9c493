/** node/stream.h - the sealed streams of one node; shared by stream.c, stream_seal.c, stream_warm.c, say.c. */
#pragma once

#include "node/inside.h"

#define STREAM_HELLO_US        (2 * US_PER_SEC)  /* until HELLO and AUTH went both ways, per step */
#define STREAM_STALL_US        (30 * US_PER_SEC) /* without a frame */
#define STREAM_TURN_US         (100 * US_PER_MS) /* without an answer: another stream may ask as well, */
#define STREAM_TURN_RTTS       4                 /* but not before so many round trips */
#define STREAM_PLACE_US        (60 * US_PER_SEC) /* for which one is given entries without a break, */
#define STREAM_REST_US         (5 * US_PER_SEC) /* and then leaves its place to others */
#define STREAM_HEADS_COVERS    2048             /* covers of a full HEADS frame */
#define STREAM_RETIRED_A_FRAME 2048
#define STREAM_REFUSED_MAX     1024 /* as many inputs as may come between two drains */

/** One stream; what is due is said in the order of the fields. */
struct stream {
    bool used, inbound;
    bool sealed;   /* the other end seals its frames; from its HELLO on */
    bool drawn;    /* pair was */
    bool up;       /* connected */
    bool hangup;   /* say so once, then the slot is free */
    bool reported; /* its success was told */
    bool connect_due, hello_due, auth_due, digest_due, retired_due, heads_due, records_due,
        pull_due;
    bool want_due, entries_due;
    bool done_due;
    bool sent_done;
    bool gives; /* entries, to who opened it */
    bool asked; /* a WANT has no answer yet */
    bool pulls; /* our PULL asked for something, and not all of its answer has come */
    bool got_hello, got_auth, got_digest, got_heads, got_pull, got_done;
    uint8_t purpose; /* enum stream_purpose */
    uint32_t conn;
    uint64_t peer; /* node id; 0 until an inbound HELLO */
    struct addr addr;
    struct run run;           /* of the other end, from its HELLO on */
    uint32_t ring_key;        /* id of the key that sealed the opener's HELLO */
    struct session_pair pair; /* ours, once drawn */
    struct session session;   /* what both ends seal with after HELLO, where both seal */
    enum peer_vote vote;      /* how it voted when it said HELLO */
    uint64_t vector_hash;     /* of its vector when it said HELLO */
    uint32_t window_ms;       /* its D, as it said there */
    uint64_t challenge, echo;
    uint64_t ping_challenge; /* what swim wants to hear back */
    uint64_t last_counter;
    mono_us begun_at; /* when its challenge was drawn */
    mono_us progress_at;
    mono_us fed_at;                     /* with pulls: when it was asked, or gave something last */
    uint8_t differ[STREAM_BUCKETS / 8]; /* buckets whose records the other end lacks */
    struct swim_telling records;
    size_t heads_cursor;
    uint64_t cursor;          /* of the next WANT, or of the ENTRIES that are due */
    uint32_t legacy_cursor;   /* of what is said before the ring */
    uint64_t retired_cursor;  /* epoch of the last ring entry that was said */
    uint32_t retired_said;    /* so many were said */
    bool retired_counted;     /* those that the vector hash counts are being said, not the others */
    struct dot_range *answer; /* STREAM_RANGES_MAX: what is still to be answered of its PULL */
    size_t answer_n;
    struct peer_ranges gone; /* ranges that are not held and have yet to be told so */
};

/** Who had its time, and is given no entries for a while. */
struct rested {
    uint64_t peer;
    mono_us until;
};

struct streams {
    struct stream at[2 * NODE_STREAMS_MAX];
    size_t used_n; /* of `at`; mostly 0, and then none is looked at */
    uint32_t conn; /* last id given to an outbound stream */
    uint32_t refused[STREAM_REFUSED_MAX];
    size_t refused_n;
    struct rested rested[NODE_STREAMS_MAX]; /* a ring */
    uint32_t rested_i;
};

/** End s, well or not: tell who asked for it, and hang up. */
void stream_finish(struct node *n, mono_us now, struct stream *s, bool ok);

/* ---- stream_seal.c ---- */

/** Make m the next frame of s, sealed as is its turn. Returns: true. */
bool stream_seal(struct node *n, const struct stream *s, const struct stream_msg *m,
                 struct node_out *out);

/** Open a frame of s; a failure is counted. false: it is none. */
bool stream_unseal(struct node *n, const struct stream *s, struct slice bytes,
                   struct packet_in *out);

/** Our share for HELLO; empty where we do not seal. Draws it when nobody has. */
struct slice stream_share(struct node *n, struct stream *s);

/** With the HELLO of the other end, agree on the keys of the rest, if both ends seal. false: it has no
 *  place here. */
bool stream_agree(struct node *n, struct stream *s, const struct packet_head *head,
                  const struct stream_hello *hello);

/* ---- stream_warm.c ---- */

/** Begin with what a warm stream is for, after AUTH. false: not with this one. */
bool stream_warm_begin(struct node *n, mono_us now, struct stream *s);

/** When the place that s has as one that is given entries ends; NEVER for all others. */
mono_us stream_place_ends_at(const struct stream *s);

/** It has: hang up, and let others come first. */
void stream_place_end(struct node *n, mono_us now, struct stream *s);

/** Take a frame of a warm stream in, but HELLO and AUTH. false: it has no place there. */
bool stream_warm_take(struct node *n, mono_us now, struct stream *s, const struct stream_msg *m);

/* ---- say.c ---- */

/** When s may say its PULL: one stream at a time is asked for what is missing, or each would give all of
 *  it. 0 = now. */
mono_us stream_turn_at(const struct node *n, const struct stream *s);

/** Build the next frame that s has to say; false when it has nothing to say now. */
bool stream_say(struct node *n, mono_us now, struct stream *s, struct node_out *out);
