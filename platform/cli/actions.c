/*
 * The verbs that are more than one request, or show something else than the answer. See cli.h.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"

#define WAIT_MAX_S 60 /* that one request may wait for a command */

static json_int_t local_number(const struct cli *cli, const char *name)
{
    return json_integer_value(json_object_get(cli->local, name));
}

static void fail(struct cli *cli, const char *text)
{
    snprintf(cli->rest.problem, sizeof(cli->rest.problem), "%s", text);
    cli_failed(cli);
}

/* Objects ---------------------------------------------------------------------------------------
 */

/* A row of each resource, from objects with instances with resources. */
static void add_resources(json_t *rows, const json_t *object, const json_t *instance)
{
    size_t i;
    const json_t *resource;
    const json_t *resources = json_object_get(instance, "resources");
    json_int_t first = json_integer_value(json_object_get(object, "object"));
    json_int_t second = json_integer_value(json_object_get(instance, "instance"));
    char path[80];
    snprintf(path, sizeof(path), "/%lld/%lld", (long long)first, (long long)second);
    if (json_array_size(resources) == 0)
        json_array_append_new(
            rows, json_pack("{s:s, s:O?}", "path", path, "name", json_object_get(object, "name")));
    json_array_foreach(resources, i, resource)
    {
        json_int_t third = json_integer_value(json_object_get(resource, "resource"));
        json_t *row = json_copy((json_t *)(uintptr_t)resource);
        snprintf(path, sizeof(path), "/%lld/%lld/%lld", (long long)first, (long long)second,
                 (long long)third);
        json_object_set_new(row, "path", json_string(path));
        json_array_append_new(rows, row);
    }
}

static void add_instances(json_t *rows, const json_t *object)
{
    const json_t *instances = json_object_get(object, "instances");
    for (size_t i = 0; i < json_array_size(instances); i++)
        add_resources(rows, object, json_array_get(instances, i));
}

enum cli_exit cli_list_objects(struct cli *cli)
{
    json_t *answer = cli_request(cli);
    json_t *rows = json_array();
    if (answer != NULL && cli->show.json) {
        show_json(json_object_get(answer, "items"), false);
    } else if (answer != NULL) {
        const json_t *objects = json_object_get(answer, "items");
        for (size_t i = 0; i < json_array_size(objects); i++)
            add_instances(rows, json_array_get(objects, i));
        show_table(&cli->show, rows, cli->verb->columns, true);
    }
    json_decref(rows);
    bool good = answer != NULL;
    json_decref(answer);
    return good ? cli_finish() : CLI_FAILED;
}

/* Commands --------------------------------------------------------------------------------------
 */

static const char *state_of(const json_t *thing)
{
    const char *state = json_string_value(json_object_get(thing, "state"));
    return state != NULL ? state : "";
}

static bool has_ended(const char *state)
{
    return strcmp(state, "PENDING") != 0 && strcmp(state, "SENT") != 0 &&
           strcmp(state, "DELIVERED") != 0;
}

/* Longer than one request may wait: asks again, once a second. NULL after a line on stderr. */
static json_t *wait_longer(struct cli *cli, json_t *command, long seconds)
{
    char path[64];
    time_t end = time(NULL) + seconds;
    snprintf(path, sizeof(path), "/commands/%lld",
             (long long)json_integer_value(json_object_get(command, "id")));
    json_object_clear(cli->query);
    while (command != NULL && !has_ended(state_of(command)) && time(NULL) < end) {
        sleep(1);
        json_decref(command);
        command = cli_call(cli, "GET", path, NULL);
    }
    return command;
}

enum cli_exit cli_send_command(struct cli *cli)
{
    const char *text = json_string_value(json_object_get(cli->query, "wait"));
    long wait_s = text != NULL ? strtol(text, NULL, 10) : 0;
    if (wait_s > WAIT_MAX_S)
        json_object_set_new(cli->query, "wait", json_string("60"));
    json_t *command = cli_request(cli);
    if (command != NULL && wait_s > WAIT_MAX_S)
        command = wait_longer(cli, command, wait_s - WAIT_MAX_S);
    if (command == NULL)
        return CLI_FAILED;
    cli_show(cli, command);
    const char *state = state_of(command);
    enum cli_exit status = cli_finish();
    if (has_ended(state) && strcmp(state, "SUCCESSFUL") != 0) {
        fail(cli, "the command has failed");
        status = CLI_FAILED;
    } else if (!has_ended(state) && wait_s > 0) {
        fail(cli, "the command has not ended yet; 'command show' tells when it has");
        status = CLI_FAILED;
    }
    json_decref(command);
    return status;
}

/* Streams ---------------------------------------------------------------------------------------
 */

struct follow {
    struct cli *cli;
    json_int_t left;   /* of --count; 0: no end */
    json_int_t number; /* of the last row that was shown */
    bool counting;
    bool failed;
};

/* Rows as they come: the columns of a table are as wide as each row needs. */
static void show_row(const struct follow *f, json_t *row)
{
    if (f->cli->show.json) {
        show_json(row, true);
    } else {
        json_t *rows = json_pack("[O]", row);
        show_table(&f->cli->show, rows, f->cli->verb->columns, false);
        json_decref(rows);
    }
    fflush(stdout);
}

/* False: that was the last one, or nobody reads. */
static bool take_row(struct follow *f, json_t *row)
{
    show_row(f, row);
    return !ferror(stdout) && (!f->counting || --f->left > 0);
}

/* Of a table the last column has what is special to the event. */
static bool take_event(void *context, const char *type, json_t *event)
{
    static const char *const common[] = {"id", "type", "time_ms", "endpoint"};
    struct follow *f = context;
    (void)type;
    if (f->cli->show.json)
        return take_row(f, event);
    json_t *about = json_copy(event);
    for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++)
        json_object_del(about, common[i]);
    json_object_set_new(event, "about", about);
    return take_row(f, event);
}

static enum cli_exit follow(struct follow *f, const struct rest_stream *stream)
{
    if (rest_follow(&f->cli->rest, stream))
        return cli_finish();
    return cli_failed(f->cli);
}

enum cli_exit cli_follow_events(struct cli *cli)
{
    struct follow f = {.cli = cli, .left = local_number(cli, "count")};
    char *path = cli_path(cli, cli->path);
    struct rest_stream stream = {.path = path, .take = take_event, .context = &f};
    f.counting = f.left > 0;
    enum cli_exit status = follow(&f, &stream);
    free(path);
    return status;
}

/* The stream is there: what was stored before comes first, and nothing in between is lost. */
static void show_stored(void *context)
{
    struct follow *f = context;
    json_t *rows = cli_list(f->cli);
    const json_t *last = json_array_get(rows, json_array_size(rows) - 1);
    f->failed = rows == NULL;
    f->number = json_integer_value(json_object_get(last, "number"));
    if (rows != NULL && f->cli->show.json) {
        for (size_t i = 0; i < json_array_size(rows); i++)
            show_json(json_array_get(rows, i), true);
    } else if (rows != NULL) {
        show_table(&f->cli->show, rows, f->cli->verb->columns, true);
    }
    fflush(stdout);
    json_decref(rows);
}

static bool take_data(void *context, const char *type, json_t *event)
{
    struct follow *f = context;
    json_t *row = json_object_get(event, "data");
    json_int_t number = json_integer_value(json_object_get(row, "number"));
    if (f->failed)
        return false;
    return strcmp(type, "data") != 0 || number <= f->number || take_row(f, row);
}

enum cli_exit cli_list_data(struct cli *cli)
{
    struct follow f = {.cli = cli, .left = local_number(cli, "count")};
    f.counting = f.left > 0;
    if (json_object_get(cli->local, "follow") == NULL) {
        json_t *rows = cli_list(cli);
        if (rows == NULL)
            return CLI_FAILED;
        cli_show(cli, rows);
        json_decref(rows);
        return cli_finish();
    }
    /* "/devices/{endpoint}/data": the endpoint stands encoded in the path. */
    const char *endpoint = cli->path + strlen("/devices/");
    char *path = NULL;
    if (asprintf(&path, "/events?type=data&device=%.*s", (int)strcspn(endpoint, "/"), endpoint) < 0)
        return CLI_FAILED;
    struct rest_stream stream = {
        .path = path, .opened = show_stored, .take = take_data, .context = &f};
    enum cli_exit status = follow(&f, &stream);
    free(path);
    return f.failed ? CLI_FAILED : status;
}

/* Firmware and tasks ----------------------------------------------------------------------------
 */

/* The name of the file, without folders and ending, where none is given. */
static void name_after(json_t *body, const char *file)
{
    const char *name = strrchr(file, '/');
    name = name != NULL ? name + 1 : file;
    size_t len = strlen(name);
    if (len > 4 && strcmp(name + len - 4, ".zip") == 0)
        len -= 4;
    if (json_object_get(body, "name") == NULL)
        json_object_set_new(body, "name", json_stringn(name, len));
}

enum cli_exit cli_upload_firmware(struct cli *cli)
{
    const char *file = json_string_value(json_object_get(cli->local, "file"));
    char content[80], whole[64];
    struct stat about;
    bool readable = stat(file, &about) == 0 && access(file, R_OK) == 0;
    if (!readable || !S_ISREG(about.st_mode)) {
        errno = readable ? EISDIR : errno; /* or a device, as little a zip file */
        snprintf(cli->rest.problem, sizeof(cli->rest.problem), "cannot read %s: %m", file);
        return cli_failed(cli);
    }
    name_after(cli->body, file);
    json_t *firmware = cli_request(cli);
    if (firmware == NULL)
        return CLI_FAILED;
    snprintf(whole, sizeof(whole), "/firmwares/%lld",
             (long long)json_integer_value(json_object_get(firmware, "id")));
    snprintf(content, sizeof(content), "%s/content", whole);
    json_decref(firmware);
    struct rest_call call = {
        .method = "PUT", .path = content, .file = file, .shows_progress = !cli->show.json};
    firmware = rest_call(&cli->rest, &call);
    if (firmware == NULL) {
        struct rest rest = cli->rest; /* what is wrong is told, not how removing it went */
        struct rest_call remove = {.method = "DELETE", .path = whole};
        json_decref(rest_call(&rest, &remove));
        return cli_failed(cli);
    }
    json_t *shown =
        json_is_null(firmware) ? cli_call(cli, "GET", whole, NULL) : json_incref(firmware);
    cli_show(cli, shown);
    json_decref(shown);
    json_decref(firmware);
    return cli_finish();
}

static json_int_t count_of(const json_t *task, const char *which)
{
    return json_integer_value(json_object_get(json_object_get(task, "counts"), which));
}

enum cli_exit cli_start_task(struct cli *cli)
{
    json_int_t seconds = local_number(cli, "wait");
    time_t end = time(NULL) + (time_t)seconds;
    char shown[160] = "", line[160], path[128];
    json_t *task = cli_request(cli);
    snprintf(path, sizeof(path), "%.*s", (int)(strlen(cli->path) - strlen("/start")), cli->path);
    while (task != NULL && seconds > 0) {
        snprintf(line, sizeof(line), "%s: %lld waiting, %lld running, %lld succeeded, %lld failed",
                 state_of(task), (long long)count_of(task, "waiting"),
                 (long long)count_of(task, "running"), (long long)count_of(task, "succeeded"),
                 (long long)count_of(task, "failed"));
        if (strcmp(line, shown) != 0)
            fprintf(stderr, "%s\n", line);
        memcpy(shown, line, sizeof(shown));
        if (strcmp(state_of(task), "running") != 0 || time(NULL) >= end)
            break;
        sleep(1);
        json_decref(task);
        task = cli_call(cli, "GET", path, NULL);
    }
    if (task == NULL)
        return CLI_FAILED;
    cli_show(cli, task);
    enum cli_exit status = cli_finish();
    if (seconds > 0 && (strcmp(state_of(task), "done") != 0 || count_of(task, "failed") > 0)) {
        fail(cli, strcmp(state_of(task), "running") == 0 ? "the task has not ended yet"
                                                         : "not all devices have succeeded");
        status = CLI_FAILED;
    }
    json_decref(task);
    return status;
}

/* Tokens ----------------------------------------------------------------------------------------
 */

/* The token alone on standard output, so that a script can keep it. */
enum cli_exit cli_create_token(struct cli *cli)
{
    json_t *answer = cli_request(cli);
    const char *token = json_string_value(json_object_get(answer, "token"));
    if (answer == NULL)
        return CLI_FAILED;
    if (cli->show.json || token == NULL)
        show_json(answer, false);
    else
        puts(token);
    json_decref(answer);
    return cli_finish();
}
