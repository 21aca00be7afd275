/*
 * The result codes of the guide's chapter 6, in one table.
 */
#include <assert.h>

#include "module/state.h"

int bc_module_result_code(enum bc_outcome outcome)
{
    static const int16_t codes[] = {
        [BC_OUTCOME_DONE] = 0,
        [BC_OUTCOME_TIMEOUT] = 1,
        [BC_OUTCOME_EXPIRED] = 4,
        [BC_OUTCOME_RESET] = 5,
        [BC_OUTCOME_BAD_REQUEST] = 400,
        [BC_OUTCOME_FORBIDDEN] = 403,
        [BC_OUTCOME_NOT_FOUND] = 404,
        [BC_OUTCOME_PRECONDITION] = 412,
        [BC_OUTCOME_OTHER] = RESULT_OTHER,
    };
    assert((size_t)outcome < sizeof(codes) / sizeof(codes[0]));
    return codes[outcome];
}
