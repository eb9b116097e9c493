/**
 * tests/unit/http/site.h - nodes with their endpoints on loopback, driven by hand on this thread, and
 * a client that asks them.
 */
#pragma once

#include "http/server.h"

#define SITE_TEXT_MAX 262144

struct site {
    struct loop *loop;
    struct http *http;
    struct site *beside; /* turned along while this one is asked; NULL = none */
};

/** How a site differs from a lone node "a" on 127.0.0.1. */
struct site_cfg {
    const char *name;
    bool any_address; /* can be reached from other machines */
    uint32_t expect;
    const struct clients *clients; /* NULL = everybody may do everything */
    enum entry login;
    const struct site *seed; /* whom to join */
};

/** Open a site. */
struct site site_open(const struct site_cfg *cfg);

/** A lone node. */
struct site site_alone(void);

/** Turn both until each counts n alive. */
void site_join(struct site *a, struct site *b, size_t n);

/** Release everything. */
void site_close(struct site *s);

/** One turn of the loop of s, and of the one beside it. */
void site_turn(const struct site *s);

/** Connect to the endpoint. Returns: the socket. */
int site_dial(const struct site *s);

/** Send, turning, until the answer has ended with the connection. */
void site_exchange(const struct site *s, int fd, const char *request, char out[SITE_TEXT_MAX]);

/** One request on a connection of its own; the answer's text in a static buffer. */
const char *site_ask(const struct site *s, const char *line, const char *headers, const char *body);

/** POST /v1/invalidate with a body; more: further headers. */
const char *site_post(const struct site *s, const char *more, const char *body);

/** The status of an answer. */
int site_status(const char *answer);

/** Fail unless answer contains part. */
void site_holds(const char *answer, const char *part);
