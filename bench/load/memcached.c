/** load/memcached.c - the meta commands mg, ms, md, and flush_all. Source: memcached's protocol.txt. */
#include "base/attr.h"
#include "load/protocol.h"

static void write_text(struct writer *w, const char *text)
{
    write_bytes(w, slice_text(text));
}

static void write_command(struct writer *w, const char *command, struct slice key)
{
    write_text(w, command);
    write_text(w, " ");
    write_bytes(w, key);
}

static void write_store(struct writer *w, const struct parts *parts)
{
    write_command(w, "ms", parts->key);
    write_text(w, " ");
    protocol_write_digits(w, parts->value.len);
    if (parts->ttl_s > 0) {
        write_text(w, " T");
        protocol_write_digits(w, parts->ttl_s);
    }
    write_text(w, "\r\n");
    write_bytes(w, parts->value);
    write_text(w, "\r\n");
}

static void write_request(struct writer *w, enum verb verb, const struct parts *parts)
{
    switch (verb) {
    case VERB_GET:
        write_command(w, "mg", parts->key);
        write_text(w, " v\r\n");
        break;
    case VERB_INVALIDATE:
        write_command(w, "md", parts->key);
        write_text(w, "\r\n");
        break;
    case VERB_CLEAR:
        write_text(w, "flush_all\r\n");
        break;
    default:
        write_store(w, parts);
    }
}

/** Answers without a value. NF: there was nothing to delete, which is as well. */
static const struct {
    const char *word;
    enum answer answer;
} WORDS[] = {
    {"HD", ANSWER_DONE},    {"EN", ANSWER_MISS},    {"NF", ANSWER_DONE},
    {"NS", ANSWER_REFUSED}, {"EX", ANSWER_REFUSED}, {"OK", ANSWER_DONE},
};

static enum err read_word(struct slice line, struct reply *out)
{
    for (size_t i = 0; i < ARRAY_LEN(WORDS); i++) {
        if (slice_starts(line, slice_text(WORDS[i].word)) && (line.len == 2 || line.at[2] == ' ')) {
            out->answer = WORDS[i].answer;
            return OK;
        }
    }
    const bool is_error = slice_starts(line, slice_text("ERROR")) ||
                          slice_starts(line, slice_text("CLIENT_ERROR")) ||
                          slice_starts(line, slice_text("SERVER_ERROR"));
    return is_error ? OK : ERR_MALFORMED;
}

static enum err read_reply(struct slice bytes, struct reply *out)
{
    struct slice line;
    size_t len;
    const enum err err = protocol_read_line(bytes, &line);
    if (err != OK)
        return err;
    if (slice_starts(line, slice_text("VA "))) {
        if (!protocol_read_length(slice_of(line.at + 3, line.len - 3), &len))
            return ERR_MALFORMED;
        return protocol_read_block(bytes, line.len, len, out);
    }
    *out = (struct reply){.len = line.len + 2, .answer = ANSWER_ERROR, .why = line};
    return read_word(line, out);
}

const struct protocol PROTOCOL_MEMCACHED = {.name = "memcached",
                                            .endpoint = "127.0.0.1:11211",
                                            .key_max = 250,
                                            .write = write_request,
                                            .read = read_reply};
