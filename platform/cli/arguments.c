/*
 * Arguments: see arguments.h.
 */
#define _GNU_SOURCE
#include "arguments.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FILE_BYTES_MAX (16U * 1024 * 1024)
#define DAYS_MAX 36500
#define PSK_TEXT_BYTES_MAX 512

/* Rows ------------------------------------------------------------------------------------------
 */

static void copy_part(char *to, size_t cap, const char *from, size_t len)
{
    len = len < cap ? len : cap - 1;
    memcpy(to, from, len);
    to[len] = '\0';
}

/* One word of `takes`. */
static struct argument read_argument(const char *word, size_t len)
{
    struct argument out = {.option = word[0] == '-'};
    if (word[0] == '[') {
        out.optional = true;
        word++;
        len -= 2;
    }
    size_t shown = 0;
    while (shown < len && word[shown] != ':' && word[shown] != '=')
        shown++;
    const char *equals = memchr(word, '=', len);
    const char *colon = memchr(word, ':', len);
    const char *end = word + len;
    if (shown > 3 && strncmp(word + shown - 3, "...", 3) == 0)
        out.repeated = true;
    copy_part(out.shown, sizeof(out.shown), word, out.repeated ? shown - 3 : shown);
    if (colon != NULL)
        copy_part(out.kind, sizeof(out.kind), colon + 1,
                  (size_t)((equals != NULL ? equals : end) - colon - 1));
    if (equals != NULL)
        copy_part(out.field, sizeof(out.field), equals + 1, (size_t)(end - equals - 1));
    else
        copy_part(out.field, sizeof(out.field), out.shown + (out.option ? 2 : 0),
                  strlen(out.shown) - (out.option ? 2 : 0));
    for (char *c = out.field; *c != '\0'; c++)
        *c = *c == '-' ? '_' : (char)tolower((unsigned char)*c);
    return out;
}

void arguments_of(const struct cli_verb *verb, struct arguments *out)
{
    const char *text = verb->takes != NULL ? verb->takes : "";
    out->count = 0;
    while (*(text += strspn(text, " ")) != '\0' && out->count < ARGUMENTS_MAX) {
        size_t len = strcspn(text, " ");
        out->list[out->count++] = read_argument(text, len);
        text += len;
    }
}

bool argument_has_value(const struct argument *argument)
{
    return strcmp(argument->kind, "flag") != 0 && strcmp(argument->kind, "switch") != 0;
}

/* Values ----------------------------------------------------------------------------------------
 */

char *arguments_read_file(const char *name, size_t *len)
{
    bool standard = strcmp(name, "-") == 0;
    FILE *in = standard ? stdin : fopen(name, "re");
    char *bytes = NULL;
    size_t cap = 0;
    *len = 0;
    while (in != NULL && !ferror(in) && !feof(in) && *len <= FILE_BYTES_MAX) {
        if (*len + 1 >= cap) {
            cap = cap == 0 ? 4096 : 2 * cap;
            char *more = realloc(bytes, cap);
            if (more == NULL)
                break;
            bytes = more;
        }
        *len += fread(bytes + *len, 1, cap - *len - 1, in);
    }
    bool good = in != NULL && feof(in) && !ferror(in) && bytes != NULL;
    if (!good)
        fprintf(stderr, "bc260y-platform: cannot read %s: %s\n", name,
                *len > FILE_BYTES_MAX ? "it is too long" : strerror(errno));
    if (in != NULL && !standard)
        fclose(in);
    if (!good) {
        free(bytes);
        return NULL;
    }
    bytes[*len] = '\0';
    return bytes;
}

static json_t *read_text(const char *name)
{
    size_t len;
    char *text = arguments_read_file(name, &len);
    if (text == NULL)
        return NULL;
    json_t *value = json_stringn(text, len);
    if (value == NULL)
        cli_wrong("%s is no UTF-8 text", name);
    free(text);
    return value;
}

/* Without the end of its line, which no secret has. */
static json_t *read_secret(const char *name)
{
    size_t len;
    char *text = arguments_read_file(name, &len);
    if (text == NULL)
        return NULL;
    json_t *value = json_stringn(text, strcspn(text, "\r\n"));
    explicit_bzero(text, len);
    free(text);
    if (value == NULL)
        cli_wrong("%s is no UTF-8 text", name);
    return value;
}

static json_t *read_document(const char *name)
{
    size_t len;
    json_error_t error;
    char *text = arguments_read_file(name, &len);
    if (text == NULL)
        return NULL;
    json_t *value = json_loadb(text, len, 0, &error);
    if (value == NULL)
        cli_wrong("%s:%d: %s", name, error.line, error.text);
    free(text);
    return value;
}

/* A file with an identity and the key in hex, so that neither stands on a command line. */
static json_t *read_psk(const char *name)
{
    size_t len;
    char identity[PSK_TEXT_BYTES_MAX], key[PSK_TEXT_BYTES_MAX];
    char *text = arguments_read_file(name, &len);
    json_t *value = NULL;
    if (text == NULL)
        return NULL;
    if (len < PSK_TEXT_BYTES_MAX && sscanf(text, "%511s %511s", identity, key) == 2)
        value = json_pack("{s:s, s:s}", "identity", identity, "key_hex", key);
    if (value == NULL)
        cli_wrong("%s must have one line: IDENTITY KEY, the key in hex", name);
    explicit_bzero(text, len);
    explicit_bzero(key, sizeof(key));
    free(text);
    return value;
}

static json_t *read_int(const struct argument *argument, const char *text, long long factor)
{
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (*text != '\0' && *end == '\0' && errno == 0 && value <= INT64_MAX / factor &&
        value >= INT64_MIN / factor)
        return json_integer(value * factor);
    cli_wrong("%s takes a number, not '%s'", argument->shown, text);
    return NULL;
}

static json_t *read_days(const struct argument *argument, const char *text)
{
    json_t *days = read_int(argument, text, 1);
    json_int_t count = json_integer_value(days);
    if (days != NULL && (count < 1 || count > DAYS_MAX)) {
        cli_wrong("%s takes 1 to %d days, not '%s'", argument->shown, DAYS_MAX, text);
        json_decref(days);
        return NULL;
    }
    if (days != NULL)
        json_integer_set(days, ((json_int_t)time(NULL) + count * 86400) * 1000);
    return days;
}

static json_t *read_list(const char *text)
{
    json_t *list = json_array();
    while (*text != '\0') {
        size_t len = strcspn(text, ",");
        if (len > 0)
            json_array_append_new(list, json_stringn(text, len));
        text += len + (text[len] == ',');
    }
    return list;
}

static json_t *read_json(const struct argument *argument, const char *text, bool strict)
{
    json_error_t error;
    json_t *value = json_loads(text, JSON_DECODE_ANY, &error);
    if (value == NULL && !strict)
        value = json_string(text);
    if (value == NULL)
        cli_wrong("%s takes JSON, not '%s': %s", argument->shown, text, error.text);
    return value;
}

/* NULL after a line on stderr. `text` is NULL for an option without a value. */
static json_t *read_value(const struct argument *argument, const char *text)
{
    const char *kind = argument->kind;
    if (text == NULL)
        return json_true();
    if (strcmp(kind, "int") == 0 || strcmp(kind, "count") == 0)
        return read_int(argument, text, 1);
    if (strcmp(kind, "days") == 0)
        return read_days(argument, text);
    if (strcmp(kind, "any") == 0 || strcmp(kind, "json") == 0)
        return read_json(argument, text, kind[0] == 'j');
    if (strcmp(kind, "list") == 0)
        return read_list(text);
    if (strcmp(kind, "text") == 0)
        return read_text(text);
    if (strcmp(kind, "secret") == 0)
        return read_secret(text);
    if (strcmp(kind, "document") == 0)
        return read_document(text);
    if (strcmp(kind, "psk") == 0)
        return read_psk(text);
    json_t *value = json_string(text);
    if (value == NULL)
        cli_wrong("%s is no UTF-8 text", argument->shown);
    return value;
}

/* Where they go ---------------------------------------------------------------------------------
 */

/* Where "{field}" stands in the path; NULL: it does not. */
static char *in_path(const struct cli *cli, const char *field, size_t *len)
{
    char name[48];
    *len = (size_t)snprintf(name, sizeof(name), "{%s}", field);
    return strstr(cli->path, name);
}

static bool fill_path(struct cli *cli, const struct argument *argument, const char *text)
{
    size_t len;
    const char *at = in_path(cli, argument->field, &len);
    char *path = NULL;
    if (*text == '\0')
        return cli_wrong("%s may not be empty", argument->shown);
    char *encoded = rest_encode(text);
    if (encoded == NULL ||
        asprintf(&path, "%.*s%s%s", (int)(at - cli->path), cli->path, encoded, at + len) < 0) {
        free(encoded);
        return cli_wrong("not enough memory");
    }
    free(encoded);
    free(cli->path);
    cli->path = path;
    return true;
}

static void put(json_t *object, const struct argument *argument, json_t *value)
{
    if (!argument->repeated) {
        json_object_set_new(object, argument->field, value);
        return;
    }
    if (json_object_get(object, argument->field) == NULL)
        json_object_set_new(object, argument->field, json_array());
    json_array_append_new(json_object_get(object, argument->field), value);
}

static bool take_value(struct cli *cli, const struct argument *argument, const char *text)
{
    static const char *const locals[] = {"local", "count", "switch"};
    size_t len;
    if (text != NULL && in_path(cli, argument->field, &len) != NULL)
        return fill_path(cli, argument, text);
    json_t *value = read_value(argument, text);
    if (value == NULL)
        return false;
    for (size_t i = 0; i < sizeof(locals) / sizeof(locals[0]); i++)
        if (strcmp(argument->kind, locals[i]) == 0) {
            put(cli->local, argument, value);
            return true;
        }
    if (strcmp(argument->kind, "document") == 0) {
        json_decref(cli->body);
        cli->body = value;
    } else if (strcmp(cli->verb->method, "GET") == 0 || strcmp(argument->field, "wait") == 0) {
        json_object_set_new(cli->query, argument->field,
                            text != NULL ? json_string(text) : json_string("true"));
        json_decref(value);
    } else {
        put(cli->body, argument, value);
    }
    return true;
}

static const struct argument *find_option(const struct arguments *all, const char *word, size_t len)
{
    for (size_t i = 0; i < all->count; i++)
        if (all->list[i].option && strlen(all->list[i].shown) == len &&
            memcmp(all->list[i].shown, word, len) == 0)
            return &all->list[i];
    return NULL;
}

/* Takes the option at `words[*at]`, with its value, which may be the next word. */
static bool take_option(struct cli *cli, const struct arguments *all, int count, char **words,
                        int *at)
{
    const char *word = words[*at];
    size_t len = strcspn(word, "=");
    const struct argument *option = find_option(all, word, len);
    const char *value = word[len] == '=' ? word + len + 1 : NULL;
    if (option == NULL)
        return cli_wrong("%s %s has no option %s", cli->verb->noun, cli->verb->name, word);
    if (argument_has_value(option) && value == NULL) {
        if (++*at == count)
            return cli_wrong("%s needs a value", word);
        value = words[*at];
    } else if (!argument_has_value(option) && value != NULL) {
        return cli_wrong("%s takes no value", option->shown);
    }
    return take_value(cli, option, value);
}

static const struct argument *operand(const struct arguments *all, size_t n)
{
    const struct argument *last = NULL;
    for (size_t i = 0; i < all->count; i++) {
        if (all->list[i].option)
            continue;
        last = &all->list[i];
        if (n-- == 0)
            return last;
    }
    return last != NULL && last->repeated ? last : NULL;
}

bool arguments_take(struct cli *cli, int count, char **words)
{
    struct arguments all;
    size_t operands = 0;
    bool only_operands = false;
    arguments_of(cli->verb, &all);
    for (int i = 0; i < count; i++) {
        bool option = !only_operands && words[i][0] == '-' && words[i][1] == '-';
        if (option && words[i][2] == '\0') {
            only_operands = true;
        } else if (option) {
            if (!take_option(cli, &all, count, words, &i))
                return false;
        } else {
            const struct argument *argument = operand(&all, operands++);
            if (argument == NULL)
                return cli_wrong("%s %s does not take '%s' too", cli->verb->noun, cli->verb->name,
                                 words[i]);
            if (!take_value(cli, argument, words[i]))
                return false;
        }
    }
    const struct argument *missing = operand(&all, operands);
    if (missing != NULL && !missing->optional &&
        !(missing->repeated && operands > 0 && operand(&all, operands - 1) == missing))
        return cli_wrong("%s %s needs %s", cli->verb->noun, cli->verb->name, missing->shown);
    return true;
}
