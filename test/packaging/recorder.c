/* A program of Windows that writes down how it was called, and fails where CULVERT_FAIL is a part of that. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

int main(void) {
  const char *line = GetCommandLineA();
  const char *fail = getenv("CULVERT_FAIL");
  FILE *record = fopen(getenv("CULVERT_RECORD"), "ab");
  if (!record) return 99;
  fprintf(record, "%s%s\n", line, strstr(line, "node.exe") && getenv("NODE_OPTIONS") ? " NODE_OPTIONS" : "");
  fclose(record);
  return fail && *fail && strstr(line, fail) ? 1 : 0;
}
