/**
 * records.h - one end of a connection over a blocking socket, whose bytes may be in records (seal/tunnel.h).
 *
 * Whoever includes it links libsodium. Never buffers what it sends.
 */
#pragma once

#include <stdbool.h>
#include <string.h>

#include <sys/socket.h>

#include "seal/tunnel.h"

struct records {
    struct tunnel keys;
    size_t len, used;                /* of text */
    uint8_t text[TUNNEL_RECORD_MAX]; /* of the last record */
};

static inline bool records_send_raw(int fd, const uint8_t *at, size_t len)
{
    for (ssize_t n; len > 0; at += n, len -= (size_t)n) {
        n = send(fd, at, len, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
    }
    return true;
}

/** Send bytes, in records unless r is NULL. false: the other end is gone. */
static inline bool records_send(struct records *r, int fd, struct slice bytes)
{
    uint8_t record[TUNNEL_RECORD_MAX];
    if (r == NULL)
        return records_send_raw(fd, bytes.at, bytes.len);
    while (bytes.len > 0) {
        const size_t n = bytes.len < TUNNEL_TEXT_MAX ? bytes.len : TUNNEL_TEXT_MAX;
        const size_t len = tunnel_seal(&r->keys.send, slice_of(bytes.at, n), record);
        if (!records_send_raw(fd, record, len))
            return false;
        bytes = slice_of(bytes.at + n, bytes.len - n);
    }
    return true;
}

static inline bool records_read_raw(int fd, uint8_t *at, size_t n)
{
    return n == 0 || recv(fd, at, n, MSG_WAITALL) == (ssize_t)n;
}

/** Read the next record, which must open. */
static inline bool records_next(struct records *r, int fd)
{
    struct tunnel_opened opened;
    size_t need;
    if (!records_read_raw(fd, r->text, TUNNEL_HEAD_LEN) ||
        tunnel_measure(slice_of(r->text, TUNNEL_HEAD_LEN), &need) != ERR_SHORT ||
        !records_read_raw(fd, r->text + TUNNEL_HEAD_LEN, need - TUNNEL_HEAD_LEN) ||
        tunnel_open(&r->keys.take, r->text, need, &opened) != OK)
        return false;
    r->len = opened.text_len;
    r->used = 0;
    return true;
}

/** Read n bytes, out of records unless r is NULL. false: there are no more, or no such ones. */
static inline bool records_read(struct records *r, int fd, uint8_t *at, size_t n)
{
    if (r == NULL)
        return records_read_raw(fd, at, n);
    while (n > 0) {
        if (r->used == r->len && !records_next(r, fd))
            return false;
        const size_t left = r->len - r->used, part = left < n ? left : n;
        memcpy(at, r->text + r->used, part);
        r->used += part;
        at += part;
        n -= part;
    }
    return true;
}
