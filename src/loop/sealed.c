#include "loop/sealed.h"

#include <stdlib.h>
#include <string.h>

#include "loop/clock.h"

#define BATCH_TEXT ((size_t)4 * TUNNEL_TEXT_MAX) /* sealed at once: a system call is dear, too */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/** What was said before the first record: it claims its place in front of it. */
static bool claim(struct sealed *s, struct slice said)
{
    if (said.len == 0)
        return true;
    uint8_t *room = outbuf_reserve(&s->wire, said.len);
    if (room == NULL)
        return false;
    memcpy(room, said.at, said.len);
    outbuf_commit(&s->wire, said.len);
    s->claimed = said.len;
    return true;
}

struct sealed *sealed_new(const struct tunnel *keys, const struct outbuf *out)
{
    struct sealed *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    s->tunnel = *keys;
    outbuf_init(&s->wire, out->max);
    if (claim(s, outbuf_rest(out)))
        return s;
    sealed_free(s, NULL); /* it keeps nothing */
    return NULL;
}

void sealed_free(struct sealed *s, struct kept_room *room)
{
    if (s == NULL)
        return;
    kept_drop(&s->kept, room);
    outbuf_fini(&s->wire);
    tunnel_wipe(&s->tunnel);
    free(s);
}

/* ---- input ---- */

size_t sealed_kept(const struct sealed *s)
{
    return s->kept.len;
}

/** Keep what is no whole record; is_new: it is another one than was kept before. */
static bool keep(struct sealed *s, struct kept_room *room, struct slice rest, bool is_new)
{
    if (rest.len == 0)
        s->begun = 0;
    else if (is_new || s->begun == 0)
        s->begun = clock_now();
    return rest.len == 0 || kept_put(&s->kept, room, rest, 0);
}

enum err sealed_open(struct sealed *s, struct kept_room *room, uint8_t *at, size_t n,
                     size_t *text_len)
{
    struct tunnel_opened opened;
    const struct slice kept = kept_take(&s->kept, room);
    const size_t len = kept.len + n;
    if (kept.len > 0)
        memcpy(at, kept.at, kept.len);
    free((void *)kept.at);
    const enum err err = tunnel_open(&s->tunnel.take, at, len, &opened);
    if (err != OK)
        return err;
    *text_len = opened.text_len;
    const struct slice rest = slice_of(at + opened.used, len - opened.used);
    return keep(s, room, rest, opened.used > 0) ? OK : ERR_FULL;
}

/* ---- output ---- */

size_t sealed_waiting(const struct sealed *s)
{
    return outbuf_len(&s->wire);
}

/** Seal the next of what waits. false: no memory, or no numbers. */
static bool seal_more(struct sealed *s, struct slice text)
{
    const size_t len = least(text.len, BATCH_TEXT);
    const size_t records = (len + TUNNEL_TEXT_MAX - 1) / TUNNEL_TEXT_MAX;
    uint8_t *room = outbuf_reserve(&s->wire, len + records * TUNNEL_OVERHEAD);
    if (room == NULL)
        return false;
    for (s->claimed = 0; s->claimed < len;) {
        const size_t part = least(len - s->claimed, TUNNEL_TEXT_MAX);
        const size_t n = tunnel_seal(&s->tunnel.send, slice_of(text.at + s->claimed, part), room);
        if (n == 0)
            return false;
        room += n;
        outbuf_commit(&s->wire, n);
        s->claimed += part;
    }
    return true;
}

enum outbuf_state sealed_flush(struct sealed *s, struct outbuf *out, int fd, size_t *sent)
{
    enum outbuf_state state = OUTBUF_EMPTY;
    *sent = 0;
    while (state == OUTBUF_EMPTY && outbuf_len(out) > 0) {
        if (outbuf_len(&s->wire) == 0 && !seal_more(s, outbuf_rest(out)))
            return OUTBUF_BROKEN;
        const size_t before = outbuf_len(&s->wire);
        state = outbuf_flush(&s->wire, fd);
        *sent += before - outbuf_len(&s->wire);
        if (state != OUTBUF_EMPTY)
            break;
        outbuf_drop(out, s->claimed);
        s->claimed = 0;
    }
    if (state == OUTBUF_EMPTY)
        outbuf_fini(&s->wire);
    return state;
}

void sealed_forget(struct sealed *s)
{
    s->claimed = 0;
    outbuf_fini(&s->wire);
}
