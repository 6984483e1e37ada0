# The house rules of the build: one folder is one static library, one test program per folder.

# Adds the library of the current folder from all .cc files in it except the named programs' mains.
#   sweepd_library(NAME [DEPS target…] [EXCLUDE file…])
function(sweepd_library name)
  cmake_parse_arguments(arg "" "" "DEPS;EXCLUDE" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  foreach(file IN LISTS arg_EXCLUDE)
    list(REMOVE_ITEM sources ${CMAKE_CURRENT_SOURCE_DIR}/${file})
  endforeach()
  add_library(${name} STATIC ${sources})
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC ${arg_DEPS})
  target_link_libraries(${name} PRIVATE sweepd_warnings)
endfunction()

# Adds the library of generated code of schemas, without our warnings. Includes name them by their path from the
# root; protobuf_generate cannot do that from a sub-folder.
#   sweepd_schema(NAME file…)
function(sweepd_schema name)
  set(folder ${CMAKE_BINARY_DIR}/proto)
  file(MAKE_DIRECTORY ${folder})
  file(GLOB_RECURSE schemas CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/wire/*.proto)
  foreach(file IN LISTS ARGN)
    file(RELATIVE_PATH path ${PROJECT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR}/${file})
    string(REGEX REPLACE "\\.proto$" ".pb" stem ${path})
    add_custom_command(OUTPUT ${folder}/${stem}.cc ${folder}/${stem}.h
      COMMAND protobuf::protoc --cpp_out=${folder} -I${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/${path}
      DEPENDS ${PROJECT_SOURCE_DIR}/${path} ${schemas} COMMENT "generating ${stem}.cc" VERBATIM)
    list(APPEND sources ${folder}/${stem}.cc)
  endforeach()
  add_library(${name} STATIC ${sources})
  target_include_directories(${name} SYSTEM PUBLIC ${folder})
  target_link_libraries(${name} PUBLIC protobuf::libprotobuf-lite)
endfunction()

# Adds a program that lands in build/bin.
#   sweepd_program(NAME SOURCES file… DEPS target…)
function(sweepd_program name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_DEPS} sweepd_warnings)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
endfunction()

# Adds the doctest program of tests/<folder>: every *_test.cc in it, run as one ctest entry.
#   sweepd_test(FOLDER DEPS target…)
function(sweepd_test folder)
  cmake_parse_arguments(arg "" "" "DEPS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/*_test.cc)
  string(REPLACE "/" "_" name "test_${folder}")
  add_executable(${name} ${CMAKE_CURRENT_SOURCE_DIR}/main.cc ${sources})
  target_link_libraries(${name} PRIVATE ${arg_DEPS} doctest::doctest sweepd_warnings)
  # Not __FILE__, which a compiler cache may make relative.
  target_compile_definitions(${name} PRIVATE SWEEPD_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  add_test(NAME ${folder} COMMAND ${name})
  set_tests_properties(${folder} PROPERTIES TIMEOUT 300)
endfunction()
