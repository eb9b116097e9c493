/**
 * http/host.h - for whom a request is meant: does its Host name this node?
 *
 * A page from anywhere may give its own name an address of this machine or network when it has been loaded
 * (DNS rebinding): the browser then takes what it reads here for a part of that page. Such a request carries
 * the page's name. Who speaks to an address means it, and "localhost" is in nobody's hands. Other names have
 * to be told, where requests come in over loopback: there nobody but this machine asks, and whoever forwards
 * by name is configured anyway. Where names are told they count on every address; where none are, other
 * addresses take any name, as of services, proxies and scrapers, since who reaches them needs no browser.
 * Source: RFC 9110 7.2 (Host), 15.5.20 (421).
 */
#pragma once

#include <stdbool.h>

#include "loop/loop.h"

/** The names of one node. Lent. */
struct http_names {
    const char *own;         /* of the node; NULL = none */
    struct loop_texts given; /* by the operator */
};

/** Is this the Host of a request to this node? Blind to letter case, to a port, and to a dot at the end.
 *  host: hostile. NULL or "" names nobody, and passes: browsers always send one. */
bool http_host_fits(const struct http_names *names, const char *host);

/** Are names looked at for requests that came in at this address of ours? */
bool http_host_counts(const struct http_names *names, const struct addr *at);
