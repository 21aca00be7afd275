/*
 * Functions of libraries that are loaded when they are needed.
 */
#ifndef BC_COMMON_SYMBOL_H
#define BC_COMMON_SYMBOL_H

#include <stdbool.h>

/* Finds the function `name` in what dlopen() gave, and stores its address into the function pointer
 * at `function_pointer`. False, and NULL there, when the library has no such function. */
bool symbol_find(void *library, const char *name, void *function_pointer);

#endif
