/*
 * Lua's patterns: see pattern.h. An item of a pattern is a character or class with what repeats it,
 * a bracket, or one of %b, %f, %1; match_here() takes them from left to right and calls itself
 * where there is a choice.
 */
#include "pattern.h"

#include <ctype.h>
#include <string.h>

#define NOWHERE SIZE_MAX

static size_t match_here(struct pattern *p, size_t at, size_t item);

static size_t fail(struct pattern *p, const char *problem)
{
    if (p->problem == NULL)
        p->problem = problem;
    return NOWHERE;
}

static bool step(struct pattern *p)
{
    if (--*p->steps >= 0)
        return true;
    fail(p, "runs too long");
    return false;
}

/* --- Single characters ----------------------------------------------------------------------- */

static bool is_of_class(uint8_t c, uint8_t letter)
{
    bool is;
    switch (tolower(letter)) {
    case 'a':
        is = isalpha(c) != 0;
        break;
    case 'c':
        is = iscntrl(c) != 0;
        break;
    case 'd':
        is = isdigit(c) != 0;
        break;
    case 'g':
        is = isgraph(c) != 0;
        break;
    case 'l':
        is = islower(c) != 0;
        break;
    case 'p':
        is = ispunct(c) != 0;
        break;
    case 's':
        is = isspace(c) != 0;
        break;
    case 'u':
        is = isupper(c) != 0;
        break;
    case 'w':
        is = isalnum(c) != 0;
        break;
    case 'x':
        is = isxdigit(c) != 0;
        break;
    case 'z':
        is = c == 0;
        break;
    default:
        return c == letter;
    }
    return is != (isupper(letter) != 0);
}

/* Behind the set that begins at `item`; NOWHERE when its ']' is missing. */
static size_t set_end(struct pattern *p, size_t item)
{
    size_t at = item + 1;
    if (at < p->text.len && p->text.ptr[at] == '^')
        at++;
    do { /* a ']' that comes first is one of the set */
        if (at < p->text.len && p->text.ptr[at] == '%')
            at++;
        if (at >= p->text.len)
            return fail(p, "malformed pattern (missing ']')");
        at++;
    } while (at >= p->text.len || p->text.ptr[at] != ']');
    return at + 1;
}

static size_t item_end(struct pattern *p, size_t item)
{
    if (p->text.ptr[item] == '[')
        return set_end(p, item);
    if (p->text.ptr[item] != '%')
        return item + 1;
    return item + 1 < p->text.len ? item + 2 : fail(p, "malformed pattern (ends with '%')");
}

/* Whether `c` is in the set from `item` to before `end`. */
static bool is_in_set(struct pattern *p, uint8_t c, size_t item, size_t end)
{
    const uint8_t *text = p->text.ptr;
    size_t last = end - 1; /* the ']' */
    size_t at = item + 1;
    bool negated = text[at] == '^';
    for (at += negated; at < last; at++) {
        if (!step(p))
            return false;
        if (text[at] == '%') {
            if (is_of_class(c, text[++at]))
                return !negated;
        } else if (at + 2 < last && text[at + 1] == '-') {
            if (text[at] <= c && c <= text[at + 2])
                return !negated;
            at += 2;
        } else if (text[at] == c) {
            return !negated;
        }
    }
    return negated;
}

static bool is_single(struct pattern *p, size_t at, size_t item, size_t end)
{
    if (at >= p->subject.len || !step(p))
        return false;
    uint8_t c = p->subject.ptr[at];
    switch (p->text.ptr[item]) {
    case '.':
        return true;
    case '%':
        return is_of_class(c, p->text.ptr[item + 1]);
    case '[':
        return is_in_set(p, c, item, end);
    default:
        return p->text.ptr[item] == c;
    }
}

/* --- What repeats ---------------------------------------------------------------------------- */

static size_t match_most(struct pattern *p, size_t at, size_t item, size_t end)
{
    size_t count = 0;
    while (is_single(p, at + count, item, end))
        count++;
    for (;;) {
        size_t found = match_here(p, at + count, end + 1);
        if (found != NOWHERE || count == 0 || p->problem != NULL)
            return found;
        count--;
    }
}

static size_t match_least(struct pattern *p, size_t at, size_t item, size_t end)
{
    for (;;) {
        size_t found = match_here(p, at, end + 1);
        if (found != NOWHERE || !is_single(p, at, item, end))
            return found;
        at++;
    }
}

/* --- Brackets and the like ------------------------------------------------------------------- */

static size_t open_capture(struct pattern *p, size_t at, size_t item)
{
    bool position = item + 1 < p->text.len && p->text.ptr[item + 1] == ')';
    if (p->captures == PATTERN_CAPTURES_MAX)
        return fail(p, "too many captures");
    p->capture[p->captures++] =
        (struct pattern_capture){.start = at, .open = !position, .position = position};
    size_t found = match_here(p, at, item + (position ? 2 : 1));
    if (found == NOWHERE)
        p->captures--;
    return found;
}

static size_t close_capture(struct pattern *p, size_t at, size_t item)
{
    size_t i = p->captures;
    while (i > 0 && !p->capture[i - 1].open)
        i--;
    if (i == 0)
        return fail(p, "invalid pattern capture");
    struct pattern_capture *capture = &p->capture[i - 1];
    capture->open = false;
    capture->len = at - capture->start;
    size_t found = match_here(p, at, item + 1);
    if (found == NOWHERE)
        capture->open = true;
    return found;
}

/* "%1": what that capture has caught, once more. */
static size_t match_again(struct pattern *p, size_t at, size_t item)
{
    size_t index = (size_t)p->text.ptr[item + 1] - '1'; /* '0' is far out of range */
    if (index >= p->captures || p->capture[index].open)
        return fail(p, "invalid capture index in the pattern");
    const struct pattern_capture *capture = &p->capture[index];
    *p->steps -= (int64_t)(capture->len / 8);
    if (capture->position || p->subject.len - at < capture->len ||
        memcmp(p->subject.ptr + capture->start, p->subject.ptr + at, capture->len) != 0)
        return NOWHERE;
    return match_here(p, at + capture->len, item + 2);
}

/* "%bxy": from an x to the y that balances it. */
static size_t match_balanced(struct pattern *p, size_t at, size_t item)
{
    if (item + 3 >= p->text.len)
        return fail(p, "malformed pattern (missing arguments to '%b')");
    uint8_t opening = p->text.ptr[item + 2];
    uint8_t closing = p->text.ptr[item + 3];
    if (at >= p->subject.len || p->subject.ptr[at] != opening)
        return NOWHERE;
    size_t level = 1;
    while (++at < p->subject.len && step(p)) {
        if (p->subject.ptr[at] == closing && --level == 0)
            return match_here(p, at + 1, item + 4);
        if (p->subject.ptr[at] == opening && opening != closing)
            level++;
    }
    return NOWHERE;
}

/* "%f[set]": between a character that is not in the set and one that is. */
static size_t match_frontier(struct pattern *p, size_t at, size_t item)
{
    size_t set = item + 2;
    if (set >= p->text.len || p->text.ptr[set] != '[')
        return fail(p, "missing '[' after '%f' in the pattern");
    size_t end = set_end(p, set);
    if (end == NOWHERE)
        return NOWHERE;
    uint8_t before = at > 0 ? p->subject.ptr[at - 1] : 0;
    uint8_t here = at < p->subject.len ? p->subject.ptr[at] : 0;
    if (is_in_set(p, before, set, end) || !is_in_set(p, here, set, end))
        return NOWHERE;
    return match_here(p, at, end);
}

/* --- All of it ------------------------------------------------------------------------------- */

/* An item that is no single character; false for one that is. */
static bool match_special(struct pattern *p, size_t at, size_t item, size_t *found)
{
    uint8_t next = item + 1 < p->text.len ? p->text.ptr[item + 1] : 0;
    switch (p->text.ptr[item]) {
    case '(':
        *found = open_capture(p, at, item);
        return true;
    case ')':
        *found = close_capture(p, at, item);
        return true;
    case '$':
        *found = at == p->subject.len ? at : NOWHERE;
        return item + 1 == p->text.len;
    case '%':
        if (next == 'b')
            *found = match_balanced(p, at, item);
        else if (next == 'f')
            *found = match_frontier(p, at, item);
        else if (isdigit(next))
            *found = match_again(p, at, item);
        else
            return false;
        return true;
    default:
        return false;
    }
}

/* One single character and what repeats it. True when the rest is still to be matched. */
static bool match_single(struct pattern *p, size_t *at, size_t *item, size_t *found)
{
    size_t end = item_end(p, *item);
    *found = NOWHERE;
    if (end == NOWHERE)
        return false;
    uint8_t repeats = end < p->text.len ? p->text.ptr[end] : 0;
    switch (repeats) {
    case '+':
        if (is_single(p, *at, *item, end))
            *found = match_most(p, *at + 1, *item, end);
        return false;
    case '*':
        *found = match_most(p, *at, *item, end);
        return false;
    case '-':
        *found = match_least(p, *at, *item, end);
        return false;
    case '?':
        if (is_single(p, *at, *item, end))
            *found = match_here(p, *at + 1, end + 1);
        *item = end + 1;
        return *found == NOWHERE && p->problem == NULL;
    default:
        if (!is_single(p, *at, *item, end))
            return false;
        (*at)++;
        *item = end;
        return true;
    }
}

/* Where the match ends of the pattern from `item` on, with the subject from `at` on. */
static size_t match_here(struct pattern *p, size_t at, size_t item)
{
    size_t found = NOWHERE;
    if (p->depth == PATTERN_DEPTH_MAX)
        return fail(p, "pattern too complex");
    p->depth++;
    bool more = step(p);
    while (more) {
        if (item >= p->text.len) {
            found = at;
            break;
        }
        if (match_special(p, at, item, &found))
            break;
        more = match_single(p, &at, &item, &found);
    }
    p->depth--;
    return p->problem == NULL ? found : NOWHERE;
}

bool pattern_match(struct pattern *p, size_t start, size_t *end)
{
    p->depth = 0;
    p->captures = 0;
    *end = match_here(p, start, 0);
    if (*end == NOWHERE)
        return false;
    for (size_t i = 0; i < p->captures; i++)
        if (p->capture[i].open)
            fail(p, "unfinished capture");
    return p->problem == NULL;
}
