/*
 * The dialogue on standard output: see at_show.h.
 */
#include "at_show.h"
#include "at_wait.h"

static const struct {
    const char *sign, *color, *note;
} marks[] = {
    [AT_MARK_SENT] = {"-->", "\033[36m", ""},
    [AT_MARK_RECEIVED] = {"<--", "\033[32m", ""},
    [AT_MARK_ECHO] = {"<--", "\033[2m", "  (echo)"},
    [AT_MARK_UNCHECKED] = {"<--", "\033[2m", "  (not checked)"},
    [AT_MARK_COMMAND] = {" $ ", "\033[33m", ""},
    [AT_MARK_OUTPUT] = {" | ", "\033[33m", ""},
    [AT_MARK_NOTE] = {"   ", "\033[2m", ""},
};

/* The length of the UTF-8 sequence at `text` (RFC 3629 section 4), or 0. The C1 control
 * characters count as wrong: terminals obey them. */
static size_t utf8_len(const unsigned char *text)
{
    static const struct {
        unsigned char first_min, first_max, second_min, second_max;
        size_t len;
    } forms[] = {
        {0xC2, 0xC2, 0xA0, 0xBF, 2}, {0xC3, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3},
        {0xE1, 0xEC, 0x80, 0xBF, 3}, {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3},
        {0xF0, 0xF0, 0x90, 0xBF, 4}, {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4},
    };

    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        if (text[0] < forms[i].first_min || text[0] > forms[i].first_max)
            continue;
        if (text[1] < forms[i].second_min || text[1] > forms[i].second_max)
            return 0;
        for (size_t j = 2; j < forms[i].len; j++) {
            if (text[j] < 0x80 || text[j] > 0xBF)
                return 0;
        }
        return forms[i].len;
    }
    return 0;
}

void at_put_safe(FILE *out, const char *text)
{
    const unsigned char *c = (const unsigned char *)text;

    while (*c != '\0') {
        size_t len = *c >= 0x20 && *c < 0x7F ? 1 : utf8_len(c);
        if (len > 0) {
            fwrite(c, 1, len, out);
            c += len;
        } else {
            fprintf(out, "\\x%02X", (unsigned)*c++);
        }
    }
}

void at_show(struct at_show *show, enum at_mark mark, const char *text)
{
    uint64_t ms = at_now_ms() - show->start_ms;

    if (show->quiet)
        return;
    printf("%4u.%03u %s%s ", (unsigned)(ms / 1000), (unsigned)(ms % 1000),
           show->color ? marks[mark].color : "", marks[mark].sign);
    at_put_safe(stdout, text);
    printf("%s%s\n", marks[mark].note, show->color ? "\033[0m" : "");
    if (fflush(stdout) != 0)
        show->broken = true;
}
