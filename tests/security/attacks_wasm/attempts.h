// Counts what was tried and what got through; `return outcome();` at the end of `main`.
#pragma once
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int tried, escaped;

static void attempt(const char *what, int got_through) {
  tried++;
  if (got_through) {
    escaped++;
    fprintf(stderr, "escaped: %s\n", what);
  }
}

static int can_open(const char *path) {
  int file = open(path, O_RDONLY);
  if (file >= 0) close(file);
  return file >= 0;
}

// Whether a path leads to anything but the program's own folder, however that is spelled.
static int is_foreign(const char *path) {
  DIR *folder = opendir(path);
  if (!folder) return can_open(path);
  int foreign = 0;
  for (struct dirent *entry; (entry = readdir(folder));) {
    const char *name = entry->d_name;
    foreign |= strcmp(name, ".") && strcmp(name, "..") && strcmp(name, "attempts.h");
  }
  closedir(folder);
  return foreign;
}

static int outcome(void) { return escaped ? 66 : tried ? 0 : 65; }
