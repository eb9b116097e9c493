/**
 * cache/segments.h - the memory of a shard's items: units, and segments that are written once through.
 *
 * The block is divided into units of one size. A segment is one unit, or a run of several for an item
 * that is longer than a unit; items are appended to it and never move inside it. Segments stand in one
 * of two queues, oldest first. What is new goes to the newest of a queue; a segment between two others
 * takes only copies of what its neighbours hold. So the order of a queue is the order in which its items
 * came. The index of the shard takes its units from the top.
 * A place is an offset from the beginning of the block, in 4-byte steps.
 * Never looks at keys, stamps or barriers, and never decides what may be dropped.
 * Source: Rosenblum and Ousterhout, "The design and implementation of a log-structured file system"
 * (1992), for segments; Yang, Yue and Rashmi, "Segcache" (NSDI 2021), for caches made of them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"
#include "cache/packed.h"

#define SEGMENTS_LONG 16384 /* bytes; with longer items a segment is not moved for its dead bytes */

enum queue {
    QUEUE_SMALL, /* what is new */
    QUEUE_MAIN,  /* what was used again while it was new */
    QUEUES
};

enum unit_state {
    UNIT_FREE,
    UNIT_HEAD, /* a segment begins here */
    UNIT_REST, /* of a segment that begins before */
    UNIT_INDEX /* lent to the index for ever */
};

/** One unit, and the segment that begins in it when it is a UNIT_HEAD. */
struct unit {
    uint8_t state; /* enum unit_state */
    uint8_t queue;
    bool sealed;           /* nothing more is appended */
    bool is_long;          /* holds an item of more than SEGMENTS_LONG */
    uint32_t head;         /* UNIT_REST: where its segment begins */
    uint32_t units;        /* of the segment */
    uint32_t born;         /* number of the segment: places of an older one are no longer its own */
    uint32_t older, newer; /* 1 + unit, in the queue; 0 = none */
    uint64_t used;         /* bytes written */
    uint64_t live;         /* bytes of items that are not dead */
    mono_us ends;          /* no item of it expires before that, as far as is known */
    mono_us rest;          /* it is not looked at for expired items before that */
    uint8_t patience;      /* log2 of the seconds that it is left alone after a look */
};

struct line {
    uint32_t oldest, newest; /* 1 + unit */
    uint64_t units;
};

struct segments {
    uint8_t *at;
    struct unit *units;
    uint32_t n;
    uint32_t free_n;
    uint32_t freed;       /* 1 + the unit that was freed last; 0 = none was yet */
    uint32_t index_n;     /* units of the index, the last ones */
    uint32_t top;         /* units from the first to the highest that ever held an item */
    uint64_t unit_len;    /* bytes, a multiple of ITEM_ALIGN */
    uint32_t unit_places; /* the same in steps of it: a division of 32 bits takes half as long */
    uint32_t born;
    uint64_t used, live; /* bytes, of all segments */
    uint64_t next;       /* bytes in front of what is appended next, probably; read by hints, too */
    struct line lines[QUEUES];
};

/** Begin with n free units of unit_len bytes at `at`. Lends both; units are zero. */
void segments_init(struct segments *g, uint8_t *at, struct unit *units, uint32_t n,
                   uint64_t unit_len);

/** Units that a segment for an item of len bytes has. */
uint32_t segments_units_for(const struct segments *g, uint64_t len);

/** The first of so many free units in a row, outside [shut, shut + shut_n); UINT32_MAX when there are
 *  none. A single one is that which was freed last, if it is still free: its memory is nearest. */
uint32_t segments_find(const struct segments *g, uint32_t units, uint32_t shut, uint32_t shut_n);

/** Open a segment of so many free units from `first` on as the newest of a queue. The one that was is
 *  freed when it holds nothing that lives. */
void segments_open(struct segments *g, enum queue queue, uint32_t first, uint32_t units);

/** Put a segment of one free unit into a queue, right before (as older than) segment `next`. */
void segments_insert(struct segments *g, uint32_t next, uint32_t unit);

/** Make a sealed segment the newest of a queue, but for the one that is open. */
void segments_requeue(struct segments *g, uint32_t first, enum queue queue);

/** Does a segment take len more bytes? It must not have been sealed. */
bool segments_takes(const struct segments *g, uint32_t first, uint64_t len);

/** Does the newest segment of a queue take len more bytes? */
bool segments_fit(const struct segments *g, enum queue queue, uint64_t len);

/** Append len bytes, which fit, to a queue; *where is their place. Their content is not set. The memory
 *  behind them is fetched, for the next one. */
struct item *segments_append(struct segments *g, enum queue queue, uint64_t len, uint32_t *where);

/** Where the next item probably goes, for prefetching. Without the lock. */
const void *segments_hint(const struct segments *g);

/** Append len bytes to a segment that takes them; the rest as above. */
struct item *segments_append_to(struct segments *g, uint32_t first, uint64_t len, uint32_t *where);

/** The item at a place; lent until its segment is freed. */
struct item *segments_item(const struct segments *g, uint32_t where);

/** The segment that holds a place, by its first unit. */
uint32_t segments_of(const struct segments *g, uint32_t where);

/** The queue of the segment that holds a place. */
enum queue segments_queue(const struct segments *g, uint32_t where);

/** An item of a segment has died; its bytes stay until the segment is freed, which is now when it was
 *  the last and the segment is not open. */
void segments_kill(struct segments *g, uint32_t where, uint64_t len);

/** The segment of a place holds an item that ends then. */
void segments_note_end(struct segments *g, uint32_t where, mono_us ends);

/** Free a segment without live items. */
void segments_free(struct segments *g, uint32_t first);

/** Append nothing more to a segment; one that holds nothing that lives is freed. */
void segments_seal(struct segments *g, uint32_t first);

/** Is it the newest of its queue, so that something may yet be appended to it? */
bool segments_is_open(const struct segments *g, uint32_t first);

/** Is this the beginning of a segment with that number? Or of another, later one, or of none. */
bool segments_is(const struct segments *g, uint32_t first, uint32_t born);

/** Give the free unit below those of the index to the index. */
uint32_t segments_lend(struct segments *g);

/** The unit that segments_lend() gives, free or not; UINT32_MAX when the index has all. */
uint32_t segments_next_index(const struct segments *g);

/** A walk over the items of one segment, in the order in which they were written. */
struct segment_walk {
    uint32_t first; /* unit */
    uint32_t born;
    uint64_t at; /* bytes behind the beginning */
};

/** Begin a walk at a segment. */
struct segment_walk segments_walk(const struct segments *g, uint32_t first);

/** The next item, dead or alive, and its place; NULL at its end, or when the segment is gone. */
struct item *segments_next(const struct segments *g, struct segment_walk *walk, uint32_t *where);
