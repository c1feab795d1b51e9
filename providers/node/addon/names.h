/*
 * names: what a function's number stands for.
 *
 * One table for the process, because a file may be instrumented on one thread (a loader's) and run on another. It only
 * grows: code that carries a number may run as long as the process.
 */
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

namespace polyprobe {

/** One instrumented function. Strings are interned (polyprobe_intern): never freed. */
struct FunctionName {
  const char *scope;
  const char *name;
  const char *file;
  uint32_t line;
  uint32_t scope_length, name_length, file_length;
};

/**
 * Takes `count` consecutive numbers.
 * @return the first one, or 0 when there are none left (16 million); number 0 is never used
 */
uint32_t names_reserve(uint32_t count);

/** Says what a number stands for. Strings are copied (interned). Only the thread that reserved it may call this. */
void names_set(uint32_t id, const char *scope, size_t scope_length, const char *name, size_t name_length,
               const char *file, size_t file_length, uint32_t line);

/** Notes that functions of a file have numbers, and asks for it. Any thread. */
void names_file_add(const std::string &file, bool is_mapped);
bool names_file_has(const std::string &file);
/** Whether a file has a source map, by which its functions were elsewhere. Any thread. */
bool names_file_is_mapped(const std::string &file);

/** What a number stands for; NULL for one that was never set. Any thread, no lock. */
const FunctionName *names_get(uint32_t id);

} // namespace polyprobe
