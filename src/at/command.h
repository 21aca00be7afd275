/*
 * AT commands as table rows (G 1.1, V.250 section 5.4): from a row come parsing, ranges and the
 * `=?` answer; a handler only acts. The table belongs to module/.
 */
#ifndef BC_AT_COMMAND_H
#define BC_AT_COMMAND_H

#include "base/sink.h"
#include "bc260y/limits.h"

enum bc_at_form {
    BC_AT_TEST = 1,       /* AT+X=? : answered from the row */
    BC_AT_READ = 2,       /* AT+X?  */
    BC_AT_SET = 4,        /* AT+X=... */
    BC_AT_EXECUTE = 8,    /* AT+X */
    BC_AT_TEST_LIVE = 16, /* beside BC_AT_TEST: the handler answers it, with what is so just now */
};

enum bc_at_param_type {
    BC_AT_INT,    /* decimal, in min..max */
    BC_AT_LISTED, /* decimal, one of `only` */
    BC_AT_STRING, /* at most max bytes, at least min */
    BC_AT_TYPED,  /* <value_type>,<len>,<value>: this is the value; the two before say how long */
};

/* One parameter. Quotes around it are optional; an empty field counts as left out. */
struct bc_at_param {
    const char *name;
    union {
        struct {
            int32_t min;
            int32_t max;
        };
        const char *only; /* "0,3" */
    };
    uint8_t type;   /* enum bc_at_param_type */
    bool optional;  /* it and all that follow may be left out */
    uint8_t repeat; /* the last one may come this many times; 0 = once */
};

/* What <value_type> says of <len> and <value> (G 2.8). */
enum bc_at_value_type {
    BC_AT_VALUE_STRING = 1,
    BC_AT_VALUE_OPAQUE = 2,
    BC_AT_VALUE_INTEGER = 3,
    BC_AT_VALUE_FLOAT = 4,
    BC_AT_VALUE_BOOLEAN = 5,
};

/* A field as the host gave it; `text` points into the line. The text of a typed opaque value is
 * its bytes, already decoded. */
struct bc_at_arg {
    bool given;
    int32_t number;
    bc_view text;
};

struct bc_at_call;

/* How a command ends. Positive values are +CME ERROR numbers (3GPP TS 27.007 section 9.2), shown
 * as plain ERROR unless AT+CMEE asks. */
#define BC_AT_OK 0
#define BC_AT_NO_RESULT (-1) /* the handler wrote the final result itself */
#define BC_AT_ERROR_STATE 3
#define BC_AT_ERROR_UNKNOWN 4
#define BC_AT_ERROR_PARAMETER 50

typedef int bc_at_handler(struct bc_at_call *call);

/* A command whose first parameter names what the others mean: AT+QLACFG="retransmit",... */
struct bc_at_operation {
    const char *name;
    const struct bc_at_param *param;
    uint8_t params;
    bc_at_handler *handle;
};

struct bc_at_command {
    const char *name; /* "+QLAREG", or a basic command: "E", "&W", "" */
    uint8_t forms;    /* enum bc_at_form, or-ed */
    uint8_t params;
    uint8_t operations;
    union {
        const struct bc_at_param *param;
        const struct bc_at_operation *operation;
    };
    bc_at_handler *handle;
    const char *test; /* the `=?` answer where the row cannot tell it */
};

#define BC_AT_PARAMS(array) .param = (array), .params = sizeof(array) / sizeof((array)[0])
#define BC_AT_OPERATIONS(array) \
    .operation = (array), .operations = sizeof(array) / sizeof((array)[0])

struct bc_at_table {
    const struct bc_at_command *command;
    size_t commands;
};

struct bc_at_call {
    void *context; /* the executor's */
    enum bc_at_form form;
    const struct bc_at_command *command;
    struct bc_at_arg arg[BC_AT_PARAMS_MAX];
    uint8_t args; /* fields present, the left out ones among them counted */
    bc_sink *out;
    bool answered; /* an information line has been written */
};

/* One line of information: CR LF before the first, CR LF behind each. */
void bc_at_info(struct bc_at_call *call, const char *format, ...) BC_FORMAT(2, 3);
/* The same in pieces: write to call->out between the two. */
void bc_at_info_begin(struct bc_at_call *call);
void bc_at_info_end(struct bc_at_call *call);

/* Executes one command line and writes its information lines. The result is BC_AT_OK,
 * BC_AT_NO_RESULT or a +CME ERROR number; after one of these `out` is as it was before. Answers
 * that do not fit are BC_AT_ERROR_PARAMETER. The line's bytes may be overwritten. `tables` are
 * searched in order. */
int bc_at_execute(const struct bc_at_table *const *tables, size_t count, void *context,
                  bc_sink *line, bc_sink *out);

#endif
