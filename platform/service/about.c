/*
 * The resources of the interface itself: who one is, its description, and its stream of events,
 * which platform/http gives.
 */
#include "private.h"

static const char *const role_names[] = {"nobody", "viewer", "operator", "admin", NULL};

static const struct api_field user_fields[] = {
    {.name = "name", .type = API_STRING, .required = true, .about = "Of the token."},
    {.name = "role", .type = API_STRING, .required = true, .words = role_names},
};
static const struct api_shape user_out = API_SHAPE("User", user_fields);

static const struct api_shape document_out = {.name = "Document", .open = true};

static const struct api_field events_fields[] = {
    {.name = "device", .type = API_STRING, .min = 1, .max = 255, .about = "Of this endpoint only."},
    {.name = "type", .type = API_STRING, .min = 1, .max = 255, .about = "Only these, with commas."},
};
static const struct api_shape events_query = API_SHAPE("EventsQuery", events_fields);

static void show_user(struct api_call *call, struct api_answer *answer)
{
    answer->body = json_pack("{s:s,s:s}", "name", call->user, "role", role_names[call->role]);
}

static void show_document(struct api_call *call, struct api_answer *answer)
{
    (void)call;
    answer->body = api_openapi(BC_VERSION);
}

static void refuse_events(struct api_call *call, struct api_answer *answer)
{
    (void)call;
    api_problem(answer, 406, "stream_only", NULL, "events come as a stream only");
}

static const struct api_route routes[] = {
    {"GET", "/whoami", API_VIEWER, .out = &user_out, .handle = show_user,
     .about = "Whose token this is."},
    {"GET", "/openapi.json", API_NOBODY, .out = &document_out, .handle = show_document,
     .about = "This document."},
    {"GET", "/events", API_VIEWER, .query = &events_query, .streams = true, .handle = refuse_events,
     .about = "What happens, as server-sent events; Last-Event-ID goes on after that one."},
};
const struct api_table api_about = API_TABLE(routes);
