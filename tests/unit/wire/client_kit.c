#include "client_kit.h"

#include <criterion/criterion.h>
#include <string.h>

#include "vectors.h"

struct client_codec *kit_codec(void)
{
    static uint8_t memory[1 << 17];
    static struct client_codec *codec;
    struct arena arena;
    arena_init(&arena, memory, sizeof memory);
    if (codec == NULL)
        codec = client_codec_new(&arena, KIT_VALUE_MAX);
    cr_assert_not_null(codec);
    return codec;
}

struct slice kit_vector_whole(const char *file, const char *field)
{
    static uint8_t bytes[4096];
    return slice_of(bytes, vectors_load(file, field, bytes, sizeof bytes));
}

struct slice kit_vector(const char *file, const char *field)
{
    const struct slice whole = kit_vector_whole(file, field);
    struct client_fault fault;
    struct slice frame;
    size_t need;
    cr_assert_eq(client_frame(kit_codec(), whole, &frame, &need, &fault), OK);
    cr_assert_eq(need, whole.len, "the length of %s is right", field);
    return frame;
}

void kit_begin(struct kit_request *r, const char *op, size_t args_n)
{
    static uint8_t bytes[1 << 18];
    r->w = writer_of(bytes, sizeof bytes);
    r->p = packer_of(&r->w);
    pack_array(&r->p, 4);
    pack_u64(&r->p, 0);
    pack_u64(&r->p, 7);
    pack_str(&r->p, slice_text(op));
    pack_array(&r->p, args_n);
}

void kit_fill(struct kit_request *r, size_t len)
{
    static char many[1 << 16];
    cr_assert_leq(len, sizeof many);
    memset(many, 'x', len);
    pack_bin(&r->p, slice_of(many, len));
}

void kit_expect_refused(struct kit_request *r, const char *name, const char *text)
{
    struct client_request untouched;
    struct client_request request;
    struct client_fault fault;
    memset(&untouched, 0x5A, sizeof untouched);
    memcpy(&request, &untouched, sizeof request);
    const enum err err = client_request_decode(kit_codec(), writer_slice(&r->w), &request, &fault);
    cr_assert_neq(err, OK, "not refused: %s", text);
    cr_expect_str_eq(fault.name, name);
    cr_expect_str_eq(fault.text, text);
    cr_expect(fault.has_id && fault.id == 7 && !fault.close);
    cr_expect_eq(memcmp(&request, &untouched, sizeof request), 0, "out is unchanged");
}

struct client_request kit_expect_taken(struct kit_request *r)
{
    struct client_request request;
    struct client_fault fault;
    const enum err err = client_request_decode(kit_codec(), writer_slice(&r->w), &request, &fault);
    cr_assert_eq(err, OK, "%s: %s", err == OK ? "" : fault.name, err == OK ? "" : fault.text);
    return request;
}
