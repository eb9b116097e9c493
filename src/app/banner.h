/** app/banner.h - what a person who starts a node by hand wants to know. */
#pragma once

#include <stdio.h>

#include "app/config.h"
#include "http/server.h"
#include "loop/loop.h"

/** What was started. Lends everything. */
struct banner {
    const struct config *config;
    const struct keyring *ring;
    size_t clients_n; /* in the clients file; whether they log in, config says */
    struct addr client;
    struct addr gossip;
    struct addr advertise;
    struct addr http; /* ip_len 0 = off */
    uint64_t fixed_bytes;
};

/** Write listeners, memory, and one next command to try. */
void banner_print(const struct banner *b, FILE *out);
