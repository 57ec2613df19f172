/*
 * floor MODE PORT DATABASE FOLDER: the least that a runner of migrations has to do, on a raw
 * socket: start-up, the ledger in one query, then one simple query a file, which holds BEGIN, the
 * file, its row and COMMIT. MODE says whether it waits for each (`waiting`) or sends all at once
 * (`pipelined`), and, with `-asynchronous` behind it, that all commits but the last one are not
 * waited for by the server. No lock, no checksums, no reset of the session: a floor, not a tool.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { largest_version = 1 << 20 };

static char applied[largest_version];

struct buffer {
  char *data;
  size_t length, capacity;
};

static void fail(const char *format, ...) {
  va_list values;
  va_start(values, format);
  vfprintf(stderr, format, values);
  va_end(values);
  fputc('\n', stderr);
  exit(1);
}

static char *grow(struct buffer *buffer, size_t more) {
  if (buffer->length + more > buffer->capacity) {
    buffer->capacity = (buffer->length + more) * 2;
    buffer->data = realloc(buffer->data, buffer->capacity);
    if (buffer->data == NULL) fail("no memory");
  }
  char *at = buffer->data + buffer->length;
  buffer->length += more;
  return at;
}

static void add(struct buffer *buffer, const char *text) {
  size_t length = strlen(text);
  memcpy(grow(buffer, length), text, length);
}

static void add_file(struct buffer *buffer, int folder, const char *name) {
  struct stat file;
  int opened = openat(folder, name, O_RDONLY);
  if (opened < 0 || fstat(opened, &file) != 0) fail("%s: %s", name, strerror(errno));
  size_t missing = (size_t)file.st_size;
  char *at = grow(buffer, missing);
  while (missing > 0) {
    ssize_t got = read(opened, at, missing);
    if (got <= 0) fail("%s: cannot be read", name);
    at += got;
    missing -= (size_t)got;
  }
  close(opened);
}

/* The length of a message stands in front of it, and counts itself. */
static size_t begin_message(struct buffer *buffer, char type) {
  *grow(buffer, 1) = type;
  size_t start = buffer->length;
  grow(buffer, 4);
  return start;
}

static void end_message(struct buffer *buffer, size_t start) {
  *grow(buffer, 1) = 0;
  uint32_t length = htonl((uint32_t)(buffer->length - start));
  memcpy(buffer->data + start, &length, 4);
}

static void read_message(char type, const char *body, size_t length) {
  if (type == 'E') {
    for (const char *field = body; field < body + length && *field; field += strlen(field) + 1)
      if (*field == 'M') fail("%s", field + 1);
    fail("an error without a message");
  }
  if (type != 'D') return;
  /* The ledger's rows: a count of columns, the length of the first, and its text. */
  char text[16] = "";
  uint32_t size;
  memcpy(&size, body + 2, 4);
  size = ntohl(size);
  if (size >= sizeof text) fail("a version of %u digits", size);
  memcpy(text, body + 6, size);
  long version = atol(text);
  if (version > 0 && version < largest_version) applied[version] = 1;
}

/* Sends all while it reads what comes, until the server has been ready so many times. */
static void exchange(int server, struct buffer *out, size_t answers) {
  static struct buffer in;
  size_t sent = 0;
  while (answers > 0) {
    struct pollfd wanted = {server, (short)(POLLIN | (sent < out->length ? POLLOUT : 0)), 0};
    if (poll(&wanted, 1, -1) < 0) fail("poll: %s", strerror(errno));
    if (wanted.revents & POLLOUT) {
      ssize_t wrote = send(server, out->data + sent, out->length - sent, MSG_NOSIGNAL);
      if (wrote < 0 && errno != EAGAIN) fail("send: %s", strerror(errno));
      if (wrote > 0) sent += (size_t)wrote;
    }
    if (!(wanted.revents & (POLLIN | POLLHUP | POLLERR))) continue;
    char *at = grow(&in, 65536);
    ssize_t got = recv(server, at, 65536, 0);
    in.length -= 65536;
    if (got == 0) fail("the server has closed the connection");
    if (got < 0 && errno != EAGAIN) fail("recv: %s", strerror(errno));
    if (got > 0) in.length += (size_t)got;
    size_t done = 0;
    while (in.length - done >= 5) {
      uint32_t length;
      memcpy(&length, in.data + done + 1, 4);
      length = ntohl(length);
      if (in.length - done < length + 1) break;
      read_message(in.data[done], in.data + done + 5, length - 4);
      if (in.data[done] == 'Z') answers--;
      done += length + 1;
    }
    memmove(in.data, in.data + done, in.length - done);
    in.length -= done;
  }
  out->length = 0;
}

static int is_sql(const struct dirent *entry) {
  size_t length = strlen(entry->d_name);
  return length > 4 && strcmp(entry->d_name + length - 4, ".sql") == 0;
}

static int connect_to(const char *port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int server = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(server, (struct sockaddr *)&address, sizeof address) != 0)
    fail("connect: %s", strerror(errno));
  int yes = 1;
  setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  fcntl(server, F_SETFL, O_NONBLOCK);
  return server;
}

static void start_up(int server, struct buffer *out, const char *database) {
  static const char head[] = "\0\0\0\0\0\3\0\0user\0postgres\0database";
  memcpy(grow(out, sizeof head), head, sizeof head);
  add(out, database);
  *grow(out, 1) = 0;
  end_message(out, 0);
  exchange(server, out, 1);
}

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "--version") == 0) return puts("floor") == EOF;
  if (argc != 5) fail("floor MODE PORT DATABASE FOLDER");
  int pipelined = strncmp(argv[1], "pipelined", 9) == 0;
  int asynchronous = strstr(argv[1], "-asynchronous") != NULL;
  int folder = open(argv[4], O_RDONLY | O_DIRECTORY);
  struct dirent **files;
  int count = scandir(argv[4], &files, is_sql, alphasort);
  if (folder < 0 || count < 0) fail("%s: %s", argv[4], strerror(errno));

  struct buffer out = {0};
  int server = connect_to(argv[2]);
  start_up(server, &out, argv[3]);
  size_t ledger = begin_message(&out, 'Q');
  add(&out, "set client_min_messages = warning; create table if not exists ledger "
            "(version bigint primary key, name text not null, applied_at timestamptz not null "
            "default clock_timestamp()); select version from ledger");
  end_message(&out, ledger);
  exchange(server, &out, 1);

  int last = count - 1;
  while (last >= 0 && applied[atol(files[last]->d_name)]) last--;
  size_t waiting = 0;
  for (int index = 0; index <= last; index++) {
    const char *name = files[index]->d_name;
    long version = atol(name);
    if (version <= 0 || version >= largest_version) fail("%s: no version", name);
    if (applied[version]) continue;
    char row[512];
    snprintf(row, sizeof row, "\n; insert into ledger (version, name) values (%ld, '%.200s'); commit",
             version, name);
    size_t flight = begin_message(&out, 'Q');
    add(&out, asynchronous && index < last ? "begin; set local synchronous_commit = off; "
                                           : "begin; ");
    add_file(&out, folder, name);
    add(&out, row);
    end_message(&out, flight);
    waiting++;
    if (pipelined) continue;
    exchange(server, &out, waiting);
    waiting = 0;
  }
  exchange(server, &out, waiting);
  static const char goodbye[] = {'X', 0, 0, 0, 4};
  send(server, goodbye, sizeof goodbye, MSG_NOSIGNAL);
  close(server);
  return 0;
}
