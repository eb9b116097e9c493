#include <stdio.h>
#include <string.h>

#include "client/inside.h"

/** Copy len bytes as a text. false when they do not fit or there are none. */
static bool copy(char *out, size_t cap, const char *at, size_t len)
{
    if (len == 0 || len >= cap)
        return false;
    memcpy(out, at, len);
    out[len] = '\0';
    return true;
}

/** Where the host ends: at "]" or, when there is exactly one, at the colon. */
static bool split(const char *text, struct address *out, const char **port)
{
    const char *colon = strrchr(text, ':');
    if (text[0] == '[') {
        const char *end = strchr(text, ']');
        if (end == NULL || (end[1] != ':' && end[1] != '\0'))
            return false;
        *port = end[1] == ':' ? end + 2 : NULL;
        return copy(out->host, sizeof out->host, text + 1, (size_t)(end - text - 1));
    }
    if (colon == NULL || strchr(text, ':') != colon) { /* no port, or an IPv6 address alone */
        *port = NULL;
        return copy(out->host, sizeof out->host, text, strlen(text));
    }
    *port = colon + 1;
    return copy(out->host, sizeof out->host, text, (size_t)(colon - text));
}

static bool is_port(const char *text)
{
    const size_t len = strlen(text);
    unsigned value = 0;
    for (size_t i = 0; i < len; i++) {
        if (len > 5 || text[i] < '0' || text[i] > '9')
            return false;
        value = value * 10 + (unsigned)(text[i] - '0');
    }
    return value > 0 && value <= UINT16_MAX;
}

bool address_parse(const char *text, struct address *out)
{
    char standard[8];
    const char *port = NULL;
    snprintf(standard, sizeof standard, "%d", SCRUBJAY_DEFAULT_PORT);
    if (!split(text == NULL ? "127.0.0.1" : text, out, &port))
        return false;
    if (port == NULL)
        port = standard;
    if (!is_port(port) || !copy(out->port, sizeof out->port, port, strlen(port)))
        return false;
    const bool v6 = strchr(out->host, ':') != NULL;
    snprintf(out->text, sizeof out->text, v6 ? "[%s]:%s" : "%s:%s", out->host, out->port);
    return true;
}
