/**
 * client/example/example.c - a program that reads its database through scrubjay.
 *
 *     scrubjay-example [HOST:PORT]
 *
 * It shows the three rules that keep a cached value true:
 *   1. On a MISS, keep the token, read the database *after* the get, and fill with that token. When
 *      somebody invalidated the key in between, the fill is refused and nothing stale is stored.
 *   2. Change the database first, then invalidate. Every node of the cluster drops its copy.
 *   3. The cache is never needed: when it cannot be reached, the database answers.
 */
#include <scrubjay/client.h>
#include <stdio.h>
#include <string.h>

#define VALUE_MAX 64

static const char KEY[] = "package-123";

/* ---- a database, for the sake of the example ---- */

static char row[VALUE_MAX] = "in transit";
static unsigned reads_n;

static void database_read(char value[VALUE_MAX])
{
    reads_n++;
    memcpy(value, row, VALUE_MAX);
}

static void database_write(const char *value)
{
    snprintf(row, sizeof row, "%s", value);
}

/* ---- reading through the cache ---- */

/** The cached value is lent until the next call, so it is copied. */
static void copy_value(char value[VALUE_MAX], struct scrubjay_bytes from)
{
    const size_t len = from.len < VALUE_MAX - 1 ? from.len : VALUE_MAX - 1;
    memcpy(value, from.at, len);
    value[len] = '\0';
}

/** A MISS: the token says that the read which follows is new enough to be stored. */
static void load_and_fill(struct scrubjay *cache, struct scrubjay_bytes lent, char value[VALUE_MAX])
{
    char token[SCRUBJAY_TOKEN_MAX];
    const struct scrubjay_bytes kept = {.at = token, .len = lent.len};
    const struct scrubjay_store store = {.ttl_ms = 60000};
    memcpy(token, lent.at, lent.len);
    database_read(value);
    const enum scrubjay_status status =
        scrubjay_fill(cache, "", scrubjay_text(KEY), scrubjay_text(value), kept, &store);
    if (status != SCRUBJAY_OK) /* the value is good for this request all the same */
        printf("  not stored: %s\n", scrubjay_error(cache));
}

static void read_package(struct scrubjay *cache, char value[VALUE_MAX])
{
    struct scrubjay_value found;
    const enum scrubjay_status status = scrubjay_get(cache, "", scrubjay_text(KEY), &found);
    if (status == SCRUBJAY_OK) {
        copy_value(value, found.value);
        printf("hit:  %s\n", value);
    } else if (status == SCRUBJAY_MISS && found.token.len > 0) {
        load_and_fill(cache, found.token, value);
        printf("miss: %s, from the database\n", value);
    } else {
        database_read(value);
        printf("none: %s, from the database (%s)\n", value, scrubjay_error(cache));
    }
}

/* ---- writing ---- */

static bool deliver_package(struct scrubjay *cache)
{
    const struct scrubjay_bytes keys[] = {scrubjay_text(KEY)};
    database_write("delivered");
    if (scrubjay_invalidate(cache, "", SCRUBJAY_KEY, keys, 1, NULL) == SCRUBJAY_OK)
        return true;
    fprintf(stderr, "%s\n", scrubjay_error(cache)); /* must be repeated until it succeeds */
    return false;
}

int main(int argc, char **argv)
{
    char value[VALUE_MAX];
    const struct scrubjay_options options = {.address = argc > 1 ? argv[1] : NULL,
                                             .name = "scrubjay-example"};
    struct scrubjay *cache = scrubjay_new(&options);
    if (cache == NULL)
        return 1;
    read_package(cache, value);
    read_package(cache, value);
    const bool told = deliver_package(cache);
    read_package(cache, value);
    printf("%u reads of the database\n", reads_n);
    scrubjay_free(cache);
    return told && strcmp(value, "delivered") == 0 ? 0 : 1;
}
