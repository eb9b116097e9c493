#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policy/trace.h"

#include "small.h"

/** A file of these bytes with that name in a folder of its own, until the next call. */
static const char *file_of(const char *name, const void *bytes, size_t len)
{
    static char path[128];
    char folder[] = "/tmp/sj-trace-XXXXXX";
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "wb");
    cr_assert_not_null(f);
    cr_assert_eq(fwrite(bytes, 1, len, f), len);
    fclose(f);
    return path;
}

static void drop(const char *path)
{
    unlink(path);
    char folder[128];
    snprintf(folder, sizeof folder, "%s", path);
    *strrchr(folder, '/') = 0;
    rmdir(folder);
}

/** What loading such a file complains of, behind the path; "" when it loads. */
static const char *complaint(const char *name, const void *bytes, size_t len)
{
    static struct fault fault;
    struct trace t;
    fault.text[0] = 0;
    const char *path = file_of(name, bytes, len);
    if (trace_load(path, NULL, &t, &fault))
        trace_free(&t);
    else
        cr_assert_eq(strncmp(fault.text, path, strlen(path)), 0, "%s", fault.text);
    drop(path);
    return fault.text[0] == 0 ? "" : fault.text + strlen(path);
}

#define COMPLAINS(name, bytes, text)                                                               \
    cr_assert_str_eq(complaint(name, bytes, sizeof(bytes) - 1), text)

/** Does such a file have the requests of letters? */
static void same(const char *name, const void *bytes, size_t len, const char *letters)
{
    struct fault fault = {.text = ""};
    struct trace t, want = trace_of(letters);
    const char *path = file_of(name, bytes, len);
    cr_assert(trace_load(path, NULL, &t, &fault), "%s", fault.text);
    cr_assert_eq(t.requests_n, want.requests_n);
    cr_assert_eq(t.objects_n, want.objects_n);
    for (uint32_t i = 0; i < t.requests_n; i++) {
        cr_assert_eq(t.requests[i].object, want.requests[i].object);
        cr_assert_eq(t.requests[i].next, want.requests[i].next);
    }
    trace_free(&t);
    trace_free(&want);
    drop(path);
}

#define SAME(name, bytes, letters) same(name, bytes, sizeof(bytes) - 1, letters)

Test(trace, objects_are_numbered_as_they_come_and_know_when_they_come_again)
{
    struct trace t = trace_of("abac");
    cr_assert_eq(t.objects_n, 3);
    cr_assert_eq(t.requests[2].object, 0);
    cr_assert_eq(t.requests[0].next, 2);
    cr_assert_eq(t.requests[1].next, TRACE_NEVER);
    cr_assert_eq(t.requests[2].next, TRACE_NEVER);
    trace_free(&t);
}

Test(trace, a_line_of_an_arc_trace_asks_for_each_of_its_blocks)
{
    SAME("x.lis", "7 3 0 0\n8 1 0 1\n7 2 0 2\n", "abcbab");
    SAME("x.lis", "7 1 0 0\n9 1 0 1", "ab"); /* no newline in the end */
}

Test(trace, ids_are_big_endian_and_those_of_an_oracle_little)
{
    SAME("scarab.trace", "\0\0\0\0\0\0\0\1\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", "aba");
    SAME("cache2k.trace", "\0\0\0\1\1\0\0\0\0\0\0\1", "aba");
    SAME("x.oracleGeneral",
         "\0\0\0\0\1\0\0\0\0\0\0\0\4\0\0\0\0\0\0\0\0\0\0\0"
         "\0\0\0\0\0\0\0\0\0\0\0\1\4\0\0\0\0\0\0\0\0\0\0\0",
         "ab");
}

Test(trace, sizes_come_from_the_oracle)
{
    struct fault fault;
    struct trace t;
    const char *path =
        file_of("x.oracleGeneral", "\0\0\0\0\1\0\0\0\0\0\0\0\2\1\0\0\0\0\0\0\0\0\0\0", 24);
    cr_assert(trace_load(path, NULL, &t, &fault));
    cr_assert_eq(t.requests[0].size, 258);
    cr_assert_eq(t.bytes, 258);
    trace_free(&t);
    drop(path);
}

Test(trace, a_bad_record_is_told_with_its_number_and_limit)
{
    COMPLAINS("x.lis", "1 1 0 0\n1 0 0 1\n", ": record 2: 0 blocks; the limits are 1 and 1000000");
    COMPLAINS("x.lis", "1 1000001 0 0\n",
              ": record 1: 1000001 blocks; the limits are 1 and 1000000");
    COMPLAINS("x.lis", "1 1 0 0\n\n", ": record 2: field 1 is not a number of at most 18 digits");
    COMPLAINS("x.lis", "1 1 0 0\n1 -1 0 1\n",
              ": record 2: field 2 is not a number of at most 18 digits");
    COMPLAINS("x.lis", "1111111111111111111 1 0 0\n",
              ": record 1: field 1 is not a number of at most 18 digits");
    COMPLAINS("scarab.trace", "\0\0\0\0\0\0\0\1\1", ": record 2: cut off: 1 bytes; a record has 8");
    COMPLAINS("cache2k.trace", "\0\0\0\0\0\0", ": record 2: cut off: 2 bytes; a record has 4");
    COMPLAINS("x.oracleGeneral", "\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
              ": record 1: size 0; the least is 1");
    COMPLAINS("x.oracleGeneral", "\0\0\0\0", ": record 1: cut off: 4 bytes; a record has 24");
}

Test(trace, a_file_that_is_empty_or_of_no_format_is_told)
{
    COMPLAINS("x.lis", "", ": record 1: there is none");
    COMPLAINS("x.bin", "1", ": its name tells no format: use --format");
}

/* printf '1 1 0 0\n2 1 0 1\n1 1 0 2\n' | zstd, and | xz */
static const uint8_t ZSTD[] = {0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x58, 0xc1, 0x00, 0x00, 0x31,
                               0x20, 0x31, 0x20, 0x30, 0x20, 0x30, 0x0a, 0x32, 0x20, 0x31,
                               0x20, 0x30, 0x20, 0x31, 0x0a, 0x31, 0x20, 0x31, 0x20, 0x30,
                               0x20, 0x32, 0x0a, 0x7f, 0xe0, 0x8b, 0x07};
static const uint8_t XZ[] = {
    0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 0x00, 0x04, 0xe6, 0xd6, 0xb4, 0x46, 0x02, 0x00, 0x21, 0x01,
    0x16, 0x00, 0x00, 0x00, 0x74, 0x2f, 0xe5, 0xa3, 0xe0, 0x00, 0x17, 0x00, 0x13, 0x5d, 0x00, 0x18,
    0x88, 0x1c, 0x04, 0x61, 0xa0, 0x0a, 0x68, 0xc4, 0x20, 0xbb, 0x42, 0xcb, 0xc7, 0xa3, 0xdc, 0x15,
    0x80, 0x00, 0x00, 0x00, 0x8a, 0xff, 0x3c, 0x9b, 0xb8, 0x5c, 0x47, 0x29, 0x00, 0x01, 0x2f, 0x18,
    0x10, 0x15, 0xf6, 0x21, 0x1f, 0xb6, 0xf3, 0x7d, 0x01, 0x00, 0x00, 0x00, 0x00, 0x04, 0x59, 0x5a};

Test(trace, what_is_packed_is_unpacked_by_its_name)
{
    same("x.lis.zst", ZSTD, sizeof ZSTD, "aba");
    same("x.lis.xz", XZ, sizeof XZ, "aba");
}

Test(trace, what_is_packed_and_cut_off_or_damaged_is_refused)
{
    cr_assert_not_null(strstr(complaint("x.lis.zst", ZSTD, sizeof ZSTD - 3), "cannot be unpacked"));
    cr_assert_not_null(strstr(complaint("x.lis.xz", XZ, sizeof XZ - 3), "cannot be unpacked"));
    cr_assert_not_null(strstr(complaint("x.lis.zst", "1 1 0 0\n", 8), "cannot be unpacked"));
    cr_assert_not_null(strstr(complaint("x.lis.xz", "1 1 0 0\n", 8), "cannot be unpacked"));
    cr_assert_not_null(strstr(complaint("x.lis.zst", "", 0), "cannot be unpacked"));
}

Test(trace, a_file_that_is_not_there_is_told)
{
    struct fault fault;
    struct trace t;
    cr_assert_not(trace_load("/nowhere/x.lis", NULL, &t, &fault));
    cr_assert_str_eq(fault.text, "/nowhere/x.lis: No such file or directory");
}
