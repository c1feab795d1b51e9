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
#include <vector>

namespace polyprobe {

/** One instrumented function. Strings are interned (polyprobe_intern): never freed. */
struct FunctionName {
  const char *scope;
  const char *name;
  const char *file;
  uint32_t line;
  uint32_t scope_length, name_length, file_length;
};

/** The functions of one file, as a program that is loaded brings them: interned when one of them is asked for. */
struct FileNames {
  std::string file;
  std::string module; /* scope of functions that have none */
  /* Scope, name, and file if it is another one, of each function in turn, with a NUL between. */
  std::string texts;
  std::vector<uint32_t> lines; /* as many as functions */
};

/**
 * Gives functions consecutive numbers. Any thread.
 * @return the first one, or 0 when there are none left (16 million); number 0 is never used
 */
uint32_t names_add(FileNames names);

/** Notes that functions of a file have numbers, and asks for it. Any thread. */
void names_file_add(const std::string &file, bool is_mapped);
bool names_file_has(const std::string &file);
/** Whether a file has a source map, by which its functions were elsewhere. Any thread. */
bool names_file_is_mapped(const std::string &file);

/** What a number stands for; NULL for one that was never given. Any thread; no lock but the first time. */
const FunctionName *names_get(uint32_t id);

} // namespace polyprobe
