# Toolchain file: the library for a Cortex-M4 without an operating system.
#
#     cmake -S . -B build/cortex-m4 -DBC_LIBRARY_ONLY=ON -DCMAKE_BUILD_TYPE=MinSizeRel \
#           -DCMAKE_TOOLCHAIN_FILE=cmake/cortex-m4.cmake
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR cortex-m4)
set(CMAKE_C_COMPILER arm-none-eabi-gcc)
set(BC_DTLS none CACHE STRING "The DTLS backend")
set(BC_DFOTA none CACHE STRING "The DFOTA backend")
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY) # there is nothing to link a program with
set(CMAKE_C_FLAGS_INIT "-mcpu=cortex-m4 -mthumb -ffunction-sections -fdata-sections")
# An assert without its text (cortex-m4/assert.h).
string(APPEND CMAKE_C_FLAGS_INIT " -I${CMAKE_CURRENT_LIST_DIR}/cortex-m4")
# What costs text in spite of -Os, 2.7 % of the client together: invariants moved out of loops must
# be kept in registers, of which there are few; threaded jumps copy blocks; calls save what would
# better be computed again; the others undo what saves.
set(CMAKE_C_FLAGS_MINSIZEREL_INIT "-Os -fno-move-loop-invariants -fno-thread-jumps")
string(APPEND CMAKE_C_FLAGS_MINSIZEREL_INIT " -fno-tree-dominator-opts -fno-caller-saves")
string(APPEND CMAKE_C_FLAGS_MINSIZEREL_INIT " -fno-if-conversion -fno-ssa-phiopt")
string(APPEND CMAKE_C_FLAGS_MINSIZEREL_INIT " -fno-tree-tail-merge -fno-schedule-insns2")
string(APPEND CMAKE_C_FLAGS_MINSIZEREL_INIT " -fno-ira-hoist-pressure")
