/**
 * base/err.h - the one list of errors of the whole process.
 *
 * Three kinds of trouble get three treatments: a programmer's mistake is an assert(), which is never
 * compiled out; hostile or malformed bytes and exceeded limits are an `enum err`, counted, with the
 * state unchanged; the environment (sockets, files) is ERR_IO and comes only from `loop` and above.
 */
#pragma once

#include "base/attr.h"

#define ERR_LIST(X)                                                                                \
    X(OK, "ok")                                                                                    \
    X(ERR_MALFORMED, "malformed bytes")                                                            \
    X(ERR_SHORT, "more bytes are needed")                                                          \
    X(ERR_LIMIT, "a limit was exceeded")                                                           \
    X(ERR_SPACE, "the output buffer is too small")                                                 \
    X(ERR_FULL, "a table is full")                                                                 \
    X(ERR_STALE, "outranked by newer knowledge")                                                   \
    X(ERR_UNKNOWN, "unknown")                                                                      \
    X(ERR_DUPLICATE, "already known")                                                              \
    X(ERR_CONFLICT, "two truths for one name")                                                     \
    X(ERR_REPLAY, "a replayed packet")                                                             \
    X(ERR_KEY, "unknown key id")                                                                   \
    X(ERR_PLAIN, "a plain packet where only sealed ones count")                                    \
    X(ERR_UNAUTHENTIC, "authentication failed")                                                    \
    X(ERR_VERSION, "unsupported version")                                                          \
    X(ERR_REFUSED, "refused")                                                                      \
    X(ERR_NOT_READY, "not ready")                                                                  \
    X(ERR_IO, "input/output error")                                                                \
    X(ERR_TIMEOUT, "timed out")                                                                    \
    X(ERR_CONFIG, "bad configuration")

#define ERR_ENUM(name, text) name,

enum err {
    ERR_LIST(ERR_ENUM) ERR_COUNT
};

#undef ERR_ENUM

/** The fixed English text of an error. Lends a static string; asserts that err is in the list. */
const char *err_text(enum err err);
