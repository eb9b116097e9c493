/** tests/unit/loop/visitor.h - clients with and without keys, and nodes that know three of them. */
#pragma once

#include "seal/login.h"

#include "kit.h"

/* 32 bytes each, in base64: 00 01 .. 1f, and so on upwards */
#define K1 "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define K2 "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="
#define K3 "QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8="

#define FILE_OF_THREE "app " K1 " read,write\ninv " K2 " invalidate\nops " K3 " admin\n"

extern const uint8_t VISITOR_NONCE[LOGIN_NONCE_LEN]; /**< in all claims */

/** The clients of a file. Lends until the next call. */
const struct clients *visitor_table(const char *text);

/** Make a node with FILE_OF_THREE, without starting it. */
void visitor_node(uint32_t workers, const char *cluster);

/** Likewise, of cluster "test" and with one worker, which accepts logins and does not require them. */
void visitor_node_accepting(void);

/** A hello; auth may be empty. */
struct client_request visitor_hello(struct slice auth);

/** Claim to be id: the reply. */
struct client_reply visitor_claim(struct client *c, const char *id);

/** Answer the challenge that *reply is, in cluster "test": the reply to the proof. */
struct client_reply visitor_prove(struct client *c, const struct client_reply *reply,
                                  const char *key_text);

/** Log in, in cluster "test": the reply to the proof. */
struct client_reply visitor_login(struct client *c, const char *id, const char *key_text);

/** A new connection that is logged in. */
struct client visitor_as(const char *id, const char *key);

/** What a sealed login is made of, up to its proof. */
struct visitor_sealing {
    struct session_pair pair; /* of the client; it has no secret from anybody */
    struct tunnel keys;
    uint8_t proof[LOGIN_PROOF_LEN];
};

/** Claim to be id with a share, in cluster "test": what has to be known for the rest. */
struct visitor_sealing visitor_claim_sealed(struct client *c, const char *id, const char *key);

/** A new connection that is logged in, and sealed. */
struct client visitor_sealed_as(const char *id, const char *key);

/** Ask for something that is as good as any for the op. */
struct client_reply visitor_ask(struct client *c, uint32_t op);

/** Is the reply this error? */
bool visitor_told(const struct client_reply *reply, const char *name);

/** Connect from the n-th of many addresses of this machine. Returns: the socket. */
int visitor_from(uint32_t n);

/** Is the next thing from the node the end of the connection? */
bool visitor_ended(struct client *c);

/** The next things from the node must be this error, and the end of the connection. */
void visitor_refused(struct client *c, const char *name);

/** Has the node closed it already? */
bool visitor_was_closed(int fd);
