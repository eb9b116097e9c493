#include "app/namespace.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "app/option.h"
#include "app/parse.h"

/* ---- values as text ---- */

typedef void format_value(const void *at, char out[NAMESPACE_TEXT_MAX]);

static void format_name(const void *at, char out[NAMESPACE_TEXT_MAX])
{
    (void)snprintf(out, NAMESPACE_TEXT_MAX, "%s", (const char *)at);
}

static void format_switch(const void *at, char out[NAMESPACE_TEXT_MAX])
{
    (void)snprintf(out, NAMESPACE_TEXT_MAX, "%s", *(const bool *)at ? "true" : "false");
}

static void format_within(const void *at, char out[NAMESPACE_TEXT_MAX])
{
    (void)snprintf(out, NAMESPACE_TEXT_MAX, "%u", *(const uint32_t *)at);
}

static void format_ms(const void *at, char out[NAMESPACE_TEXT_MAX])
{
    (void)snprintf(out, NAMESPACE_TEXT_MAX, "%llu", (unsigned long long)*(const uint64_t *)at);
}

static void format_ack(const void *at, char out[NAMESPACE_TEXT_MAX])
{
    const struct client_ack *ack = at;
    const char *word = client_ack_text(ack->level);
    if (word != NULL)
        (void)snprintf(out, NAMESPACE_TEXT_MAX, "%s", word);
    else
        (void)snprintf(out, NAMESPACE_TEXT_MAX, "%u", ack->k);
}

/* ---- keys ---- */

#define AT(field) offsetof(struct config_namespace, field)

static const struct key_row {
    const char *text;
    const char *help;
    app_parse *parse;
    format_value *format;
    size_t at; /* offset in struct config_namespace */
} ROWS[NAMESPACE_KEYS] = {
    [NAMESPACE_NAME] = {"name", "which one; \"\" is that of requests that name none",
                        parse_namespace, format_name, AT(name)},
    [NAMESPACE_STRICT] = {"strict", "every read is certified, or UNPROVEN [false]", parse_switch,
                          format_switch, AT(policy.strict)},
    [NAMESPACE_WITHIN_MS] =
        {"within_ms", "how old a read may be that says nothing of it [any; where strict, fence_ms]",
         parse_within_ms, format_within, AT(policy.within_ms)},
    [NAMESPACE_TTL_MS] = {"ttl_ms", "life of what is stored without one; 0 is no end [0]",
                          parse_life_ms, format_ms, AT(policy.ttl_ms)},
    [NAMESPACE_TTL_MAX_MS] = {"ttl_max_ms",
                              "longest life, whatever is asked for; 0 is no limit [0]",
                              parse_life_ms, format_ms, AT(policy.ttl_max_ms)},
    [NAMESPACE_STALE_MS] = {"stale_ms",
                            "how long a value may be asked for, as stale, after its life [0]",
                            parse_life_ms, format_ms, AT(policy.stale_ms)},
    [NAMESPACE_ACK] = {"ack", "what invalidations and puts wait for that say nothing of it [local]",
                       parse_ack, format_ack, AT(policy.ack)},
};

static const struct key_row *row_of(enum namespace_key key)
{
    assert(key < NAMESPACE_KEYS);
    return &ROWS[key];
}

const char *namespace_key_text(enum namespace_key key)
{
    return row_of(key)->text;
}

const char *namespace_key_help(enum namespace_key key)
{
    return row_of(key)->help;
}

bool namespace_key_find(const char *text, enum namespace_key *out)
{
    for (size_t i = 0; i < NAMESPACE_KEYS; i++) {
        if (strcmp(ROWS[i].text, text) == 0) {
            *out = (enum namespace_key)i;
            return true;
        }
    }
    return false;
}

const char *namespace_parse(struct config_namespace *out, enum namespace_key key, const char *text)
{
    const struct key_row *row = row_of(key);
    return row->parse(text, (char *)out + row->at);
}

void namespace_format(const struct config_namespace *ns, enum namespace_key key,
                      char out[NAMESPACE_TEXT_MAX])
{
    const struct key_row *row = row_of(key);
    row->format((const char *)ns + row->at, out);
}

/* ---- when all is known ---- */

/** One entry under check. */
struct check {
    const struct config *config;
    const struct config_namespace *ns;
    struct config_fault *fault;
};

/** "FILE:LINE: namespaces.KEY of "NAME" is VALUE" and then what is wrong with it. */
static bool refuse(const struct check *k, enum namespace_key key, const char *wrong)
{
    char value[NAMESPACE_TEXT_MAX];
    namespace_format(k->ns, key, value);
    return config_refuse_line(k->fault, k->config->file, k->ns->lines[key],
                              "namespaces.%s of \"%s\" is %s, %s", namespace_key_text(key),
                              k->ns->name, value, wrong);
}

/** Who certifies, and how many are a majority, only the number of voters says. */
static bool check_expect(const struct check *k)
{
    static const char NEEDS[] =
        "which needs expect: how many nodes run at most at one time (--expect N)";
    const struct policy *p = &k->ns->policy;
    if (k->config->expect != 0)
        return true;
    if (p->strict)
        return refuse(k, NAMESPACE_STRICT, NEEDS);
    if (p->within_ms != 0)
        return refuse(k, NAMESPACE_WITHIN_MS, NEEDS);
    if (p->ack.level == ACK_QUORUM || p->ack.level == ACK_FENCED)
        return refuse(k, NAMESPACE_ACK, NEEDS);
    return true;
}

/** A fence waits for fence_ms: it protects no read that is satisfied with older certificates. */
static bool check_within(const struct check *k)
{
    const struct policy *p = &k->ns->policy;
    char wrong[128];
    if (!p->strict || p->within_ms <= k->config->fence_ms)
        return true;
    (void)snprintf(wrong, sizeof wrong,
                   "more than %s, which is %u: strict reads are protected no longer than that",
                   option_row(OPTION_FENCE_MS)->path, k->config->fence_ms);
    return refuse(k, NAMESPACE_WITHIN_MS, wrong);
}

static bool check_ttl(const struct check *k)
{
    const struct policy *p = &k->ns->policy;
    char wrong[64];
    if (p->ttl_max_ms == 0 || p->ttl_ms <= p->ttl_max_ms)
        return true;
    (void)snprintf(wrong, sizeof wrong, "more than its ttl_max_ms, which is %llu",
                   (unsigned long long)p->ttl_max_ms);
    return refuse(k, NAMESPACE_TTL_MS, wrong);
}

static bool check_unique(const struct check *k)
{
    const struct config_namespace *other = k->config->namespaces.at;
    for (; other < k->ns; other++) {
        if (strcmp(other->name, k->ns->name) == 0)
            return config_refuse_line(k->fault, k->config->file, k->ns->lines[NAMESPACE_NAME],
                                      "namespace \"%s\" was given before, on line %zu", k->ns->name,
                                      other->lines[NAMESPACE_NAME]);
    }
    return true;
}

bool namespaces_check(const struct config *c, struct config_fault *fault)
{
    bool good = true;
    for (size_t i = 0; good && i < c->namespaces.n; i++) {
        const struct check k = {.config = c, .ns = &c->namespaces.at[i], .fault = fault};
        good = check_unique(&k) && check_expect(&k) && check_within(&k) && check_ttl(&k);
    }
    return good;
}
