/*
 * <assert.h> for a target with nobody to read a message: a broken invariant stops the program all
 * the same, but by the undefined instruction that ends in the fault handler. The program counter
 * that it finds there says where (`arm-none-eabi-addr2line`). newlib's would cost the text of each
 * condition, file and function, and its stdio.
 */
#ifndef BC_CORTEX_M4_ASSERT_H
#define BC_CORTEX_M4_ASSERT_H

#define static_assert _Static_assert
#define assert(condition) ((condition) ? (void)0 : __builtin_trap())

#endif
