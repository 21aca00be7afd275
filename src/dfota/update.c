/*
 * Object 5's states, results and causes: see update.h.
 */
#include "dfota/update.h"

#include <assert.h>
#include <string.h>

struct bc_update_end bc_update_end_of(enum bc_update_cause cause)
{
    static const struct bc_update_end ends[] = {
        [BC_CAUSE_CANCELLED] = {BC_FIRMWARE_UNKNOWN, BC_RESULT_INITIAL},
        [BC_CAUSE_URI] = {BC_FIRMWARE_FAILED, BC_RESULT_URI},
        [BC_CAUSE_UNREACHABLE] = {BC_FIRMWARE_FAILED, BC_RESULT_LOST},
        [BC_CAUSE_DEACTIVATED] = {BC_FIRMWARE_DEACTIVATED, BC_RESULT_LOST},
        [BC_CAUSE_NO_NETWORK] = {BC_FIRMWARE_NO_NETWORK, BC_RESULT_LOST},
        [BC_CAUSE_WRITE] = {BC_FIRMWARE_FLASH, BC_RESULT_NO_SPACE},
        [BC_CAUSE_SPACE] = {BC_FIRMWARE_NO_SPACE, BC_RESULT_NO_SPACE},
        [BC_CAUSE_MEMORY] = {BC_FIRMWARE_UNKNOWN, BC_RESULT_NO_SPACE},
        [BC_CAUSE_TYPE] = {BC_FIRMWARE_UNKNOWN, BC_RESULT_TYPE},
        [BC_CAUSE_INTEGRITY] = {BC_FIRMWARE_UNKNOWN, BC_RESULT_INTEGRITY},
        [BC_CAUSE_UNKNOWN] = {BC_FIRMWARE_UNKNOWN, BC_RESULT_FAILED},
    };
    return ends[cause];
}

enum bc_update_cause bc_update_cause_of_fault(enum bc_dfota_fault fault)
{
    switch (fault) {
    case BC_DFOTA_FAULT_MAGIC:
    case BC_DFOTA_FAULT_VERSION:
        return BC_CAUSE_TYPE;
    case BC_DFOTA_FAULT_READ:
        return BC_CAUSE_WRITE;
    case BC_DFOTA_FAULT_MEMORY:
        return BC_CAUSE_MEMORY;
    default:
        return BC_CAUSE_INTEGRITY;
    }
}

enum bc_update_cause bc_update_cause_of_code(enum bc_firmware_code code)
{
    switch (code) {
    case BC_FIRMWARE_FAILED:
        return BC_CAUSE_UNREACHABLE;
    case BC_FIRMWARE_DEACTIVATED:
        return BC_CAUSE_DEACTIVATED;
    case BC_FIRMWARE_NO_NETWORK:
        return BC_CAUSE_NO_NETWORK;
    case BC_FIRMWARE_FLASH:
        return BC_CAUSE_WRITE;
    case BC_FIRMWARE_NO_SPACE:
        return BC_CAUSE_SPACE;
    default:
        return BC_CAUSE_UNKNOWN;
    }
}

/* A second URI is refused while the first is under way; an empty one takes the first back. */
bool bc_update_takes_uri(const struct bc_update *update, bc_view uri)
{
    return uri.len == 0 ? update->state != BC_UPDATE_UPDATING : update->state == BC_UPDATE_IDLE;
}

bool bc_update_executes(const struct bc_update *update)
{
    return update->state == BC_UPDATE_DOWNLOADED;
}

void bc_update_go(struct bc_update *update, enum bc_update_state state,
                  enum bc_update_result result)
{
    assert(state == BC_UPDATE_IDLE || state == update->state + 1U);
    update->state = (uint8_t)state;
    update->result = (uint8_t)result;
}

bool bc_update_header_fits(bc_view header, const struct bc_update_room *room, uint32_t announced,
                           enum bc_update_cause *why)
{
    struct bc_package package;
    enum bc_err err = bc_package_read(header, &package);
    *why = err == BC_ERR_FORMAT && bc_package_begins(header) ? BC_CAUSE_INTEGRITY : BC_CAUSE_TYPE;
    if (err != BC_OK || strcmp(package.source_revision, room->revision) != 0)
        return false;
    *why = BC_CAUSE_SPACE;
    if (bc_package_bytes(&package) > room->package_bytes_max ||
        package.target_bytes > room->slot_bytes_max)
        return false;
    *why = BC_CAUSE_INTEGRITY;
    return announced == 0 || announced == bc_package_bytes(&package);
}
