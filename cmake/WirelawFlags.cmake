# Flags that every target of the project shares.
get_property(multi_config GLOBAL PROPERTY GENERATOR_IS_MULTI_CONFIG)
if(NOT CMAKE_BUILD_TYPE AND NOT multi_config)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON) # the archives end up in a Python extension, too
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
# -O2 is the level at which figures are published; CMake's own default for Release is -O3.
string(REPLACE "-O3" "-O2" CMAKE_C_FLAGS_RELEASE "${CMAKE_C_FLAGS_RELEASE}")

add_compile_options(-Wall -Wextra -Wshadow -Wconversion)
if(WIRELAW_WERROR)
  add_compile_options(-Werror)
endif()

if(WIRELAW_SANITIZE)
  set(sanitize -fsanitize=${WIRELAW_SANITIZE} -fno-omit-frame-pointer)
  add_compile_options(${sanitize})
  add_link_options(${sanitize})
  if(WIRELAW_SANITIZE MATCHES "undefined")
    add_compile_options(-fno-sanitize-recover=undefined)
  endif()
  if(WIRELAW_SANITIZE MATCHES "memory")
    add_compile_options(-fsanitize-memory-track-origins)
  endif()
endif()

if(WIRELAW_COVERAGE)
  add_compile_options(--coverage)
  add_link_options(--coverage)
endif()
