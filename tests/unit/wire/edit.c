#include "edit.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "wire/object.h"
#include "wire/pack.h"

#define PATH_MAX_LEN 48

static void copy(struct edit *e, struct packer *p, const msgpack_object *o, const char *path);

/** What a later version may add: a map and a list that nobody has heard of. */
static const uint8_t grown[] = {0x81, 0xA1, 'f', 0x92, 0xC0, 0xCB, 0,    0,    0,   0,
                                0,    0,    0,   0,    0x93, 0x01, 0xC3, 0xA2, 'x', 'y'};

static bool is_path(const char *path, const char *wanted)
{
    return wanted != NULL && strcmp(path, wanted) == 0;
}

/* NOLINTNEXTLINE(misc-no-recursion): at most SCAN_DEPTH_MAX deep, as edit_value() decodes */
static void copy_array(struct edit *e, struct packer *p, const msgpack_object *o, const char *path)
{
    const bool grow = e->grow && !is_path(path, e->list) && !is_path(path, e->list_b);
    pack_array(p, o->via.array.size + (grow ? 2 : 0));
    for (uint32_t i = 0; i < o->via.array.size; i++) {
        char inner[PATH_MAX_LEN];
        snprintf(inner, sizeof inner, "%s%s%u", path, path[0] == '\0' ? "" : ".", i);
        copy(e, p, &o->via.array.ptr[i], inner);
    }
    if (grow)
        pack_raw(p, slice_of(grown, sizeof grown));
}

static void copy_integer(struct edit *e, struct packer *p, const msgpack_object *o)
{
    if (e->leaf == e->leaves++) {
        e->done = true;
        pack_raw(p, e->with);
        return;
    }
    pack_u64(p, o->via.u64);
}

/* NOLINTNEXTLINE(misc-no-recursion): as copy_array() */
static void copy(struct edit *e, struct packer *p, const msgpack_object *o, const char *path)
{
    if (is_path(path, e->path)) {
        e->done = true;
        pack_raw(p, e->with);
        return;
    }
    if (o->type == MSGPACK_OBJECT_ARRAY)
        copy_array(e, p, o, path);
    else if (o->type == MSGPACK_OBJECT_POSITIVE_INTEGER)
        copy_integer(e, p, o);
    else if (o->type == MSGPACK_OBJECT_STR)
        pack_str(p, slice_of(o->via.str.ptr, o->via.str.size));
    else if (o->type == MSGPACK_OBJECT_BIN)
        pack_bin(p, slice_of(o->via.bin.ptr, o->via.bin.size));
    else if (o->type == MSGPACK_OBJECT_BOOLEAN)
        pack_bool(p, o->via.boolean);
    else
        pack_nil(p);
}

size_t edit_value(struct edit *e, struct slice bytes, uint8_t out[EDIT_CAP])
{
    const struct scan_limits limits = {.depth_max = SCAN_DEPTH_MAX, .nodes_max = 65536};
    struct object_room room;
    msgpack_object value;
    cr_assert(object_room_init(&room, &limits));
    cr_assert(object_decode_whole(&room, bytes, &value) == OK);
    struct writer w = writer_of(out, EDIT_CAP);
    struct packer p = packer_of(&w);
    e->done = false;
    e->leaves = 0;
    copy(e, &p, &value, "");
    cr_assert(w.err == OK);
    object_room_fini(&room);
    return w.len;
}
