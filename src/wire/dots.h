/**
 * wire/dots.h - dots, covers and ranges as fixed layouts inside one msgpack bin each.
 *
 * Dots: blocks `epoch u64 | first_seq u64 | count u16 | records`; a record is
 * `len u8 | kind u8 | flags u8 | [delta u16] | fields | [version u64] | [name]`, and len counts what
 * follows it; 255 is the escape for a u16 length. Flags: 1 NAME, 2 VERSION, 4 SOFT, 8 SKIP (delta =
 * step of the sequence, else 1), 16 RELAY. A record of an unknown kind is skipped by its length; it
 * keeps its kind, acts as DOT_ALL and is written again as that, never ignored. Covers:
 * `epoch u64 | applied u64 | mask u64`, repeated.
 */
#pragma once

#include "base/bytes.h"
#include "base/dot.h"
#include "base/err.h"

#define DOT_RECORD_MAX 255 /* longest record without escape, its length byte included */
/* Longest record that dots_add writes: a DOT_BUCKETS with the length of 3 bytes, and a step. With the
 * head of its block, 18 bytes, any dot fits an empty buffer of 537 bytes. */
#define DOT_RECORD_LONG_MAX (3 + 2 + 2 + DOT_BUCKETS_LEN)
#define COVER_LEN           24

/** Writes dots of any origins into one buffer, opening a block whenever the origin changes. */
struct dots_writer {
    struct writer w;
    size_t count_at; /* offset of the open block's count; 0 when no block is open */
    uint64_t epoch;
    uint64_t seq; /* of the last record */
    uint16_t count;
};

/** Begin writing dots into the cap bytes at `at`. Lends `at`. */
struct dots_writer dots_writer_of(void *at, size_t cap);

/**
 * Append one dot, with its name when d->name.known, with_name is true and the record stays within
 * 255 bytes. Sequences of one origin may rise in steps of at most 65,535; otherwise a new block opens.
 * d->more is copied. Asserts what a kind demands of its fields (base/dot.h), and that a dot is soft or
 * has a version only where its kind allows it.
 *
 * Errors: ERR_SPACE, and the buffer holds what it held.
 */
MUST_USE enum err dots_add(struct dots_writer *w, const struct dot *d, bool with_name);

/** What was written so far, a valid dots bin. Lends from the writer. */
struct slice dots_slice(const struct dots_writer *w);

/** Walks a dots bin. */
struct dots_reader {
    struct reader r;
    uint64_t epoch;
    uint64_t seq;
    uint16_t left; /* records left in the block */
    bool first;    /* the next record is its block's first */
};

/** Begin reading a dots bin. Lends bytes. */
struct dots_reader dots_reader_of(struct slice bytes);

/**
 * Read the next dot into *out.
 *
 * Returns: true with *out set (name slices and `more` lent from the bin; a namespace over 64 or a target over
 * 1,024 bytes reads as no name); false at the end or at the first error. Look at dots_end()
 * afterwards: dots before an error are valid by themselves.
 */
bool dots_next(struct dots_reader *r, struct dot *out);

/** OK when the bin was read whole; ERR_MALFORMED otherwise (also epoch 0, sequence 0 or wrap-around,
 *  an empty block, a record shorter than its kind needs, a field out of its range, soft or with a
 *  version where the kind has no such form). */
MUST_USE enum err dots_end(const struct dots_reader *r);

/** OK when bytes is a well-formed dots bin; counts its dots into *n when n is not NULL. */
MUST_USE enum err dots_check(struct slice bytes, size_t *n);

/** Append one cover. Errors: ERR_SPACE through the writer's sticky error. */
void cover_write(struct writer *w, const struct cover *c);

/** Read the next cover; false at the end of r or when fewer than COVER_LEN bytes are left (sticky). */
bool cover_read(struct reader *r, struct cover *out);
