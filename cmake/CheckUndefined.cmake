# SPDX-License-Identifier: GPL-2.0
# cmake -DNM=nm "-DLIBRARIES=a.a;b.a" -P CheckUndefined.cmake: fails if the objects of a freestanding library need anything from
# outside but what the compiler may emit by itself and every environment has (the agent and the kernel bring their own).
set(allowed memcpy memmove memset memcmp _GLOBAL_OFFSET_TABLE_)

execute_process(COMMAND ${NM} --format=posix ${LIBRARIES} OUTPUT_VARIABLE listing RESULT_VARIABLE status)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "${NM} cannot read ${LIBRARIES}")
endif()
string(REPLACE "\n" ";" lines "${listing}")

set(defined "")
set(wanted "")
foreach(line IN LISTS lines)
  if(line MATCHES "^([^ ]+) [UwvC]( |$)")
    list(APPEND wanted ${CMAKE_MATCH_1})
  elseif(line MATCHES "^([^ ]+) [A-Za-z] ")
    list(APPEND defined ${CMAKE_MATCH_1})
  endif()
endforeach()

list(LENGTH defined count)
if(count LESS 20)
  message(FATAL_ERROR "only ${count} symbols in ${LIBRARIES}: this check reads ${NM}'s output wrongly")
endif()
list(REMOVE_DUPLICATES wanted)
list(REMOVE_ITEM wanted ${defined} ${allowed})
if(wanted)
  list(JOIN wanted "\n  " text)
  message(FATAL_ERROR "undefined in ${LIBRARIES}:\n  ${text}")
endif()
message(STATUS "${LIBRARIES}: ${count} symbols, nothing undefined but what is allowed")
