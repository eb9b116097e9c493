/**
 * cli/jay.h - what the commands of jay share: options, arguments, exit status, output.
 *
 * Data goes to standard output, messages to standard error. A command never exits by itself: it
 * returns its status, so that output is flushed and checked in one place.
 */
#pragma once

#include <jansson.h>
#include <scrubjay/client.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JAY_VERSION "0.1.0"

/** How jay ends. Scripts rely on the numbers. */
enum jay_exit {
    JAY_OK = 0,
    JAY_NEGATIVE = 1, /* a miss, a refusal, too few acknowledgements, a failure of the node */
    JAY_USAGE = 2,
    JAY_CONNECT = 3,
    JAY_TIMEOUT = 4,
    JAY_PERMISSION = 5
};

/** What every command needs. */
struct jay {
    struct scrubjay *client;
    const char *server; /* HOST:PORT */
    const char *ns;
    uint32_t timeout_ms;
    bool json;
    bool colour;            /* of standard output */
    bool done;              /* everything was said: --help, --version */
    const char *client_key; /* file with an id and its key; NULL = none */
};

/** The options that a command may have, as bits. */
enum jay_option {
    JAY_TTL = 1 << 0,
    JAY_TAG = 1 << 1,
    JAY_TOKEN = 1 << 2,      /* --token HEX */
    JAY_SHOW_TOKEN = 1 << 3, /* --token */
    JAY_PREFIX = 1 << 4,
    JAY_NAMESPACE = 1 << 5,
    JAY_ALL = 1 << 6,
    JAY_REASON = 1 << 7,
    JAY_STATE = 1 << 8,
    JAY_COUNT = 1 << 9,
    JAY_LABEL = 1 << 10,
    JAY_AFTER = 1 << 11,
    JAY_STALE = 1 << 12,
    JAY_WAIT = 1 << 13,
    JAY_WITHIN = 1 << 14,
    JAY_FRESH = 1 << 15,
    JAY_SOURCE_VERSION = 1 << 16, /* --version N: takes the place of jay's own */
    JAY_ACK = 1 << 17,
    JAY_ACK_TIMEOUT = 1 << 18,
    JAY_SOFT = 1 << 19,
    JAY_DRY_RUN = 1 << 20,
    JAY_TAGS_ALL = 1 << 21,
    JAY_HOLD = 1 << 22,
    JAY_TXN = 1 << 23,
    JAY_WATCH = 1 << 24,
    JAY_INTERVAL = 1 << 25,
    JAY_NO_RECONNECT = 1 << 26,
    JAY_LIVE = 1 << 27,
    JAY_ID = 1 << 28,
    JAY_CAN = 1 << 29
};

/** A command's arguments, parsed. Texts are lent from the command line. */
struct jay_args {
    char **words; /* without the command's own name */
    size_t words_n;
    uint64_t ttl_ms; /* 0 = none */
    struct scrubjay_bytes tags[SCRUBJAY_TARGETS_MAX];
    size_t tags_n;
    uint8_t token[SCRUBJAY_TOKEN_MAX];
    size_t token_len;
    bool show_token;
    const char *prefix; /* NULL = not given */
    bool namespace;
    bool all;
    const char *reason;
    const char *state;
    uint64_t count; /* 0 = not given */
    const char *label;
    const char *id;
    const char *can; /* capabilities, as they were written */
    struct scrubjay_stamp after[SCRUBJAY_AFTER_MAX];
    size_t after_n;
    bool stale;
    uint32_t wait_ms;
    uint32_t within_ms; /* 0 = not given */
    uint64_t fresh_ms;  /* 0 = none */
    bool has_version;
    uint64_t version;
    struct scrubjay_ack ack;
    bool soft;
    bool dry_run;
    struct scrubjay_bytes tags_all[SCRUBJAY_TAGS_ALL_MAX];
    size_t tags_all_n;
    uint32_t hold_ms;          /* 0 = not given */
    struct scrubjay_stamp txn; /* len 0 = not given */
    bool watch;
    uint32_t interval_ms; /* JAY_INTERVAL_MS when not given */
    bool no_reconnect;
    bool live;
};

#define JAY_INTERVAL_MS 1000

/** One command. */
struct jay_command {
    const char *name;
    const char *synopsis; /* "KEY [--token]" */
    const char *summary;  /* one line */
    const char *help;     /* more, or NULL */
    unsigned options;     /* set of enum jay_option */
    unsigned words_min;
    unsigned words_max;
    enum jay_exit (*run)(struct jay *j, const struct jay_args *a);
};

/** All commands, in the order of help. */
extern const struct jay_command JAY_COMMANDS[];
extern const size_t JAY_COMMANDS_N;

/* ---- parsing ---- */

/** Parse the options in front of the command; *command is the index of the command's name in argv,
 *  argc when there is none. */
enum jay_exit jay_parse_globals(struct jay *j, int argc, char **argv, int *command);

/** Parse what follows the command's name, which is argv[0]. */
enum jay_exit jay_parse_command(struct jay *j, const struct jay_command *command, int argc,
                                char **argv, struct jay_args *out);

/** Read a stamp, or a txn, in hex. false for anything else. */
bool jay_read_stamp(const char *text, struct scrubjay_stamp *out);

/** Read a txn in hex, or say that it is none. */
enum jay_exit jay_read_txn(const char *text, struct scrubjay_stamp *out);

/** The command of this name; NULL with a message that names the nearest one. */
const struct jay_command *jay_find_command(const char *name);

/** Print the overview, or the help of one command. */
void jay_print_help(const struct jay_command *command);

/* ---- messages and output ---- */

/** Print "jay: ..." to standard error. Returns: JAY_USAGE. */
__attribute__((format(printf, 1, 2))) enum jay_exit jay_usage(const char *format, ...);

/** Print "jay: ..." to standard error. */
__attribute__((format(printf, 1, 2))) void jay_say(const char *format, ...);

/** The exit status for how a call ended; prints the client's sentence unless it was JAY_OK. */
enum jay_exit jay_judge(const struct jay *j, enum scrubjay_status status);

#define JAY_TIME_MAX 32

/** The wall clock as RFC 3339 has it, in UTC with milliseconds: "2026-11-22T03:25:54.890Z". */
void jay_time_now(char out[JAY_TIME_MAX]);

/** Ask the node for a document, always an object. *out is owned by the caller, and NULL unless
 *  SCRUBJAY_OK. Prints nothing but what jay_judge() cannot say. */
enum scrubjay_status jay_fetch(struct jay *j, const char *what, json_t **out);

/** Print a JSON value and a newline; drops the reference. one_line for streams of values. */
void jay_print_json(json_t *value, bool one_line);

/** Print bytes as they are, and a newline when standard output is a terminal. */
void jay_print_raw(struct scrubjay_bytes bytes);

/** Print bytes on one line, what is not printable as \xNN. */
void jay_print_escaped(struct scrubjay_bytes bytes);

/** Print the members of an object as sorted, aligned `name value` lines, nested names joined by dots. */
void jay_print_lines(const json_t *object);

/** A column of a table: its head, and the member of a row that it shows. */
struct jay_column {
    const char *head;
    const char *field; /* "state" is coloured */
    const char *unit;
    int digits; /* behind the point, of numbers that have one */
};

#define JAY_COLUMNS_MAX 256

/** Print an array of objects as an aligned table of at most JAY_COLUMNS_MAX columns; an empty text
 *  is shown as "". */
void jay_print_table(const struct jay *j, const json_t *rows, const struct jay_column *columns,
                     size_t columns_n);

/** msgpack as JSON: bin as a string when it is UTF-8, else {"base64": ...}; numbers above 2^53 as hex.
 *  NULL when msgpack is malformed. The caller owns the reference. */
json_t *jay_json_of(struct scrubjay_bytes msgpack);

/** Bytes as a JSON string, or {"base64": ...} when they are not UTF-8. */
json_t *jay_json_bytes(struct scrubjay_bytes bytes);

/** Bytes as a JSON string of hex digits. */
json_t *jay_json_hex(struct scrubjay_bytes bytes);

/** A number, as a string of hex digits when JSON would round it. */
json_t *jay_json_number(uint64_t value);

/* ---- commands, one family per file ---- */

enum jay_exit jay_ping(struct jay *j, const struct jay_args *a);       /**< round trip */
enum jay_exit jay_members(struct jay *j, const struct jay_args *a);    /**< the cluster's view */
enum jay_exit jay_node(struct jay *j, const struct jay_args *a);       /**< this node */
enum jay_exit jay_stats(struct jay *j, const struct jay_args *a);      /**< counters */
enum jay_exit jay_vectors(struct jay *j, const struct jay_args *a);    /**< what is covered */
enum jay_exit jay_matrix(struct jay *j, const struct jay_args *a);     /**< what each has of each */
enum jay_exit jay_get(struct jay *j, const struct jay_args *a);        /**< read */
enum jay_exit jay_put(struct jay *j, const struct jay_args *a);        /**< write */
enum jay_exit jay_fill(struct jay *j, const struct jay_args *a);       /**< store under a token */
enum jay_exit jay_touch(struct jay *j, const struct jay_args *a);      /**< new time to live */
enum jay_exit jay_invalidate(struct jay *j, const struct jay_args *a); /**< drop everywhere */
enum jay_exit jay_trace(struct jay *j, const struct jay_args *a);      /**< who applied it when */
enum jay_exit jay_namespaces(struct jay *j, const struct jay_args *a); /**< counters of each */
enum jay_exit jay_begin(struct jay *j, const struct jay_args *a);      /**< hold fills back */
enum jay_exit jay_commit(struct jay *j, const struct jay_args *a);     /**< drop, let fills in */
enum jay_exit jay_abort(struct jay *j, const struct jay_args *a);      /**< let fills in */
enum jay_exit jay_watch(struct jay *j, const struct jay_args *a);      /**< follow invalidations */
enum jay_exit jay_top(struct jay *j, const struct jay_args *a);        /**< how it goes, live */
enum jay_exit jay_doctor(struct jay *j, const struct jay_args *a);     /**< what is wrong */
enum jay_exit jay_completion(struct jay *j, const struct jay_args *a); /**< for a shell */
enum jay_exit jay_keyring(struct jay *j, const struct jay_args *a);    /**< keys; no node needed */
enum jay_exit jay_client(struct jay *j, const struct jay_args *a); /**< clients; no node needed */
enum jay_exit jay_help(struct jay *j, const struct jay_args *a);   /**< this text */

/** Print how a call ended that issued something: its stamp and the acks of the client's last result,
 *  or the client's sentence. JAY_NEGATIVE when too few applied it in time. */
enum jay_exit jay_print_acks(struct jay *j, enum scrubjay_status status,
                             const struct scrubjay_stamp *stamp);

/** Print the names of who applied it and who did not, from an acks map. */
void jay_print_names(const json_t *acks);

/** Say why a get gave no value: a miss, somebody else's loading, or no proof. Returns: JAY_NEGATIVE. */
enum jay_exit jay_say_absent(const struct jay *j, enum scrubjay_status status, const char *key);
