/** What nodes answer, as JSON. */

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "cli/jay.h"

static void expect_json(const char *msgpack, size_t len, const char *json)
{
    json_t *value = jay_json_of((struct scrubjay_bytes){msgpack, len});
    cr_assert_not_null(value, "%s", json);
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    cr_expect_str_eq(text, json);
    free(text);
    json_decref(value);
}

#define EXPECT(msgpack, json) expect_json(msgpack, sizeof(msgpack) - 1, json)

Test(json, scalars_are_themselves)
{
    EXPECT("\xC0", "null");
    EXPECT("\xC3", "true");
    EXPECT("\x7F", "127");
    EXPECT("\xFF", "-1");
    EXPECT("\xA2hi", "\"hi\"");
    EXPECT("\xCB\x3F\xE0\0\0\0\0\0\0", "0.5");
}

Test(json, numbers_that_json_would_round_are_hex)
{
    EXPECT("\xCF\x00\x20\0\0\0\0\0\0", "9007199254740992");
    EXPECT("\xCF\x00\x20\0\0\0\0\0\1", "\"0020000000000001\"");
    EXPECT("\xCF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", "\"ffffffffffffffff\"");
}

Test(json, bytes_are_text_when_they_can_be)
{
    EXPECT("\xC4\x02hi", "\"hi\"");
    EXPECT("\xC4\x00", "\"\"");
    EXPECT("\xC4\x02\xFF\xFE", "{\"base64\":\"//4=\"}");
}

Test(json, containers_keep_their_order)
{
    EXPECT("\x82\xA1z\x01\xA1"
           "a\x92\x02\xC0",
           "{\"z\":1,\"a\":[2,null]}");
    EXPECT("\x82\x01\x02\xA1k\x03", "{\"k\":3}");
}

Test(json, what_is_cut_or_a_bomb_is_refused)
{
    cr_expect_null(jay_json_of((struct scrubjay_bytes){"", 0}));
    cr_expect_null(jay_json_of((struct scrubjay_bytes){"\x92\x01", 2}));
    cr_expect_null(jay_json_of((struct scrubjay_bytes){"\xDD\xFF\xFF\xFF\xFF", 5}));
    cr_expect_null(jay_json_of((struct scrubjay_bytes){"\xC1", 1}));
}
