"""The programs of checks in C, for a virtual machine with WASI: no processes, no signals, no devices."""

from ._check import Language

C = Language(
    name="c",
    own_memory_mib=32,
    own_descriptors=16,
    snippets={
        "streams": '#include <stdio.h>\nint main(void) { puts("out"); fputs("err\\n", stderr); }',
        "silent": "int main(void) { return 0; }",
        "exit": "#include <stdlib.h>\nint main(int count, char **texts) { exit(atoi(texts[1])); }",
        "echo": (
            "#include <unistd.h>\n"
            "static char buffer[65536];\n"
            "int main(void) {\n"
            "  ssize_t size;\n"
            "  while ((size = read(0, buffer, sizeof buffer)) > 0)\n"
            "    for (ssize_t done = 0; done < size;) done += write(1, buffer + done, size - done);\n"
            "}"
        ),
        "arguments": (
            "#include <stdio.h>\n#include <string.h>\n"
            "int main(int count, char **texts) {\n"
            "  for (int index = 1; index < count; index++)\n"
            "    fwrite(texts[index], 1, strlen(texts[index]) + 1, stdout);\n"
            "}"
        ),
        "variables": (
            "#include <stdio.h>\n#include <string.h>\nextern char **environ;\n"
            "int main(void) {\n"
            "  for (char **pair = environ; *pair; pair++) fwrite(*pair, 1, strlen(*pair) + 1, stdout);\n"
            "}"
        ),
        "read": (
            "#include <stdio.h>\n"
            "int main(int count, char **texts) {\n"
            '  FILE *file = fopen(texts[1], "rb");\n'
            "  if (!file) return 1;\n"
            "  for (int byte; (byte = getc(file)) != EOF;) putchar(byte);\n"
            "}"
        ),
        "overwrite": (
            "#include <stdio.h>\n"
            "int main(int count, char **texts) {\n"
            '  puts(fopen(texts[1], "wb") ? "written" : "refused");\n'
            "}"
        ),
        "tree": (
            "#include <stdio.h>\n#include <sys/stat.h>\n"
            "int main(void) {\n"
            '  mkdir("sub", 0700);\n  mkdir("sub/deep", 0700);\n'
            '  FILE *bytes = fopen("sub/deep/bytes.bin", "wb");\n'
            "  for (int byte = 0; byte < 256; byte++) putc(byte, bytes);\n"
            "  fclose(bytes);\n"
            '  fputs("top", fopen("top.txt", "w"));\n'
            '  fclose(fopen("empty", "w"));\n'
            "}"
        ),
        "odd-names": (
            "#include <stdio.h>\n"
            'const char *names[] = {"-rf", "$(id)", "a b", "é", "n\\nl"};\n'
            'int main(void) { for (int index = 0; index < 5; index++) fputs("x", fopen(names[index], "w")); }'
        ),
        "sparse": (
            "#include <fcntl.h>\n#include <stdlib.h>\n#include <unistd.h>\n"
            "int main(int count, char **texts) {\n"
            '  return ftruncate(open("sparse", O_CREAT | O_WRONLY, 0600), atoll(texts[1]));\n'
            "}"
        ),
        "write": (
            "#include <stdio.h>\n#include <stdlib.h>\n"
            "int main(int count, char **texts) {\n"
            "  char name[32];\n"
            "  for (int number = 0; number < atoi(texts[1]); number++) {\n"
            '    sprintf(name, "file-%d", number);\n'
            '    FILE *file = fopen(name, "wb");\n'
            "    if (!file) return 1;\n"
            "    for (long left = atol(texts[2]); left > 0; left--)\n"
            "      if (putc('x', file) == EOF) return 1;\n"
            "    if (fclose(file)) return 1;\n"
            "  }\n"
            "}"
        ),
        "sleep": (
            "#include <stdio.h>\n#include <stdlib.h>\n#include <unistd.h>\n"
            'int main(int count, char **texts) { usleep(1e6 * atof(texts[1])); puts("awake"); }'
        ),
        "burn": (
            "#include <stdio.h>\n#include <stdlib.h>\n#include <time.h>\n"
            "int main(int count, char **texts) {\n"
            "  while (clock() < CLOCKS_PER_SEC * atof(texts[1]));\n"
            '  puts("burnt");\n'
            "}"
        ),
        "allocate": (
            "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n"
            "int main(int count, char **texts) {\n"
            "  size_t size = (size_t)atol(texts[1]) << 20;\n"
            "  volatile char *memory = malloc(size);\n"
            "  if (!memory) abort();\n"
            "  for (size_t index = 0; index < size; index += 512) memory[index] = 'x';\n"
            '  puts("allocated");\n'
            "}"
        ),
        "open": (
            "#include <fcntl.h>\n#include <stdio.h>\n#include <stdlib.h>\n"
            "int main(int count, char **texts) {\n"
            "  for (int number = 0; number < atoi(texts[1]); number++)\n"
            '    if (open("file", O_CREAT | O_WRONLY, 0600) < 0) return 1;\n'
            '  puts("opened");\n'
            "}"
        ),
        "print": (
            "#include <stdio.h>\n#include <stdlib.h>\n"
            "int main(int count, char **texts) { for (long left = atol(texts[1]); left--;) putchar('x'); }"
        ),
        "flood": '#include <stdio.h>\nint main(void) { for (;;) puts("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"); }',
        "lines": (
            "#include <stdio.h>\n"
            'int main(void) { for (int n = 0; n < 100; n++) { printf("%d\\n", n); fflush(stdout); } }'
        ),
        "wait": (
            "#include <stdio.h>\n#include <unistd.h>\n"
            'int main(void) { puts("ready"); fflush(stdout); sleep(60); }'
        ),
        "residue": (
            "#include <stdio.h>\n#include <unistd.h>\n"
            "int main(int count, char **texts) {\n"
            '  puts(access(texts[1], F_OK) ? "clean" : "residue");\n'
            '  fopen(texts[1], "w");\n'
            "}"
        ),
        "syntax-error": "#include <stdio.h>\nint main(void) { return 1 + ; }\n",
    },
)
