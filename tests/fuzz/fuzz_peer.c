/** tests/fuzz/fuzz_peer.c - a body that decodes encodes to bytes that decode to the same, and its dots
 *  and covers can be walked; whatever comes, nothing crashes. */

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "wire/dots.h"
#include "wire/peer.h"

#define ROOM 131072

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

static struct peer_codec *codec(void)
{
    static uint8_t mem[4096];
    static struct peer_codec *made;
    struct arena arena;
    if (made == NULL) {
        arena_init(&arena, mem, sizeof mem);
        made = peer_codec_new(&arena);
        assert(made != NULL);
    }
    return made;
}

/** What a kind allows of a dot. */
static void check_dot(const struct dot *d)
{
    assert(d->epoch != 0 && d->seq != 0);
    assert(!d->soft || d->kind == DOT_KEY || d->kind == DOT_TAG || d->kind == DOT_NAMESPACE ||
           d->kind == DOT_ALL);
    assert(!d->has_version || d->kind == DOT_KEY || d->kind == DOT_PUT);
    assert(d->more.len == 0 || d->kind == DOT_TAGS_ALL || d->kind == DOT_BUCKETS);
    assert(d->name.known || (d->name.ns.len == 0 && d->name.target.len == 0));
}

/** Dots before an error count, so each of them must be sound. */
static void walk_dots(struct slice bin)
{
    struct dots_reader r = dots_reader_of(bin);
    struct dot d;
    size_t seen = 0, told = 0;
    for (; dots_next(&r, &d); seen++)
        check_dot(&d);
    assert(dots_check(bin, &told) == dots_end(&r) && told == seen);
}

/** Is `again` what a dot is after it was written once more? An unknown kind has become all. */
static bool is_rewritten(const struct dot *d, const struct dot *again)
{
    const bool known = d->kind >= DOT_KEY && d->kind <= DOT_ABORT;
    return d->epoch == again->epoch && d->seq == again->seq &&
           again->kind == (known ? d->kind : DOT_ALL) && d->soft == again->soft &&
           d->relay == again->relay && d->hash == again->hash && d->version == again->version &&
           d->ms == again->ms && d->subject_epoch == again->subject_epoch &&
           d->subject_seq == again->subject_seq && slice_eq(d->more, again->more);
}

/** A bin that is whole, written again, says the same. */
static void rewrite_dots(struct slice bin)
{
    static uint8_t out[4 * ROOM];
    struct dots_writer w = dots_writer_of(out, sizeof out);
    struct dots_reader r = dots_reader_of(bin);
    struct dot d, again;
    while (dots_next(&r, &d))
        if (dots_add(&w, &d, false) != OK)
            return;
    struct dots_reader first = dots_reader_of(bin), second = dots_reader_of(dots_slice(&w));
    while (dots_next(&first, &d)) {
        assert(dots_next(&second, &again));
        assert(is_rewritten(&d, &again));
    }
    assert(!dots_next(&second, &again) && dots_end(&second) == OK);
}

static void walk_covers(struct slice bin)
{
    struct reader r = reader_of(bin);
    struct cover c;
    size_t n = 0;
    while (cover_read(&r, &c))
        n++;
    assert(n == bin.len / COVER_LEN && read_end(&r) == OK);
}

/** Encoding is one way: what was decoded from any bytes is a fixed point from then on. */
static void round_trip(const struct peer_msg *m)
{
    static struct peer_msg again;
    static uint8_t first[ROOM], second[ROOM];
    size_t first_len = 0, second_len = 0;
    assert(peer_encode(m, first, sizeof first, &first_len) == OK);
    assert(peer_msg_len(m) == first_len);
    assert(peer_decode(codec(), slice_of(first, first_len), &again) == OK);
    assert(peer_encode(&again, second, sizeof second, &second_len) == OK);
    assert(first_len == second_len && memcmp(first, second, first_len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
    static struct peer_msg m;
    if (len > ROOM / 2)
        return 0;
    walk_dots(slice_of(at, len));
    rewrite_dots(slice_of(at, len));
    if (peer_decode(codec(), slice_of(at, len), &m) != OK)
        return 0;
    walk_dots(m.dots);
    walk_covers(m.covers);
    if (m.type == PEER_PROOF)
        walk_covers(m.args.proof.covers);
    round_trip(&m);
    return 0;
}
