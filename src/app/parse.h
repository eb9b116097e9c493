/**
 * app/parse.h - one function for each kind of value: text in, typed value out.
 *
 * Each returns NULL when text was right, else a static text of what would have been; then the value is
 * unchanged. `into` has the type named below.
 */
#pragma once

const char *parse_text(const char *text, void *into);          /**< char[CONFIG_TEXT_MAX] */
const char *parse_path(const char *text, void *into);          /**< char[CONFIG_TEXT_MAX] */
const char *parse_name(const char *text, void *into);          /**< char[CONFIG_TEXT_MAX] */
const char *parse_host_name(const char *text, void *into);     /**< char[CONFIG_TEXT_MAX] */
const char *parse_seed(const char *text, void *into);          /**< char[CONFIG_TEXT_MAX] */
const char *parse_server(const char *text, void *into);        /**< char[CONFIG_TEXT_MAX] */
const char *parse_host(const char *text, void *into);          /**< struct addr; port 0 = none */
const char *parse_listen(const char *text, void *into);        /**< struct addr */
const char *parse_listen_or_off(const char *text, void *into); /**< struct addr; ip_len 0 = off */
const char *parse_switch(const char *text, void *into);        /**< bool */
const char *parse_memory(const char *text, void *into);        /**< struct config_memory */
const char *parse_value_max(const char *text, void *into);     /**< uint32_t, bytes */
const char *parse_workers(const char *text, void *into);       /**< uint32_t */
const char *parse_expect(const char *text, void *into);        /**< uint32_t */
const char *parse_heal_log(const char *text, void *into);      /**< uint32_t */
const char *parse_fence_ms(const char *text, void *into);      /**< uint32_t, milliseconds */
const char *parse_within_ms(const char *text, void *into);     /**< uint32_t, milliseconds */
const char *parse_life_ms(const char *text, void *into);       /**< uint64_t, milliseconds */
const char *parse_ack(const char *text, void *into);           /**< struct client_ack */
const char *parse_namespace(const char *text, void *into);     /**< char[CLIENT_NS_MAX + 1] */
const char *parse_time(const char *text, void *into);          /**< uint64_t, microseconds */
const char *parse_login(const char *text, void *into);         /**< enum entry */
const char *parse_plain(const char *text, void *into);         /**< enum plain */
const char *parse_crypto(const char *text, void *into);        /**< enum seal_mode */
const char *parse_profile(const char *text, void *into);       /**< enum swim_profile */
const char *parse_level(const char *text, void *into);         /**< enum logger_level */
const char *parse_format(const char *text, void *into);        /**< bool: json */
