#include <inttypes.h>
#include <stdio.h>

#include "base/hex.h"
#include "http/json.h"
#include "http/text.h"

#define EXACT_MAX ((1ULL << 53) - 1) /* RFC 8259 6: exact in every reader */

static bool is_plain(uint8_t c)
{
    return c >= ' ' && c < 0x7f;
}

static json_t *escape(struct slice bytes)
{
    struct http_text text = {0};
    char shown[8];
    for (size_t i = 0; i < bytes.len; i++) {
        (void)snprintf(shown, sizeof shown, is_plain(bytes.at[i]) ? "%c" : "\\x%02x",
                       (unsigned)bytes.at[i]);
        http_text_say(&text, shown);
    }
    json_t *out = text.failed ? NULL : json_stringn(text.len == 0 ? "" : text.at, text.len);
    http_text_fini(&text);
    return out;
}

json_t *http_json_text(struct slice bytes)
{
    json_t *out = json_stringn(bytes.len == 0 ? "" : (const char *)bytes.at, bytes.len);
    return out != NULL ? out : escape(bytes);
}

json_t *http_json_hex(uint64_t value)
{
    char text[17];
    (void)snprintf(text, sizeof text, "%016" PRIx64, value);
    return json_string(text);
}

json_t *http_json_number(uint64_t value)
{
    return json_integer((json_int_t)(value <= EXACT_MAX ? value : EXACT_MAX));
}

json_t *http_json_age(mono_us at, mono_us now)
{
    return http_json_number(now > at ? (now - at) / US_PER_MS : 0);
}

json_t *http_json_stamp(const struct hkey *hkey, const struct stamp *stamp)
{
    uint8_t bytes[STAMP_LEN];
    char hex[2 * STAMP_LEN + 1];
    stamp_write(hkey, stamp, bytes);
    hex_write(bytes, sizeof bytes, hex);
    return json_string(hex);
}
