// SPDX-License-Identifier: MIT
//
// traffic SOCKET fill KEYS
// traffic SOCKET ask KEYS REQUESTS
//
// A client of memcached on a Unix socket. `fill` sets every key once; `ask` sends requests for keys at random, one of
// ten a set with a value of another size. Each of several connections sends a batch of requests, then all answers are
// read: a round trip in an emulated machine takes long.
#include <err.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    CONNECTIONS = 6, // two for each of the server's threads
    BATCH = 16,      // requests sent at once
    LARGEST = 1024,
};

struct connection {
    int socket;
    size_t lines; // of answers that are still to come
};

static int open_connection(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (strlen(path) >= sizeof address.sun_path)
        errx(2, "%s is too long", path);
    strcpy(address.sun_path, path);
    if (connection < 0 || connect(connection, (struct sockaddr *)&address, sizeof address) != 0)
        err(1, "%s", path);
    return connection;
}

static size_t draw(size_t limit)
{
    static uint64_t x = 88;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return x % limit;
}

static size_t append_set(char *text, size_t key)
{
    size_t size = 16 + draw(LARGEST - 16);
    size_t head = (size_t)sprintf(text, "set key:%zu 0 0 %zu\r\n", key, size);
    memset(text + head, 'x', size);
    memcpy(text + head + size, "\r\n", 2);
    return head + size + 2;
}

// KEY is the first to be set, or the number of all keys to ask for.
static void send_batch(struct connection *connection, bool fill, size_t key)
{
    char text[BATCH * (LARGEST + 64)];
    size_t length = 0;
    for (size_t i = 0; i < BATCH; i++) {
        if (fill || draw(10) == 0) {
            length += append_set(text + length, fill ? key + i : draw(key));
            connection->lines += 1; // STORED
        } else {
            length += (size_t)sprintf(text + length, "get key:%zu\r\n", draw(key));
            connection->lines += 3; // VALUE, the value, END
        }
    }
    if (write(connection->socket, text, length) != (ssize_t)length)
        err(1, "write");
}

static void read_answers(struct connection *connection)
{
    char answers[16384];
    while (connection->lines > 0) {
        ssize_t got = read(connection->socket, answers, sizeof answers);
        if (got <= 0)
            errx(1, "the server does not answer");
        for (ssize_t i = 0; i < got; i++)
            connection->lines -= answers[i] == '\n';
    }
}

int main(int argc, char **argv)
{
    struct connection connections[CONNECTIONS];
    if (argc < 4)
        errx(2, "usage: traffic SOCKET fill KEYS | traffic SOCKET ask KEYS REQUESTS");
    bool fill = !strcmp(argv[2], "fill");
    size_t keys = strtoul(argv[3], NULL, 10), requests = argc > 4 ? strtoul(argv[4], NULL, 10) : keys;
    for (int i = 0; i < CONNECTIONS; i++)
        connections[i] = (struct connection){.socket = open_connection(argv[1])};
    for (size_t sent = 0; sent < requests;) {
        for (int i = 0; i < CONNECTIONS; i++, sent += BATCH)
            send_batch(&connections[i], fill, fill ? sent : keys);
        for (int i = 0; i < CONNECTIONS; i++)
            read_answers(&connections[i]);
    }
    return 0;
}
