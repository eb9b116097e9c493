/** load/redis.c - RESP2: GET, SET [EX], DEL, FLUSHALL. Source: the Redis serialization protocol. */
#include "load/protocol.h"

static void write_text(struct writer *w, const char *text)
{
    write_bytes(w, slice_text(text));
}

static void write_bulk(struct writer *w, struct slice bytes)
{
    write_text(w, "$");
    protocol_write_digits(w, bytes.len);
    write_text(w, "\r\n");
    write_bytes(w, bytes);
    write_text(w, "\r\n");
}

static void write_set(struct writer *w, const struct parts *parts)
{
    uint8_t digits[20];
    struct writer ttl = writer_of(digits, sizeof digits);
    write_text(w, parts->ttl_s > 0 ? "*5\r\n" : "*3\r\n");
    write_bulk(w, slice_text("SET"));
    write_bulk(w, parts->key);
    write_bulk(w, parts->value);
    if (parts->ttl_s == 0)
        return;
    protocol_write_digits(&ttl, parts->ttl_s);
    write_bulk(w, slice_text("EX"));
    write_bulk(w, writer_slice(&ttl));
}

static void write_one(struct writer *w, const char *command, struct slice key)
{
    write_text(w, "*2\r\n");
    write_bulk(w, slice_text(command));
    write_bulk(w, key);
}

static void write_request(struct writer *w, enum verb verb, const struct parts *parts)
{
    switch (verb) {
    case VERB_GET:
        write_one(w, "GET", parts->key);
        break;
    case VERB_INVALIDATE:
        write_one(w, "DEL", parts->key);
        break;
    case VERB_CLEAR:
        write_text(w, "*1\r\n$8\r\nFLUSHALL\r\n");
        break;
    default:
        write_set(w, parts);
    }
}

/** "$-1" is a miss; any other length is that of a value. */
static enum err read_bulk(struct slice bytes, struct slice line, struct reply *out)
{
    const struct slice length = slice_of(line.at + 1, line.len - 1);
    size_t len;
    if (slice_eq(length, slice_text("-1"))) {
        out->answer = ANSWER_MISS;
        return OK;
    }
    if (!protocol_read_length(length, &len))
        return ERR_MALFORMED;
    return protocol_read_block(bytes, line.len, len, out);
}

static enum err read_reply(struct slice bytes, struct reply *out)
{
    struct slice line;
    const enum err err = protocol_read_line(bytes, &line);
    if (err != OK)
        return err;
    if (line.len == 0)
        return ERR_MALFORMED;
    *out = (struct reply){.len = line.len + 2, .answer = ANSWER_DONE};
    switch (line.at[0]) {
    case '+':
    case ':':
        return OK;
    case '-':
        out->answer = ANSWER_ERROR;
        out->why = slice_of(line.at + 1, line.len - 1);
        return OK;
    case '$':
        return read_bulk(bytes, line, out);
    default:
        return ERR_MALFORMED;
    }
}

const struct protocol PROTOCOL_REDIS = {.name = "redis",
                                        .endpoint = "127.0.0.1:6379",
                                        .key_max = 1024,
                                        .write = write_request,
                                        .read = read_reply};
