/*
 * Functions of loaded libraries: see symbol.h.
 */
#include "symbol.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

/* ISO C casts no object pointer to a function pointer, but its bytes can be copied. */
bool symbol_find(void *library, const char *name, void *function_pointer)
{
    void *symbol = dlsym(library, name);
    memcpy(function_pointer, &symbol, sizeof(symbol));
    return symbol != NULL;
}
