#include "app/parse.h"

#include <stdlib.h>
#include <string.h>

#include "app/config.h"
#include "base/quantity.h"
#include "loop/address.h"
#include "loop/loop.h"
#include "wire/client.h"
#include "wire/peer.h"

#define MEMORY_MIN (1ULL << 20)
#define TIME_MAX   (3600 * US_PER_SEC)

const char *parse_text(const char *text, void *into)
{
    const size_t len = strlen(text);
    if (len < 1 || len >= CONFIG_TEXT_MAX)
        return "1 to 511 bytes";
    memcpy(into, text, len + 1);
    return NULL;
}

static bool has_control(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return true;
    }
    return false;
}

const char *parse_name(const char *text, void *into)
{
    if (strlen(text) > PEER_NAME_MAX || has_control(text))
        return "a name of 1 to 63 bytes without control characters";
    return parse_text(text, into) == NULL ? NULL : "a name of 1 to 63 bytes";
}

const char *parse_host_name(const char *text, void *into)
{
    if (strlen(text) > ADDRESS_HOST_MAX || has_control(text) || strchr(text, ' ') != NULL)
        return "a DNS name of 1 to 253 bytes";
    return parse_text(text, into) == NULL ? NULL : "a DNS name of 1 to 253 bytes";
}

const char *parse_seed(const char *text, void *into)
{
    struct address_target target;
    if (address_split(text, &target) != OK || target.port == 0)
        return "HOST:PORT, as in 10.0.0.2:6248";
    return parse_text(text, into);
}

const char *parse_server(const char *text, void *into)
{
    struct addr addr;
    if (address_parse(text, &addr) != OK || addr.port == 0)
        return "ADDR:PORT with a numeric address, as in 10.96.0.10:53";
    return parse_text(text, into);
}

const char *parse_host(const char *text, void *into)
{
    struct addr addr;
    if (address_parse_host(text, 0, &addr) != OK && address_parse(text, &addr) != OK)
        return "a numeric address with or without a port, as in 10.0.0.2 or 10.0.0.2:6248";
    memcpy(into, &addr, sizeof addr);
    return NULL;
}

const char *parse_listen(const char *text, void *into)
{
    struct addr addr;
    if (address_parse(text, &addr) != OK)
        return "ADDR:PORT with a numeric address, as in 127.0.0.1:6247 or [::1]:6247";
    memcpy(into, &addr, sizeof addr);
    return NULL;
}

const char *parse_listen_or_off(const char *text, void *into)
{
    static const struct addr off;
    if (strcmp(text, "off") == 0)
        memcpy(into, &off, sizeof off);
    else if (parse_listen(text, into) != NULL)
        return "ADDR:PORT with a numeric address, as in 127.0.0.1:6249, or off";
    return NULL;
}

const char *parse_switch(const char *text, void *into)
{
    static const char *const words[] = {"false", "true", "no", "yes", "off", "on", "0", "1"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (strcmp(text, words[i]) == 0) {
            *(bool *)into = i % 2 == 1;
            return NULL;
        }
    }
    return "true or false";
}

const char *parse_memory(const char *text, void *into)
{
    struct config_memory memory = {.bytes = 0};
    if (quantity_percent(slice_text(text), &memory.percent) != OK &&
        (quantity_bytes(slice_text(text), &memory.bytes) != OK || memory.bytes < MEMORY_MIN))
        return "a size of at least 1MiB, as in 64MiB or 2GiB, or a share of 1% to 100%";
    *(struct config_memory *)into = memory;
    return NULL;
}

const char *parse_value_max(const char *text, void *into)
{
    uint64_t bytes = 0;
    if (quantity_bytes(slice_text(text), &bytes) != OK || bytes < 1 || bytes > CLIENT_VALUE_LIMIT)
        return "a size of 1B to 16777215B, as in 8MiB";
    *(uint32_t *)into = (uint32_t)bytes;
    return NULL;
}

const char *parse_workers(const char *text, void *into)
{
    char *end = NULL;
    const unsigned long n = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || n < 1 || n > LOOP_WORKERS_MAX)
        return "a number from 1 to 64";
    *(uint32_t *)into = (uint32_t)n;
    return NULL;
}

const char *parse_time(const char *text, void *into)
{
    uint64_t us = 0;
    if (quantity_us(slice_text(text), &us) != OK || us < 1 || us > TIME_MAX)
        return "a time of at most 1h, as in 500ms or 2s";
    *(uint64_t *)into = us;
    return NULL;
}

const char *parse_profile(const char *text, void *into)
{
    static const char *const words[] = {
        [SWIM_POD] = "pod", [SWIM_WAN] = "wan", [SWIM_TEST] = "test"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (strcmp(text, words[i]) == 0) {
            *(enum swim_profile *)into = (enum swim_profile)i;
            return NULL;
        }
    }
    return "pod, wan or test";
}

const char *parse_level(const char *text, void *into)
{
    return logger_level_of(text, into) ? NULL : "debug, info, warn or error";
}

const char *parse_format(const char *text, void *into)
{
    const bool json = strcmp(text, "json") == 0;
    if (!json && strcmp(text, "logfmt") != 0)
        return "logfmt or json";
    *(bool *)into = json;
    return NULL;
}
