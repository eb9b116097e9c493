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

const char *parse_path(const char *text, void *into)
{
    return parse_text(text, into) == NULL ? NULL : "a path of 1 to 511 bytes";
}

/** Does text begin with what YAML cannot hold as it stands? C1 controls, line separators, marks of byte
 *  order (YAML 1.1 section 5.1). */
static bool begins_unprintable(const char *text)
{
    static const char *const WHOLE[] = {"\xe2\x80\xa8", "\xe2\x80\xa9", "\xef\xbb\xbf",
                                        "\xef\xbf\xbe", "\xef\xbf\xbf"};
    for (size_t i = 0; i < ARRAY_LEN(WHOLE); i++) {
        if (strncmp(text, WHOLE[i], strlen(WHOLE[i])) == 0)
            return true;
    }
    return (unsigned char)text[0] == 0xc2 && (unsigned char)text[1] < 0xa0;
}

static bool has_control(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < ' ' || *text == 0x7f || begins_unprintable(text))
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

/** Digits only; what is too long for 64 bits is over any max. */
static bool read_whole(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
    const uint64_t n = strtoull(text, NULL, 10);
    if (text[0] == '\0' || text[strspn(text, "0123456789")] != '\0' || n < min || n > max)
        return false;
    *out = n;
    return true;
}

static bool read_whole_32(const char *text, uint32_t min, uint32_t max, uint32_t *out)
{
    uint64_t n = 0;
    if (!read_whole(text, min, max, &n))
        return false;
    *out = (uint32_t)n;
    return true;
}

const char *parse_workers(const char *text, void *into)
{
    return read_whole_32(text, 1, LOOP_WORKERS_MAX, into) ? NULL : "a number from 1 to 64";
}

const char *parse_expect(const char *text, void *into)
{
    return read_whole_32(text, 1, POLICY_EXPECT_MAX, into) ? NULL : "a number from 1 to 64";
}

const char *parse_heal_log(const char *text, void *into)
{
    return read_whole_32(text, NODE_LOG_MIN, NODE_LOG_MAX, into) ? NULL
                                                                 : "a number from 16 to 1048576";
}

const char *parse_fence_ms(const char *text, void *into)
{
    return read_whole_32(text, POLICY_FENCE_MS_MIN, POLICY_FENCE_MS_MAX, into)
               ? NULL
               : "whole milliseconds from 50 to 60000, as in 1000";
}

const char *parse_within_ms(const char *text, void *into)
{
    return read_whole_32(text, 1, CLIENT_WITHIN_MS_MAX, into)
               ? NULL
               : "whole milliseconds from 1 to 3600000, as in 1000";
}

const char *parse_life_ms(const char *text, void *into)
{
    return read_whole(text, 0, CLIENT_TTL_MS_MAX, into)
               ? NULL
               : "whole milliseconds from 0 to 315360000000 (3,650 days), as in 60000";
}

const char *parse_ack(const char *text, void *into)
{
    static const enum client_ack_level LEVELS[] = {ACK_LOCAL, ACK_QUORUM, ACK_ALL, ACK_FENCED};
    struct client_ack ack = {.level = ACK_NODES};
    for (size_t i = 0; i < ARRAY_LEN(LEVELS); i++) {
        if (strcmp(text, client_ack_text(LEVELS[i])) == 0)
            ack.level = LEVELS[i];
    }
    if (ack.level == ACK_NODES && !read_whole_32(text, 1, CLIENT_ACK_K_MAX, &ack.k))
        return "local, quorum, all, fenced, or a number of nodes from 1 to 1023";
    *(struct client_ack *)into = ack;
    return NULL;
}

const char *parse_namespace(const char *text, void *into)
{
    const size_t len = strlen(text);
    if (len > CLIENT_NS_MAX || has_control(text))
        return "a name of at most 64 bytes without control characters";
    memcpy(into, text, len + 1);
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

const char *parse_login(const char *text, void *into)
{
    for (enum entry entry = ENTRY_OFF; entry <= ENTRY_REQUIRE; entry++) {
        if (strcmp(text, entry_text(entry)) == 0) {
            *(enum entry *)into = entry;
            return NULL;
        }
    }
    return "off, accept or require";
}

const char *parse_plain(const char *text, void *into)
{
    for (enum plain plain = PLAIN_LOOPBACK; plain < PLAINS; plain++) {
        if (strcmp(text, plain_text(plain)) == 0) {
            *(enum plain *)into = plain;
            return NULL;
        }
    }
    return "loopback, everywhere or nowhere";
}

const char *parse_crypto(const char *text, void *into)
{
    for (enum seal_mode mode = SEAL_OFF; mode <= SEAL_REQUIRE; mode++) {
        if (strcmp(text, mode_text(mode)) == 0) {
            *(enum seal_mode *)into = mode;
            return NULL;
        }
    }
    return "off, listen, prefer or require";
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
